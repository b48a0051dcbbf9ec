//! Puts a simulator on a loopback port, with its faults in front and a journal of what was asked of it.

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, Limited, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::{Fault, Faults, Simulator, messages};

const LARGEST_REQUEST_BYTES: usize = 16 << 20;
const STREAM_CHUNK_BYTES: usize = 64 << 10;

/// One request as it reached the simulator, nothing decoded.
#[derive(Clone, Debug)]
pub struct Call {
    pub method: String,
    /// As sent: percent-encoding and all.
    pub path: String,
    /// As sent, without the question mark; empty if there was none.
    pub query: String,
    /// Names in lower case, in order of arrival.
    pub headers: Vec<(String, String)>,
    pub body: Bytes,
}

impl Call {
    /// The first header of that (lower-case) name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// The raw (still percent-encoded) segments of the path: `/a/b%2Fc` gives `a`, `b%2Fc`.
    pub fn segments(&self) -> Vec<&str> {
        self.path.trim_start_matches('/').split('/').collect()
    }
}

/// What the simulator answers.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: ReplyBody,
}

/// The body of a reply.
#[derive(Clone, Debug)]
pub enum ReplyBody {
    Bytes(Bytes),
    /// So many bytes of filler, made as they are sent.
    Filler(u64),
}

impl Reply {
    /// An answer without a body.
    pub fn empty(status: u16) -> Self {
        Self::bytes(status, None, Bytes::new())
    }

    /// An answer with a JSON body.
    pub fn json(status: u16, body: &serde_json::Value) -> Self {
        Self::bytes(status, Some("application/json"), Bytes::from(body.to_string()))
    }

    /// An answer in plain text.
    pub fn text(status: u16, body: &str) -> Self {
        Self::bytes(status, Some("text/plain; charset=utf-8"), Bytes::copy_from_slice(body.as_bytes()))
    }

    /// An answer with these bytes and this content type.
    pub fn bytes(status: u16, content_type: Option<&str>, body: Bytes) -> Self {
        let headers = content_type.map(|t| ("content-type".to_owned(), t.to_owned())).into_iter().collect();
        Self { status, headers, body: ReplyBody::Bytes(body) }
    }

    /// The same answer, its body cut in the middle; of an empty one, a brace.
    #[must_use]
    pub fn garbled(mut self) -> Self {
        self.body = ReplyBody::Bytes(match self.body {
            ReplyBody::Bytes(bytes) if bytes.len() > 1 => bytes.slice(..bytes.len() / 2),
            _ => Bytes::from_static(b"{"),
        });
        self
    }

    /// The same answer with one more header.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }
}

/// A call the server saw, and what became of it.
#[derive(Clone, Debug)]
pub struct Recorded {
    pub call: Call,
    /// What the simulator answered; `None` if it did not act. A planted fault may have kept it from the client.
    pub reply: Option<Reply>,
}

impl Recorded {
    /// Whether the simulator acted on the call.
    #[must_use]
    pub fn acted(&self) -> bool {
        self.reply.is_some()
    }
}

/// A simulator that is listening. Ends when dropped.
pub struct SimServer {
    pub address: SocketAddr,
    /// Where its broker listens, if it also takes messages.
    pub mqtt_address: Option<SocketAddr>,
    pub simulator: Arc<dyn Simulator>,
    pub faults: Arc<Faults>,
    journal: Arc<Mutex<Vec<Recorded>>>,
    _stop: watch::Sender<()>,
}

