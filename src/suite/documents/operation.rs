//! One operation of a document, and whether a call and its answer are as it says.

use std::collections::BTreeMap;

use super::Finding;
use super::bodies::Bodies;
use super::parameters::{self, Parameter, Segment};
use super::schemas::Schema;
use crate::sandbox::{Call, Reply, ReplyBody};

/// An operation of a document.
#[derive(Debug)]
pub(super) struct Operation {
    /// Method and path as they stand in the document.
    pub(super) name: String,
    pub(super) method: String,
    /// The path below each of the servers' own.
    pub(super) templates: Vec<Vec<Segment>>,
    pub(super) parameters: Vec<Parameter>,
    /// Alternatives, of each of which all is needed; empty where no credentials are.
    pub(super) security: Vec<Vec<Credential>>,
    pub(super) body: Bodies,
    /// By status: `204`, `5XX` or `default`.
    pub(super) answers: BTreeMap<String, Answer>,
}

/// What proves who is calling.
#[derive(Clone, Debug)]
pub(super) enum Credential {
    /// `Authorization` with this scheme.
    Authorization(String),
    /// A header of this name.
    Header(String),
}

/// A documented answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) body: Bodies,
    pub(super) headers: Vec<AnswerHeader>,
}

#[derive(Debug)]
pub(super) struct AnswerHeader {
    pub(super) name: String,
    pub(super) required: bool,
    pub(super) schema: Schema,
}

impl Operation {
    /// The template that a path is of.
    pub(super) fn template(&self, path: &str) -> Option<&[Segment]> {
        let template = self.templates.iter().find(|template| parameters::fits(template, path));
        template.map(Vec::as_slice)
    }

    /// What is wrong with a call whose path is of the template.
    pub(super) fn check_call(&self, template: &[Segment], call: &Call) -> Vec<Finding> {
        let mut findings = parameters::path(&self.parameters, template, &call.path);
        findings.extend(parameters::query(&self.parameters, &call.query));
        findings.extend(parameters::headers(&self.parameters, call));
        findings.extend(self.check_credentials(call));
        findings.extend(self.body.findings("", call.header("content-type"), &call.body));
        findings
    }

    fn check_credentials(&self, call: &Call) -> Option<Finding> {
        let given = |credential: &Credential| credential.is_given(call);
        if self.security.is_empty() || self.security.iter().any(|all| all.iter().all(given)) {
            return None;
        }
        let alternatives = self.security.iter().map(|all| {
            let names = all.iter().map(Credential::to_string);
            names.collect::<Vec<_>>().join(" with ")
        });
        let alternatives = alternatives.collect::<Vec<_>>().join(" or ");
        Some(("credentials".to_owned(), format!("there are none of those documented: {alternatives}")))
    }

    /// What is wrong with an answer.
    pub(super) fn check_reply(&self, reply: &Reply) -> Vec<Finding> {
        let status = reply.status.to_string();
        let class = format!("{}XX", reply.status / 100);
        let answer = [status.as_str(), &class, "default"].into_iter().find_map(|known| self.answers.get(known));
        let Some(answer) = answer else {
            let documented = self.answers.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
            return vec![("reply.status".to_owned(), format!("it is {status}; documented: {documented}"))];
        };
        let header = |name: &str| {
            let found = reply.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value.as_str())
        };
        let mut findings = match &reply.body {
            ReplyBody::Bytes(body) => answer.body.findings("reply.", header("content-type"), body),
            ReplyBody::Filler(_) => vec![("reply.body".to_owned(), "it is filler, which no provider sends".to_owned())],
        };
        for documented in &answer.headers {
            let at = format!("reply.header.{}", documented.name);
            match header(&documented.name) {
                Some(text) => findings.extend(documented.schema.findings(&at, &documented.schema.read(text))),
                None if documented.required => findings.push((at, "it is missing".to_owned())),
                None => {}
            }
        }
        findings
    }
}

impl Credential {
    fn is_given(&self, call: &Call) -> bool {
        match self {
            Self::Authorization(scheme) => {
                let given = call.header("authorization").and_then(|value| value.split_once(' '));
                given.is_some_and(|(s, rest)| s.eq_ignore_ascii_case(scheme) && !rest.trim().is_empty())
            }
            Self::Header(name) => call.header(name).is_some_and(|value| !value.is_empty()),
        }
    }
}

impl std::fmt::Display for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Authorization(scheme) => write!(f, "authorization: {scheme}"),
            Self::Header(name) => write!(f, "{name}"),
        }
    }
}
