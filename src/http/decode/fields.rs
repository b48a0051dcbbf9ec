//! The names of the query, what each may say, and what becomes of a name that is not ours.

use std::collections::HashSet;

use super::Limits;
use super::json::{self, Json};
use super::misspelling::meant;
use super::place::shown;
use super::query::{Form, Parameter, one_form, parameters};
use super::{references, remote};
use crate::model::{NamedRef, Options, RequestError, ResponseFormat, RoleRef, VerifyMode};

/// Every name that is read.
const NAMES: [&str; 13] = [
    "integrated_account_id",
    "id",
    "roles",
    "organizations",
    "workspace_id",
    "remote_query",
    "truto_response_format",
    "truto_ignore_remote_data",
    "truto_exclude_fields",
    "truto_skip_api_call",
    "dry_run",
    "verify",
    "check_before",
];

const FORMATS: [(&str, ResponseFormat); 5] = [
    ("unified", ResponseFormat::Unified),
    ("raw", ResponseFormat::Raw),
    ("normalized", ResponseFormat::Normalized),
    ("stream", ResponseFormat::Stream),
    ("debug", ResponseFormat::Debug),
];

const VERIFY_MODES: [(&str, VerifyMode); 3] =
    [("once", VerifyMode::Once), ("wait", VerifyMode::Wait), ("none", VerifyMode::None)];

const BOOLEANS: [(&str, bool); 6] =
    [("true", true), ("false", false), ("True", true), ("False", false), ("1", true), ("0", false)];

/// What the query says.
pub(super) struct QueryFields {
    pub(super) integrated_account_id: Option<String>,
    pub(super) id: Option<String>,
    pub(super) workspace_id: Option<String>,
    pub(super) roles: Vec<RoleRef>,
    pub(super) organizations: Vec<NamedRef>,
    pub(super) remote_query: Vec<(String, String)>,
    pub(super) options: Options,
    pub(super) ignored: Vec<String>,
}

/// Reads a raw query.
pub(super) fn read(raw: &str, limits: &Limits) -> Result<QueryFields, RequestError> {
    let mut given = Given::default();
    for parameter in parameters(raw, limits.query_depth) {
        given.take(parameter?)?;
    }
    given.settle(limits)
}

#[derive(Default)]
struct Given<'q> {
    integrated_account_id: Option<String>,
    id: Option<String>,
    workspace_id: Option<String>,
    format: Option<ResponseFormat>,
    ignore_remote_data: Option<bool>,
    skip_api_call: Option<bool>,
    dry_run: Option<bool>,
    verify: Option<VerifyMode>,
    check_before: Option<bool>,
    // What takes several parameters is understood once all of them are known.
    roles: Vec<Parameter<'q>>,
    organizations: Vec<Parameter<'q>>,
    exclude_fields: Vec<Parameter<'q>>,
    remote_query: Vec<Parameter<'q>>,
    ignored: Vec<String>,
    unknown: HashSet<String>,
}

impl<'q> Given<'q> {
    fn take(&mut self, parameter: Parameter<'q>) -> Result<(), RequestError> {
        let boolean = |p: Parameter<'q>| one_of(&p, &BOOLEANS);
        match parameter.root() {
            "integrated_account_id" => once(&mut self.integrated_account_id, parameter, text),
            "id" => once(&mut self.id, parameter, text),
            "workspace_id" => once(&mut self.workspace_id, parameter, text),
            "truto_response_format" => once(&mut self.format, parameter, |p| one_of(&p, &FORMATS)),
            "truto_ignore_remote_data" => once(&mut self.ignore_remote_data, parameter, boolean),
            "truto_skip_api_call" => once(&mut self.skip_api_call, parameter, boolean),
            "dry_run" => once(&mut self.dry_run, parameter, boolean),
            "verify" => once(&mut self.verify, parameter, |p| one_of(&p, &VERIFY_MODES)),
            "check_before" => once(&mut self.check_before, parameter, boolean),
            "roles" => keep(&mut self.roles, parameter),
            "organizations" => keep(&mut self.organizations, parameter),
            "truto_exclude_fields" => keep(&mut self.exclude_fields, parameter),
            "remote_query" => keep(&mut self.remote_query, parameter),
            _ => self.take_unknown(&parameter),
        }
    }

    fn take_unknown(&mut self, parameter: &Parameter<'q>) -> Result<(), RequestError> {
        let name = parameter.root();
        if self.unknown.contains(name) {
            return Ok(());
        }
        if name == "remote_data" {
            return Err(parameter.refuse("is only read from the body; send it there"));
        }
        if let Some((root, _)) = name.split_once('.')
            && NAMES.contains(&root)
        {
            return Err(parameter.refuse(format_args!("has its path in dots; write it in brackets, like {root}[…]")));
        }
        if let Some(meant) = meant(name, &NAMES) {
            return Err(parameter.refuse(format_args!("is unknown; did you mean \"{meant}\"?")));
        }
        self.unknown.insert(name.to_owned());
        self.ignored.push(name.to_owned());
        Ok(())
    }

