//! Parameters of a call's path, query and headers.

use std::borrow::Cow;
use std::collections::BTreeSet;

use percent_encoding::percent_decode_str;

use super::Finding;
use super::schemas::Schema;
use crate::sandbox::Call;

/// Where a parameter stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Path,
    Query,
    Header,
}

/// A documented parameter.
#[derive(Debug)]
pub(super) struct Parameter {
    pub(super) name: String,
    pub(super) place: Place,
    pub(super) required: bool,
    /// A list is given as the parameter again and again; else as one text with commas.
    pub(super) explode: bool,
    pub(super) schema: Schema,
}

/// A piece of a path template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Segment {
    Word(String),
    Parameter(String),
}

/// The parts of a template such as `/users/{id}`.
pub(super) fn template(path: &str) -> Vec<Segment> {
    let segments =
        path.split('/').skip(1).map(|part| match part.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            Some(name) => Segment::Parameter(name.to_owned()),
            None => Segment::Word(part.to_owned()),
        });
    segments.collect()
}

/// Whether a path, still percent-encoded, is of the template: each segment is decoded once, and fits one part.
pub(super) fn fits(template: &[Segment], path: &str) -> bool {
    let Some(path) = path.strip_prefix('/') else { return false };
    let segments: Vec<&str> = path.split('/').collect();
    segments.len() == template.len()
        && template.iter().zip(segments).all(|(part, segment)| match part {
            Segment::Word(word) => decoded(segment).is_some_and(|text| text == *word),
            Segment::Parameter(_) => !segment.is_empty(),
        })
}

fn decoded(segment: &str) -> Option<Cow<'_, str>> {
    percent_decode_str(segment).decode_utf8().ok()
}

/// What is wrong with the parameters in a path that [`fits`] the template.
pub(super) fn path(parameters: &[Parameter], template: &[Segment], path: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (part, segment) in template.iter().zip(path.split('/').skip(1)) {
        let Segment::Parameter(name) = part else { continue };
        let at = format!("path.{name}");
        let Some(text) = decoded(segment) else {
            findings.push((at, "it is not UTF-8".to_owned()));
            continue;
        };
        let known = parameters.iter().find(|p| p.place == Place::Path && p.name == *name);
        findings.extend(known.into_iter().flat_map(|p| p.schema.findings(&at, &p.schema.read(&text))));
    }
    findings
}

/// What is wrong with the query.
pub(super) fn query(parameters: &[Parameter], query: &str) -> Vec<Finding> {
    let given: Vec<(Cow<'_, str>, Cow<'_, str>)> = form_urlencoded::parse(query.as_bytes()).collect();
    let mut findings = Vec::new();
    let mut known = BTreeSet::new();
    let mut open = false;
    for parameter in parameters.iter().filter(|p| p.place == Place::Query) {
        // An object's members are parameters themselves: any name will do.
        if parameter.schema.is_object() {
            open = true;
            continue;
        }
        known.insert(parameter.name.as_str());
        let values: Vec<&str> = given.iter().filter(|(n, _)| *n == parameter.name).map(|(_, v)| v.as_ref()).collect();
        findings.extend(parameter.findings("query", &values));
    }
    let unknown: BTreeSet<&str> = given.iter().map(|(n, _)| n.as_ref()).filter(|n| !known.contains(n)).collect();
    if !open {
        findings.extend(unknown.iter().map(|name| (format!("query.{name}"), "there is no such parameter".to_owned())));
    }
    findings
}

/// What is wrong with the headers that are documented; others may be there.
pub(super) fn headers(parameters: &[Parameter], call: &Call) -> Vec<Finding> {
    let documented = parameters.iter().filter(|p| p.place == Place::Header);
    let findings = documented.flat_map(|parameter| {
        let name = parameter.name.to_ascii_lowercase();
        let values: Vec<&str> = call.headers.iter().filter(|(n, _)| *n == name).map(|(_, v)| v.as_str()).collect();
        parameter.findings("header", &values)
    });
    findings.collect()
}

impl Parameter {
    fn findings(&self, place: &str, values: &[&str]) -> Vec<Finding> {
        let at = format!("{place}.{}", self.name);
        match values {
            [] if self.required => vec![(at, "it is required, and missing".to_owned())],
            [] => Vec::new(),
            _ if self.schema.is_list() && self.explode => {
                self.schema.findings(&at, &self.schema.read_list(values.iter().copied()))
            }
            [list] if self.schema.is_list() => self.schema.findings(&at, &self.schema.read_list(list.split(','))),
            [text] => self.schema.findings(&at, &self.schema.read(text)),
            several => vec![(at, format!("it is given {} times", several.len()))],
        }
    }
}