impl SimServer {
    /// Listens on a free loopback port; on a second one for messages, if the simulator takes them.
    ///
    /// # Errors
    /// If no port can be bound.
    pub async fn start(simulator: Arc<dyn Simulator>) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let faults = Arc::new(Faults::default());
        let journal = Arc::default();
        let (stop, stopped) = watch::channel(());
        let site = Arc::new(Site {
            simulator: Arc::clone(&simulator),
            faults: Arc::clone(&faults),
            journal: Arc::clone(&journal),
        });
        let mut mqtt_address = None;
        if simulator.messages().is_some() {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
            mqtt_address = Some(listener.local_addr()?);
            tokio::spawn(messages::accept(listener, Arc::clone(&site), stopped.clone()));
        }
        tokio::spawn(accept(listener, site, stopped));
        Ok(Self { address, mqtt_address, simulator, faults, journal, _stop: stop })
    }

    /// `http://127.0.0.1:port`, without a slash at the end.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The `context` of the account that can connect here: the simulator's own, and where it listens.
    pub fn context(&self) -> serde_json::Map<String, serde_json::Value> {
        let context = self.account_context(&self.simulator.demo().context);
        context.as_object().cloned().unwrap_or_default()
    }

    /// `mqtt://127.0.0.1:port`, if the simulator takes messages.
    pub fn mqtt_url(&self) -> Option<String> {
        self.mqtt_address.map(|address| format!("mqtt://{address}"))
    }

    /// The context with the `base_url` that fits it: the broker's where its `transport` is `mqtt`, else that of HTTP.
    pub fn account_context(&self, context: &serde_json::Value) -> serde_json::Value {
        let broker = self.mqtt_url().filter(|_| context["transport"] == "mqtt");
        let mut context = context.clone();
        context["base_url"] = broker.unwrap_or_else(|| self.base_url()).into();
        context
    }

    /// All that was asked so far, in order of arrival.
    pub fn journal(&self) -> Vec<Recorded> {
        self.journal.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Forgets what was asked so far.
    pub fn clear_journal(&self) {
        self.journal.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

pub(super) struct Site {
    pub(super) simulator: Arc<dyn Simulator>,
    pub(super) faults: Arc<Faults>,
    journal: Arc<Mutex<Vec<Recorded>>>,
}

impl Site {
    pub(super) fn act(&self, call: &Call) -> Reply {
        let place = self.note(call);
        let reply = self.simulator.handle(call);
        // The journal may have been cleared meanwhile.
        if let Some(recorded) = self.lock().get_mut(place) {
            recorded.reply = Some(reply.clone());
        }
        reply
    }

    /// Writes the call down, and gives its place in the journal.
    pub(super) fn note(&self, call: &Call) -> usize {
        let mut journal = self.lock();
        journal.push(Recorded { call: call.clone(), reply: None });
        journal.len() - 1
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Recorded>> {
        self.journal.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn accept(listener: TcpListener, site: Arc<Site>, mut stopped: watch::Receiver<()>) {
    loop {
        let stream = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stopped.changed() => return,
        };
        let Ok((stream, _)) = stream else { continue };
        let _ = stream.set_nodelay(true);
        let (site, mut stopped) = (Arc::clone(&site), stopped.clone());
        tokio::spawn(async move {
            let service = service_fn(move |request| answer(Arc::clone(&site), request));
            let mut http = hyper::server::conn::http1::Builder::new();
            http.max_buf_size(4 << 20);
            let mut connection = pin!(http.serve_connection(TokioIo::new(stream), service));
            tokio::select! {
                // A dropped or half-sent answer ends the connection with an error: that is the fault's purpose.
                _ = connection.as_mut() => {}
                _ = stopped.changed() => {}
            }
        });
    }
}

type SimBody = UnsyncBoxBody<Bytes, io::Error>;

async fn answer(site: Arc<Site>, request: Request<Incoming>) -> io::Result<Response<SimBody>> {
    let call = read(request).await?;
    let dropped = || io::Error::new(io::ErrorKind::ConnectionReset, "dropped by a planted fault");
    match site.faults.strike(&call) {
        None => send(site.act(&call), Cut::Whole),
        Some(Fault::Answer(reply)) => {
            site.note(&call);
            send(reply, Cut::Whole)
        }
        Some(Fault::HalfAnswer(reply)) => {
            site.note(&call);
            send(reply, Cut::Half)
        }
        Some(Fault::EchoCredentials) => {
            site.note(&call);
            let echo = format!("cannot read {}", call.header("authorization").unwrap_or_default());
            send(Reply::json(400, &serde_json::json!({"message": echo})), Cut::Whole)
        }
        Some(Fault::ActThenAnswer(reply)) => {
            site.act(&call);
            send(reply, Cut::Whole)
        }
        Some(Fault::DropBefore) => {
            site.note(&call);
            Err(dropped())
        }
        Some(Fault::DropAfter) => {
            site.act(&call);
            Err(dropped())
        }
        Some(Fault::HangBefore(silence)) => {
            site.note(&call);
            tokio::time::sleep(silence).await;
            Err(dropped())
        }
        Some(Fault::HangAfter(silence)) => {
            site.act(&call);
            tokio::time::sleep(silence).await;
            Err(dropped())
        }
        Some(Fault::HalfBody) => send(site.act(&call), Cut::Half),
        Some(Fault::HalfChunks) => send(site.act(&call), Cut::HalfChunks),
        Some(Fault::Trickle(over)) => send(site.act(&call), Cut::Pieces(over)),
        Some(Fault::Garbled) => send(site.act(&call).garbled(), Cut::Whole),
        Some(Fault::OtherType(content_type)) => {
            let mut reply = site.act(&call);
            reply.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("content-type"));
            send(reply.with_header("content-type", content_type), Cut::Whole)
        }
        Some(Fault::Twice | Fault::LastAgain) => send(site.act(&call), Cut::Whole),
        Some(Fault::ActLater(delay)) => {
            tokio::spawn(act_later(site, call, delay));
            Err(dropped())
        }
        Some(Fault::ManyHeaders(count)) => {
            let mut reply = site.act(&call);
            for n in 0..count {
                reply = reply.with_header(&format!("x-filler-{n}"), "x");
            }
            send(reply, Cut::Whole)
        }
        Some(Fault::Slow(delay)) => {
            let reply = site.act(&call);
            tokio::time::sleep(delay).await;
            send(reply, Cut::Whole)
        }
    }
}

/// Lets the provider act on a call whose connection is gone.
pub(super) async fn act_later(site: Arc<Site>, call: Call, delay: Duration) {
    tokio::time::sleep(delay).await;
    site.act(&call);
}

async fn read(request: Request<Incoming>) -> io::Result<Call> {
    let (head, body) = request.into_parts();
    let body = Limited::new(body, LARGEST_REQUEST_BYTES).collect().await.map_err(io::Error::other)?.to_bytes();
    let headers = head.headers.iter().map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        (name.as_str().to_owned(), value)
    });
    Ok(Call {
        method: head.method.as_str().to_owned(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        headers: headers.collect(),
        body,
    })
}

#[derive(Clone, Copy, PartialEq)]
enum Cut {
    Whole,
    Half,
    /// As `Half`, without a word on the length.
    HalfChunks,
    /// Whole, in pieces, over so long.
    Pieces(Duration),
}

/// A body that trickles comes in so many pieces.
const PIECES: u32 = 8;

fn send(reply: Reply, cut: Cut) -> io::Result<Response<SimBody>> {
    let mut response = Response::builder().status(reply.status);
    for (name, value) in &reply.headers {
        response = response.header(name, value);
    }
    let body = match reply.body {
        ReplyBody::Bytes(bytes) if matches!(cut, Cut::Half | Cut::HalfChunks) => {
            if cut == Cut::Half {
                response = response.header("content-length", bytes.len().max(2));
            }
            let half = bytes.slice(..bytes.len() / 2);
            let broken = io::Error::new(io::ErrorKind::ConnectionReset, "half a body");
            let frames = stream::unfold(Some((half, Some(broken))), |state| async {
                match state? {
                    (half, Some(broken)) if !half.is_empty() => {
                        Some((Ok(Frame::data(half)), Some((Bytes::new(), Some(broken)))))
                    }
                    (_, Some(broken)) => {
                        // Lets the first half leave before the connection breaks.
                        tokio::time::sleep(Duration::from_millis(20)).await;
                        Some((Err(broken), None))
                    }
                    (_, None) => None,
                }
            });
            StreamBody::new(frames).boxed_unsync()
        }
        ReplyBody::Bytes(bytes) if let Cut::Pieces(over) = cut => {
            let size = bytes.len() / PIECES as usize + 1;
            let frames = stream::unfold(bytes, move |mut rest| async move {
                let piece = rest.split_to(rest.len().min(size));
                tokio::time::sleep(over / PIECES).await;
                (!piece.is_empty()).then(|| (Ok(Frame::data(piece)), rest))
            });
            StreamBody::new(frames).boxed_unsync()
        }
        ReplyBody::Bytes(bytes) => Full::new(bytes).map_err(|never: Infallible| match never {}).boxed_unsync(),
        ReplyBody::Filler(length) => {
            response = response.header("content-length", length);
            filler(length)
        }
    };
    response.body(body).map_err(io::Error::other)
}

fn filler(length: u64) -> SimBody {
    let chunk = Bytes::from(vec![b'x'; STREAM_CHUNK_BYTES]);
    let frames = stream::unfold(length, move |left| {
        let size = left.min(STREAM_CHUNK_BYTES as u64);
        let chunk = chunk.slice(..size as usize);
        async move { (left > 0).then(|| (Ok(Frame::data(chunk)), left - size)) }
    });
    StreamBody::new(frames).boxed_unsync()
}