    fn settle(self, limits: &Limits) -> Result<QueryFields, RequestError> {
        let dry_run = match (self.dry_run, self.skip_api_call) {
            (Some(one), Some(other)) if one != other => {
                return Err(RequestError::new(
                    "query parameter \"dry_run\" and query parameter \"truto_skip_api_call\" mean \
                     the same and contradict each other; give one of them",
                ));
            }
            (one, other) => one.or(other).unwrap_or_default(),
        };
        Ok(QueryFields {
            integrated_account_id: self.integrated_account_id,
            id: self.id,
            workspace_id: self.workspace_id,
            roles: references::from_query("roles", &self.roles, limits)?,
            organizations: references::from_query("organizations", &self.organizations, limits)?,
            remote_query: remote::query_pairs(self.remote_query, limits)?,
            options: Options {
                format: self.format.unwrap_or_default(),
                ignore_remote_data: self.ignore_remote_data.unwrap_or_default(),
                exclude_fields: names(&self.exclude_fields, limits)?,
                dry_run,
                verify: self.verify.unwrap_or_default(),
                check_before: self.check_before.unwrap_or_default(),
            },
            ignored: self.ignored,
        })
    }
}

fn keep<'q>(list: &mut Vec<Parameter<'q>>, parameter: Parameter<'q>) -> Result<(), RequestError> {
    list.push(parameter);
    Ok(())
}

/// A name that takes one value; an empty one is absent.
fn once<'q, T>(
    slot: &mut Option<T>,
    parameter: Parameter<'q>,
    read: impl FnOnce(Parameter<'q>) -> Result<T, RequestError>,
) -> Result<(), RequestError> {
    if parameter.value.is_empty() {
        return Ok(());
    }
    if parameter.form() != Form::Plain {
        return Err(parameter.refuse(format_args!("takes one plain value; write {}=…", parameter.root())));
    }
    if slot.is_some() {
        return Err(parameter.refuse_repetition());
    }
    *slot = Some(read(parameter)?);
    Ok(())
}

fn text(parameter: Parameter<'_>) -> Result<String, RequestError> {
    Ok(parameter.value.into_owned())
}

fn one_of<T: Copy>(parameter: &Parameter<'_>, allowed: &[(&str, T)]) -> Result<T, RequestError> {
    let given = &*parameter.value;
    if let Some((_, value)) = allowed.iter().find(|(word, _)| *word == given) {
        return Ok(*value);
    }
    let words: Vec<&str> = allowed.iter().map(|(word, _)| *word).collect();
    Err(parameter.refuse(format_args!("is \"{}\"; it must be one of: {}", shown(given), words.join(", "))))
}

/// A list of names: `a=x,y`, `a=x&a=y`, `a[]=x`, `a[0]=x`, or JSON text.
fn names(given: &[Parameter<'_>], limits: &Limits) -> Result<Vec<String>, RequestError> {
    let is_absent =
        |p: &Parameter<'_>| p.value.is_empty() || (p.depth() == 0 && matches!(&*p.value, "null" | "[]" | "{}"));
    let mut present: Vec<&Parameter<'_>> = given.iter().filter(|p| !is_absent(p)).collect();
    let form = one_form(&present)?;
    if form == Form::Index {
        present.sort_by_key(|p| p.index_order());
        let same_index = |pair: &&[&Parameter<'_>]| pair[0].index_order() == pair[1].index_order();
        if let Some(pair) = present.windows(2).find(same_index) {
            return Err(pair[1].refuse_repetition());
        }
    }
    let mut names = Vec::new();
    for parameter in present {
        if form == Form::Key || parameter.depth() > 1 {
            return Err(
                parameter.refuse(format_args!("is nested; it takes a list of names, as {}=a,b", parameter.root()))
            );
        }
        if parameter.value.trim_start().starts_with(['[', '{']) {
            names_from_json(parameter, limits, &mut names)?;
        } else {
            let split = parameter.value.split(',').map(str::trim);
            names.extend(split.filter(|name| !name.is_empty()).map(str::to_owned));
        }
    }
    Ok(names)
}

fn names_from_json(parameter: &Parameter<'_>, limits: &Limits, names: &mut Vec<String>) -> Result<(), RequestError> {
    let at = parameter.place();
    let json = json::parse(&parameter.value, &at, parameter.depth(), limits.query_depth)?;
    let Json::List(items) = json else {
        return Err(parameter.refuse("is an object; it takes a list of names, as a,b"));
    };
    for (index, item) in items.into_iter().enumerate() {
        names.extend(item.into_text(&at.index(index))?);
    }
    Ok(())
}
