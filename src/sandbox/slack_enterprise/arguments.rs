//! A method's arguments as Slack takes them: query, form body (lists comma-joined or as JSON text) or JSON body.
//! Knows nothing of what a method makes of them.

use std::ops::RangeInclusive;

use percent_encoding::percent_decode;
use serde_json::{Map, Value};

use super::answer::MethodError;
use crate::sandbox::Call;

const LONGEST_NAME: usize = 255;
const CHARSETS: [&str; 2] = ["utf-8", "iso-8859-1"];

#[derive(Debug, Default)]
pub(super) struct Arguments {
    /// From query or form, a later one replacing an earlier one of the same name.
    texts: Map<String, Value>,
    /// From a JSON body; these win.
    typed: Map<String, Value>,
}

enum Media {
    Form,
    Json,
}

impl Arguments {
    /// Reads the query and, of a POST, the body. A JSON body is passed over where the method does not read JSON.
    pub(super) fn read(call: &Call, reads_json: bool) -> Result<Self, MethodError> {
        let mut arguments = Self::default();
        arguments.take_form(call.query.as_bytes())?;
        if call.method != "POST" || call.body.is_empty() {
            return Ok(arguments);
        }
        match media(call)? {
            Media::Form => {
                well_formed(&call.body)?;
                arguments.take_form(&call.body)?;
            }
            Media::Json => {
                let body = serde_json::from_slice::<Value>(&call.body).map_err(|_| MethodError::new("invalid_json"))?;
                let Value::Object(body) = body else {
                    return Err(MethodError::new("json_not_object"));
                };
                if reads_json {
                    body.keys().try_for_each(|name| check_name(name))?;
                    arguments.typed = body;
                }
            }
        }
        Ok(arguments)
    }

    fn take_form(&mut self, encoded: &[u8]) -> Result<(), MethodError> {
        for (name, value) in form_urlencoded::parse(encoded) {
            check_name(&name)?;
            self.texts.insert(name.into_owned(), value.into());
        }
        Ok(())
    }

    /// Which of these are not there at all, as `invalid_arguments` names them.
    pub(super) fn require(&self, names: &[&str]) -> Result<(), MethodError> {
        let missing: Vec<String> = names
            .iter()
            .filter(|name| !self.typed.contains_key(**name) && !self.texts.contains_key(**name))
            .map(|name| format!("missing required field: {name}"))
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        Err(MethodError::arguments(&missing))
    }

    /// A text; empty if it was not given.
    pub(super) fn text(&self, name: &str) -> Result<&str, MethodError> {
        match self.value(name) {
            None => Ok(""),
            Some(Value::String(text)) => Ok(text),
            Some(_) => Err(wrong(name, "must be a string")),
        }
    }

    /// A list of texts; none if it was not given.
    pub(super) fn list(&self, name: &str) -> Result<Option<Vec<String>>, MethodError> {
        let wanted = || wrong(name, "must be an array of strings");
        if let Some(typed) = self.typed.get(name) {
            return strings(typed).map(Some).ok_or_else(wanted);
        }
        let Some(text) = self.texts.get(name).and_then(Value::as_str) else {
            return Ok(None);
        };
        if text.starts_with('[') {
            let array = serde_json::from_str::<Value>(text).map_err(|_| wanted())?;
            return strings(&array).map(Some).ok_or_else(wanted);
        }
        if text.is_empty() {
            return Ok(Some(Vec::new()));
        }
        Ok(Some(text.split(',').map(str::to_owned).collect()))
    }

    /// A boolean; none if it was not given.
    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>, MethodError> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(Value::String(text)) => match text.as_str() {
                "true" | "1" => Ok(Some(true)),
                "false" | "0" => Ok(Some(false)),
                _ => Err(wrong(name, "must be a boolean")),
            },
            Some(_) => Err(wrong(name, "must be a boolean")),
        }
    }

    /// A whole number within a range; `default` if it was not given.
    pub(super) fn number(&self, name: &str, within: RangeInclusive<u64>, default: u64) -> Result<u64, MethodError> {
        let number = match self.value(name) {
            None => return Ok(default),
            Some(Value::Number(number)) => number.as_u64(),
            Some(Value::String(text)) => text.parse().ok(),
            Some(_) => None,
        };
        number.filter(|n| within.contains(n)).ok_or_else(|| {
            let (least, most) = within.into_inner();
            wrong(name, &format!("must be between {least} and {most}"))
        })
    }

    fn value(&self, name: &str) -> Option<&Value> {
        self.typed.get(name).or_else(|| self.texts.get(name))
    }
}

fn strings(value: &Value) -> Option<Vec<String>> {
    let items = value.as_array()?.iter();
    items.map(|v| v.as_str().map(str::to_owned)).collect()
}

fn wrong(name: &str, what: &str) -> MethodError {
    MethodError::arguments(&[format!("{what} [json-pointer:/{name}]")])
}

fn check_name(name: &str) -> Result<(), MethodError> {
    if name.ends_with(']') && name.contains('[') {
        return Err(MethodError::new("invalid_array_arg"));
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.is_empty() || name.len() > LONGEST_NAME || !name.chars().all(plain) {
        return Err(MethodError::new("invalid_arg_name"));
    }
    Ok(())
}

fn media(call: &Call) -> Result<Media, MethodError> {
    let Some(content_type) = call.header("content-type") else {
        return Err(MethodError::new("missing_post_type"));
    };
    let mut parts = content_type.split(';').map(str::trim);
    let media = match parts.next().unwrap_or("").to_ascii_lowercase().as_str() {
        "application/json" => Media::Json,
        "application/x-www-form-urlencoded" => Media::Form,
        "" => return Err(MethodError::new("missing_post_type")),
        _ => return Err(MethodError::new("invalid_post_type")),
    };
    for parameter in parts {
        if let Some((name, value)) = parameter.split_once('=')
            && name.trim().eq_ignore_ascii_case("charset")
        {
            let charset = value.trim().trim_matches('"').to_ascii_lowercase();
            if !CHARSETS.contains(&charset.as_str()) {
                return Err(MethodError::new("invalid_charset"));
            }
        }
    }
    Ok(media)
}

/// A form whose escapes are whole and whose text is UTF-8.
fn well_formed(form: &[u8]) -> Result<(), MethodError> {
    let escapes_whole = form.iter().enumerate().all(|(at, byte)| {
        *byte != b'%' || form.get(at + 1..at + 3).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit))
    });
    if escapes_whole && percent_decode(form).decode_utf8().is_ok() {
        return Ok(());
    }
    Err(MethodError::new("invalid_form_data"))
}
