//! `{{ expression }}` templates: text (paths, queries, headers) and trees (bodies, mapped objects).

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use thiserror::Error;
use vrl::value::KeyString;

use super::captured::Cell;
use super::program::{CompileError, Expression};
use super::scope::Scope;
use super::value::{Value, ValuePath, from_json, id_text};

/// Everything but RFC 3986's unreserved characters: a value stays one segment, one name or one value.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Percent-encodes a value for one path segment, or for one name or value of a query.
pub fn encode_segment(text: &str) -> impl std::fmt::Display + '_ {
    utf8_percent_encode(text, RESERVED)
}

/// Why a template could not be filled: it names the placeholder, never its value.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum FillError {
    /// Nothing feeds the placeholder.
    #[error("{{{{ {0} }}}} has no value")]
    Absent(String),
    /// The value is no text, integer or boolean.
    #[error("{{{{ {0} }}}} is neither text nor a number")]
    NotText(String),
    /// The value would become another path: empty, `.` or `..`.
    #[error("{{{{ {0} }}}} cannot be a path segment")]
    NotSegment(String),
    /// The value holds a control character.
    #[error("{{{{ {0} }}}} holds a control character")]
    Control(String),
}

#[derive(Clone, Debug)]
enum Piece {
    Literal(String),
    Placeholder(Expression),
}

/// A text with placeholders.
#[derive(Clone, Debug)]
pub struct TextTemplate {
    pieces: Vec<Piece>,
}

impl TextTemplate {
    /// Compiles `text`; in a placeholder the leading dot of a path may be left out.
    ///
    /// # Errors
    /// If a placeholder is not closed or does not compile.
    pub fn compile(text: &str) -> Result<Self, CompileError> {
        let mut pieces = Vec::new();
        let mut at = 0;
        while let Some(open) = text[at..].find("{{").map(|offset| at + offset) {
            if open > at {
                pieces.push(Piece::Literal(text[at..open].to_owned()));
            }
            let close = text[open..].find("}}").map(|offset| open + offset);
            let Some(close) = close else {
                let end = text.len();
                return Err(CompileError::new("X04", "a placeholder without its `}}`", open, end));
            };
            let inner = text[open + 2..close].trim();
            let expression = match ValuePath::parse(inner) {
                Some(_) if !inner.starts_with('.') => Expression::compile(&format!(".{inner}")),
                _ => Expression::compile(inner),
            };
            let inner_at = open + 2 + text[open + 2..close].find(inner).unwrap_or(0);
            pieces.push(Piece::Placeholder(expression.map_err(|mut error| {
                error.start = (error.start + inner_at).min(close);
                error.end = (error.end + inner_at).min(close);
                error
            })?));
            at = close + 2;
        }
        if at < text.len() {
            pieces.push(Piece::Literal(text[at..].to_owned()));
        }
        Ok(Self { pieces })
    }

    /// The expressions of its placeholders.
    pub fn expressions(&self) -> impl Iterator<Item = &Expression> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Placeholder(expression) => Some(expression),
            Piece::Literal(_) => None,
        })
    }

    /// The one expression this is, if it is nothing but one placeholder.
    fn as_single(&self) -> Option<&Expression> {
        match self.pieces.as_slice() {
            [Piece::Placeholder(expression)] => Some(expression),
            _ => None,
        }
    }

    /// Whether it is nothing but one placeholder, so that without a value it is left out.
    pub fn is_optional(&self) -> bool {
        self.as_single().is_some()
    }

    /// Appends the text with every placeholder percent-encoded as (part of) one path segment.
    ///
    /// # Errors
    /// If a placeholder has no value, or one that is no segment.
    pub fn fill_path(&self, scope: &Scope<'_>, out: &mut String) -> Result<(), FillError> {
        use std::fmt::Write as _;
        for piece in &self.pieces {
            match piece {
                Piece::Literal(text) => out.push_str(text),
                Piece::Placeholder(expression) => {
                    let value = expression.evaluate(scope);
                    let text = scalar_text(expression, &value)?;
                    if matches!(&*text, "" | "." | "..") {
                        return Err(FillError::NotSegment(expression.source().to_owned()));
                    }
                    // Writing into a String cannot fail.
                    let _ = write!(out, "{}", encode_segment(&text));
                }
            }
        }
        Ok(())
    }

    /// The text. `None` if it is one placeholder that has no value: the header or parameter is then left out.
    ///
    /// # Errors
    /// If a placeholder among other text has no value, or one that holds control characters.
    pub fn fill(&self, scope: &Scope<'_>) -> Result<Option<String>, FillError> {
        if let Some(expression) = self.as_single()
            && matches!(*expression.evaluate(scope), Value::Null)
        {
            return Ok(None);
        }
        let mut out = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Literal(text) => out.push_str(text),
                Piece::Placeholder(expression) => {
                    let value = expression.evaluate(scope);
                    let text = scalar_text(expression, &value)?;
                    if text.chars().any(char::is_control) {
                        return Err(FillError::Control(expression.source().to_owned()));
                    }
                    out.push_str(&text);
                }
            }
        }
        Ok(Some(out))
    }
}

