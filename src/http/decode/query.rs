//! The query as parameters: percent-decoded once, their bracket paths checked. What the names mean
//! is left to `fields`.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use super::place::{Path, shown};
use crate::model::RequestError;

/// One `name=value`, decoded.
pub(super) struct Parameter<'q> {
    name: Cow<'q, str>,
    /// Where the name ends and its brackets begin.
    root: usize,
    pub(super) value: Cow<'q, str>,
}

/// What follows a list's name: nothing, `[]`, `[0]`, or a key, which a list does not have.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Plain,
    Open,
    Index,
    Key,
}

/// The parameters of a raw query, in order.
pub(super) fn parameters(raw: &str, max_depth: usize) -> impl Iterator<Item = Result<Parameter<'_>, RequestError>> {
    raw.split('&').filter(|pair| !pair.is_empty()).map(move |pair| Parameter::read(pair, max_depth))
}

impl<'q> Parameter<'q> {
    fn read(pair: &'q str, max_depth: usize) -> Result<Self, RequestError> {
        let (raw_name, raw_value) = pair.split_once('=').unwrap_or((pair, ""));
        let name = unescape(raw_name)
            .map_err(|problem| RequestError::new(format!("{}: its name {problem}", Path::query(raw_name))))?;
        let root = path_start(&name, max_depth)
            .map_err(|problem| RequestError::new(format!("query parameter \"{}\": {problem}", shown(&name))))?;
        let value = unescape(raw_value)
            .map_err(|problem| RequestError::new(format!("{}: its value {problem}", Path::query(&name))))?;
        Ok(Self { name, root, value })
    }

    /// The name before its brackets.
    pub(super) fn root(&self) -> &str {
        &self.name[..self.root]
    }

    /// The brackets as they stand.
    pub(super) fn brackets(&self) -> &str {
        &self.name[self.root..]
    }

    /// What stands in each pair of brackets.
    pub(super) fn segments(&self) -> impl Iterator<Item = &str> {
        self.brackets()
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
            .into_iter()
            .flat_map(|inside| inside.split("]["))
    }

    pub(super) fn depth(&self) -> usize {
        self.segments().count()
    }

    pub(super) fn form(&self) -> Form {
        match self.segments().next() {
            None => Form::Plain,
            Some("") => Form::Open,
            Some(index) if index.bytes().all(|b| b.is_ascii_digit()) => Form::Index,
            Some(_) => Form::Key,
        }
    }

    /// The place of the index among others. It only orders, so it may be of any length: the digits
    /// are compared, never counted up to.
    pub(super) fn index_order(&self) -> (usize, &str) {
        let digits = self.segments().next().unwrap_or_default();
        let digits = digits.trim_start_matches('0');
        (digits.len(), digits)
    }

    pub(super) fn place(&self) -> Path<'_> {
        Path::query(&self.name)
    }

    /// A 400 about this parameter.
    pub(super) fn refuse(&self, problem: impl std::fmt::Display) -> RequestError {
        RequestError::new(format!("{} {problem}", self.place()))
    }

    pub(super) fn refuse_repetition(&self) -> RequestError {
        self.refuse("is given twice; give it once")
    }
}

/// Fails when a name is given in several forms: which of them counts would be a guess.
pub(super) fn one_form(given: &[&Parameter<'_>]) -> Result<Form, RequestError> {
    let Some((first, rest)) = given.split_first() else {
        return Ok(Form::Plain);
    };
    match rest.iter().find(|other| other.form() != first.form()) {
        Some(other) => Err(mixed(first, other)),
        None => Ok(first.form()),
    }
}

pub(super) fn mixed(one: &Parameter<'_>, other: &Parameter<'_>) -> RequestError {
    one.refuse(format_args!("is also given as \"{}\"; use one form throughout", shown(&other.name)))
}

/// Percent-decodes once, `+` being a space. What cannot be decoded is refused, not passed on
/// half-read.
fn unescape(raw: &str) -> Result<Cow<'_, str>, &'static str> {
    if !raw.bytes().any(|b| matches!(b, b'%' | b'+')) {
        return Ok(Cow::Borrowed(raw));
    }
    let mut bytes = raw.bytes();
    while let Some(byte) = bytes.next() {
        let is_hex = |b: Option<u8>| b.is_some_and(|b| b.is_ascii_hexdigit());
        if byte == b'%' && !(is_hex(bytes.next()) && is_hex(bytes.next())) {
            return Err("has a % without two hexadecimal digits; write a % itself as %25");
        }
    }
    let spaced = raw.replace('+', " ");
    let text = percent_decode_str(&spaced)
        .decode_utf8()
        .map_err(|_| "is not UTF-8 once percent-decoded; encode it as UTF-8")?;
    Ok(Cow::Owned(text.into_owned()))
}

/// Where the brackets of a name begin, if they pair up.
fn path_start(name: &str, max_depth: usize) -> Result<usize, String> {
    const WAY_OUT: &str = "write it like roles[0][id]";
    let root = name.find(['[', ']']).unwrap_or(name.len());
    if root == 0 {
        return Err(if name.is_empty() {
            "a value without a name; write name=value".to_owned()
        } else {
            format!("brackets without a name before them; {WAY_OUT}")
        });
    }
    let mut rest = &name[root..];
    let mut depth = 0;
    while !rest.is_empty() {
        let inside =
            rest.strip_prefix('[').and_then(|rest| rest.split_once(']')).filter(|(inside, _)| !inside.contains('['));
        let Some((_, after)) = inside else {
            return Err(format!("its brackets do not pair up; {WAY_OUT}"));
        };
        rest = after;
        depth += 1;
    }
    if depth > max_depth {
        return Err(format!("nested deeper than {max_depth} pairs of brackets; flatten it"));
    }
    Ok(root)
}
