//! One request and its answer. The provider's state is taken before and after; `truth` then has its say.

use std::collections::BTreeSet;

use offramp::sandbox::{Recorded, Simulator};
use reqwest::header::HeaderMap;
use serde_json::Value;

use super::{ADMIN_TOKEN, Site, truth};

/// A request in the making, and the memberships it names.
pub(super) struct Ask<'s, S> {
    site: &'s Site<S>,
    method: &'static str,
    path: String,
    query: String,
    token: Option<String>,
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
    named: Named,
}

/// What a request may take away.
#[derive(Clone, Debug, Default)]
pub(super) struct Named {
    /// One fact for each item, in the request's order.
    pub(super) targets: Vec<String>,
    /// What goes with them by nature.
    pub(super) also: Vec<String>,
    /// The provider says yes and does nothing, and the test keeps the gateway from looking.
    pub(super) blindfolded: bool,
}

impl<'s, S: Simulator> Ask<'s, S> {
    pub(super) fn new(site: &'s Site<S>, method: &'static str, path: &str) -> Self {
        Self {
            site,
            method,
            path: path.to_owned(),
            query: String::new(),
            token: Some(ADMIN_TOKEN.to_owned()),
            headers: Vec::new(),
            body: None,
            named: Named::default(),
        }
    }

    /// One more query parameter.
    pub(super) fn query(mut self, name: &str, value: &str) -> Self {
        let pair = form_urlencoded::Serializer::new(String::new()).append_pair(name, value).finish();
        self.separate();
        self.query.push_str(&pair);
        self
    }

    /// Query text as it is to be sent.
    pub(super) fn raw_query(mut self, text: &str) -> Self {
        self.separate();
        self.query.push_str(text);
        self
    }

    fn separate(&mut self) {
        if !self.query.is_empty() {
            self.query.push('&');
        }
    }

    pub(super) fn format(self, format: &str) -> Self {
        self.query("truto_response_format", format)
    }

    pub(super) fn json(self, body: &Value) -> Self {
        self.body(body.to_string().as_bytes()).header("content-type", "application/json")
    }

    pub(super) fn body(mut self, body: &[u8]) -> Self {
        self.body = Some(body.to_vec());
        self
    }

    pub(super) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Another token than the administrator's, or none.
    pub(super) fn token(mut self, token: Option<&str>) -> Self {
        self.token = token.map(str::to_owned);
        self
    }

    /// The membership that the next item names.
    pub(super) fn target(mut self, fact: &str) -> Self {
        self.named.targets.push(fact.to_owned());
        self
    }

    /// What is lost by nature together with the targets.
    pub(super) fn also(mut self, fact: &str) -> Self {
        self.named.also.push(fact.to_owned());
        self
    }

    /// The provider lies, and the request asks not to look.
    pub(super) fn blindfolded(mut self) -> Self {
        self.named.blindfolded = true;
        self
    }

    /// Sends it, and checks what every answer must keep to.
    pub(super) async fn send(self) -> Answer {
        let (site, named) = (self.site, self.named.clone());
        let before = site.simulator.memberships();
        let mark = site.server.journal().len();
        let mut answer = self.send_unchecked().await;
        let after = site.simulator.memberships();
        answer.calls = site.server.journal().split_off(mark);
        answer.lost = before.difference(&after).cloned().collect();
        let mut secrets = site.secrets.lock().unwrap();
        secrets.extend(answer.calls.iter().flat_map(truth::credentials));
        truth::check(&answer, &named, &before, &after, &secrets);
        answer
    }

    /// Sends it, and leaves the state of the provider to the caller.
    pub(super) async fn send_unchecked(self) -> Answer {
        let mut url = format!("http://{}{}", self.site.gateway, self.path);
        if !self.query.is_empty() {
            url = format!("{url}?{}", self.query);
        }
        let mut request = self.site.http.request(self.method.parse().unwrap(), url);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if let Some(body) = self.body {
            request = request.body(body);
        }
        let mut response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let mut body = Vec::new();
        let whole = loop {
            match response.chunk().await {
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => break true,
                Err(_) => break false,
            }
        };
        Answer { status, headers, body, whole, calls: Vec::new(), lost: BTreeSet::new() }
    }
}

/// An answer, and what happened at the provider meanwhile.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
    /// False if the connection ended before the body did.
    pub(super) whole: bool,
    /// What the gateway asked the provider.
    pub(super) calls: Vec<Recorded>,
    /// What the provider's state lost.
    pub(super) lost: BTreeSet<String>,
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// The `unassignment` part, wherever the format has it; null if there is none.
    pub(super) fn unassignment(&self) -> Value {
        let body: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        let places = ["/unassignment", "/result/unassignment", "/result/result/unassignment"];
        places.iter().find_map(|place| body.pointer(place)).cloned().unwrap_or_default()
    }

    pub(super) fn item(&self, index: usize) -> Value {
        self.unassignment()["items"][index].clone()
    }

    /// `removed yes`: outcome and proof as the headers have them.
    pub(super) fn verdict(&self) -> String {
        let header = |name| self.header(name).unwrap_or("-");
        format!("{} {}", header("offramp-outcome"), header("offramp-verified"))
    }

    /// The calls that could take something away, as `METHOD /path`.
    pub(super) fn writes(&self) -> Vec<String> {
        let writes = self.calls.iter().filter(|recorded| truth::is_write(&recorded.call));
        writes.map(|recorded| format!("{} {}", recorded.call.method, recorded.call.path)).collect()
    }

    /// Status, kind and message in one assertion; gives the body.
    #[track_caller]
    pub(super) fn refused_as(&self, status: u16, kind: &str, mention: &str) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        let body = self.json();
        assert_eq!(body["kind"], kind, "{body}");
        let message = body["message"].as_str().unwrap();
        assert!(message.contains(mention), "{message:?} does not mention {mention:?}");
        body
    }

    /// A 400 before anything was sent.
    #[track_caller]
    pub(super) fn bad_input(&self, mention: &str) -> Value {
        let body = self.refused_as(400, "invalid_request", mention);
        assert_eq!(self.writes(), Vec::<String>::new(), "bad input, yet something was written");
        assert!(body.get("unassignment").is_none(), "bad input is no outcome: {body}");
        body
    }
}