fn scalar_text<'v>(expression: &Expression, value: &'v Value) -> Result<Cow<'v, str>, FillError> {
    match value {
        Value::Null => Err(FillError::Absent(expression.source().to_owned())),
        Value::Boolean(flag) => Ok(Cow::Borrowed(if *flag { "true" } else { "false" })),
        other => id_text(other).ok_or_else(|| FillError::NotText(expression.source().to_owned())),
    }
}

/// An object, list or scalar with placeholders. A string that is nothing but one placeholder keeps the value's type;
/// a member or element all of whose placeholders have no value is left out.
#[derive(Clone, Debug)]
pub enum TreeTemplate {
    Literal(Value),
    Placeholder(Expression),
    Text(TextTemplate),
    List(Vec<TreeTemplate>),
    Object(Vec<(KeyString, TreeTemplate)>),
}

impl TreeTemplate {
    /// Compiles a tree whose strings may hold placeholders.
    ///
    /// # Errors
    /// With the string that does not compile, and what is wrong in it.
    pub fn compile(source: &serde_json::Value) -> Result<Self, (String, CompileError)> {
        use serde_json::Value as Json;
        Ok(match source {
            Json::String(text) => {
                let template = TextTemplate::compile(text).map_err(|e| (text.clone(), e))?;
                match template.as_single() {
                    Some(expression) => Self::Placeholder(expression.clone()),
                    None if template.expressions().next().is_some() => Self::Text(template),
                    None => Self::Literal(Value::from(text.as_str())),
                }
            }
            Json::Array(list) => Self::List(list.iter().map(Self::compile).collect::<Result<_, _>>()?),
            Json::Object(map) => Self::Object(
                map.iter()
                    .map(|(name, value)| Ok((KeyString::from(name.as_str()), Self::compile(value)?)))
                    .collect::<Result<_, (String, CompileError)>>()?,
            ),
            literal => Self::Literal(from_json(literal)),
        })
    }

    /// Visits the expressions of its placeholders, to change them.
    pub fn visit_mut(&mut self, visitor: &mut dyn FnMut(&mut Expression)) {
        match self {
            Self::Literal(_) => {}
            Self::Placeholder(expression) => visitor(expression),
            Self::Text(template) => template.pieces.iter_mut().for_each(|piece| match piece {
                Piece::Placeholder(expression) => visitor(expression),
                Piece::Literal(_) => {}
            }),
            Self::List(list) => list.iter_mut().for_each(|element| element.visit_mut(visitor)),
            Self::Object(members) => members.iter_mut().for_each(|(_, member)| member.visit_mut(visitor)),
        }
    }

    /// Visits the expressions of its placeholders.
    pub fn visit<'t>(&'t self, visitor: &mut dyn FnMut(&'t Expression)) {
        match self {
            Self::Literal(_) => {}
            Self::Placeholder(expression) => visitor(expression),
            Self::Text(template) => template.expressions().for_each(visitor),
            Self::List(list) => list.iter().for_each(|element| element.visit(visitor)),
            Self::Object(members) => members.iter().for_each(|(_, member)| member.visit(visitor)),
        }
    }

    /// Whether anything in it depends on a placeholder.
    pub fn is_fed(&self) -> bool {
        let mut fed = false;
        self.visit(&mut |_| fed = true);
        fed
    }

    /// The names of an object's members, and their templates.
    pub fn members(&self) -> &[(KeyString, TreeTemplate)] {
        match self {
            Self::Object(members) => members,
            _ => &[],
        }
    }

    /// The value, captured or not; absent if it has placeholders and none of them has a value.
    pub fn cell(&self, scope: &Scope<'_>) -> Cell {
        match self {
            Self::Placeholder(expression) => expression.cell(scope),
            other => other.fill(scope).map_or(Cell::Absent, Cell::from),
        }
    }

    /// The value, or `None` if it has placeholders and none of them has a value.
    pub fn fill(&self, scope: &Scope<'_>) -> Option<Value> {
        match self {
            Self::Literal(value) => Some(value.clone()),
            Self::Placeholder(expression) => {
                Some(expression.evaluate(scope).into_owned()).filter(|value| !matches!(value, Value::Null))
            }
            Self::Text(template) => template.fill(scope).ok().flatten().map(Value::from),
            Self::List(list) => {
                let filled: Vec<Value> = list.iter().filter_map(|element| element.fill(scope)).collect();
                (!filled.is_empty() || list.is_empty()).then_some(Value::Array(filled))
            }
            Self::Object(members) => {
                let mut any_fed = false;
                let mut fed_template = false;
                let mut object = std::collections::BTreeMap::new();
                for (name, member) in members {
                    let is_literal = matches!(member, Self::Literal(_));
                    fed_template |= !is_literal;
                    if let Some(value) = member.fill(scope) {
                        any_fed |= !is_literal;
                        object.insert(name.clone(), value);
                    }
                }
                (any_fed || !fed_template).then_some(Value::Object(object))
            }
        }
    }
}
