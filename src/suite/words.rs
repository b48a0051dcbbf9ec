//! What scenarios and cases are written with: values or lists of them, status classes, calls of a provider.

use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, Error as _};
use serde_json::Value;

use crate::sandbox::Call;

/// One value, or several of which any will do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OneOf<T> {
    One(T),
    Several(Vec<T>),
}

impl<T> OneOf<T> {
    /// The values, in order.
    pub fn values(&self) -> &[T] {
        match self {
            Self::One(value) => std::slice::from_ref(value),
            Self::Several(values) => values,
        }
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for OneOf<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let read = |value: Value| {
            // YAML's `yes` and `no` are words of the contract here.
            let word = value.as_bool().map(|yes| Value::from(if yes { "yes" } else { "no" }));
            serde_json::from_value(word.unwrap_or(value)).map_err(D::Error::custom)
        };
        match Value::deserialize(from)? {
            Value::Array(values) => values.into_iter().map(read).collect::<Result<_, _>>().map(Self::Several),
            value => read(value).map(Self::One),
        }
    }
}

impl<T: fmt::Display> fmt::Display for OneOf<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let values: Vec<String> = self.values().iter().map(T::to_string).collect();
        f.write_str(&values.join(" or "))
    }
}

/// A status, or a class such as `4xx`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatusRange {
    from: u16,
    to: u16,
}

impl StatusRange {
    /// Whether all of these are among those.
    pub fn within(self, other: Self) -> bool {
        self.from >= other.from && self.to <= other.to
    }

    /// Whether a status is meant.
    pub fn holds(self, status: u16) -> bool {
        (self.from..=self.to).contains(&status)
    }
}

impl fmt::Display for StatusRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.from == self.to { write!(f, "{}", self.from) } else { write!(f, "{}xx", self.from / 100) }
    }
}

impl<'de> Deserialize<'de> for StatusRange {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Status(u16),
            Class(String),
        }
        match Written::deserialize(from)? {
            Written::Status(status @ 100..=599) => Ok(Self { from: status, to: status }),
            Written::Class(text) => {
                let digit = text.strip_suffix("xx").and_then(|digit| digit.parse::<u16>().ok());
                let class = digit.filter(|digit| (1..=5).contains(digit));
                let class = class.ok_or_else(|| D::Error::custom(format!("`{text}` is no class such as 4xx")))?;
                Ok(Self { from: class * 100, to: class * 100 + 99 })
            }
            Written::Status(status) => Err(D::Error::custom(format!("{status} is no status"))),
        }
    }
}

/// A call of the provider's API: `DELETE /users/*/roles/*`, each star one segment.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Road {
    method: String,
    segments: Vec<String>,
}

impl Road {
    /// Reads `METHOD path`.
    pub fn parse(text: &str) -> Option<Self> {
        let (method, path) = text.split_once(' ')?;
        let plain = method.chars().all(|c| c.is_ascii_uppercase()) && !path.is_empty() && !path.contains([' ', '?']);
        plain.then(|| Self { method: method.to_owned(), segments: segments(path).map(str::to_owned).collect() })
    }

    /// Whether a call goes this way. What stands for a star is never a climb.
    pub fn leads(&self, call: &Call) -> bool {
        let asked: Vec<&str> = segments(&call.path).collect();
        let same = |(own, asked): (&String, &&str)| own == asked || (own == "*" && is_one_segment(asked));
        call.method == self.method && asked.len() == self.segments.len() && self.segments.iter().zip(&asked).all(same)
    }
}

impl fmt::Display for Road {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} /{}", self.method, self.segments.join("/"))
    }
}

impl<'de> Deserialize<'de> for Road {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom(format!("`{text}` is no call such as `GET /users/*`")))
    }
}

fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.trim_start_matches('/').split('/')
}

/// A server that decodes the segment must find neither a way up nor the end of the path in its raw text.
fn is_one_segment(raw: &str) -> bool {
    let safe = raw.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"%-_.~!@$'()*+,;:=&".contains(&byte));
    safe && !raw.is_empty() && ![".", ".."].contains(&raw.to_lowercase().replace("%2e", ".").as_str())
}
