//! Falcon Query Language, as far as user and role listings take it: `uid:'a@example.com'+status:!'inactive'`.

use super::answers::Refusal;
use super::settings::Matching;

const MOST_NESTING: usize = 16;

/// A parsed filter.
#[derive(Debug)]
pub(super) enum Filter {
    /// `,`
    Any(Vec<Filter>),
    /// `+`
    All(Vec<Filter>),
    Term {
        property: String,
        operator: Operator,
        values: Vec<String>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Is,
    Not,
    /// `~`, text that contains the value.
    Like,
    /// `*`, with asterisks in the value.
    Wildcard,
    More,
    MoreOrEqual,
    Less,
    LessOrEqual,
}

impl Filter {
    /// Parses a filter that may speak of these properties.
    pub(super) fn parse(text: &str, properties: &[&str]) -> Result<Self, Refusal> {
        let mut reader = Reader { rest: text, properties };
        let filter = reader.any(0).filter(|_| reader.rest.is_empty());
        filter.ok_or_else(|| Refusal::bad_request("invalid filter specified"))
    }

    /// Whether an entity matches, of which `values` gives each property's values.
    pub(super) fn matches(&self, matching: Matching, values: &impl Fn(&str) -> Vec<String>) -> bool {
        match self {
            Self::Any(filters) => filters.iter().any(|f| f.matches(matching, values)),
            Self::All(filters) => filters.iter().all(|f| f.matches(matching, values)),
            Self::Term { property, operator, values: wanted } => {
                let found = values(property);
                let one = |wanted: &String| found.iter().any(|found| compare(found, *operator, wanted, matching));
                match operator {
                    Operator::Not => !wanted.iter().any(one),
                    _ => wanted.iter().any(one),
                }
            }
        }
    }
}

fn compare(found: &str, operator: Operator, wanted: &str, matching: Matching) -> bool {
    let (lower_found, lower_wanted) = (found.to_lowercase(), wanted.to_lowercase());
    match operator {
        Operator::Is | Operator::Not => match matching {
            Matching::Exact => found == wanted,
            Matching::IgnoringCase => lower_found == lower_wanted,
            Matching::Contains => lower_found.contains(&lower_wanted),
        },
        Operator::Like => lower_found.contains(&lower_wanted),
        Operator::Wildcard => wildcard(&lower_found, &lower_wanted),
        Operator::More => found > wanted,
        Operator::MoreOrEqual => found >= wanted,
        Operator::Less => found < wanted,
        Operator::LessOrEqual => found <= wanted,
    }
}

fn wildcard(found: &str, pattern: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = found.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
}

struct Reader<'a> {
    rest: &'a str,
    properties: &'a [&'a str],
}

impl Reader<'_> {
    fn any(&mut self, depth: usize) -> Option<Filter> {
        let mut filters = vec![self.all(depth)?];
        while self.take(",") {
            filters.push(self.all(depth)?);
        }
        Some(Filter::Any(filters))
    }

    fn all(&mut self, depth: usize) -> Option<Filter> {
        let mut filters = vec![self.one(depth)?];
        while self.take("+") {
            filters.push(self.one(depth)?);
        }
        Some(Filter::All(filters))
    }

    fn one(&mut self, depth: usize) -> Option<Filter> {
        if self.take("(") {
            let inner = (depth < MOST_NESTING).then(|| self.any(depth + 1)).flatten();
            return inner.filter(|_| self.take(")"));
        }
        let (property, rest) = self.rest.split_once(':')?;
        let property = self.properties.iter().find(|p| **p == property)?;
        self.rest = rest;
        let operators = [
            ("!", Operator::Not),
            ("~", Operator::Like),
            ("*", Operator::Wildcard),
            (">=", Operator::MoreOrEqual),
            (">", Operator::More),
            ("<=", Operator::LessOrEqual),
            ("<", Operator::Less),
        ];
        let operator = operators.into_iter().find(|(sign, _)| self.take(sign)).map_or(Operator::Is, |(_, o)| o);
        let mut values = Vec::new();
        if self.take("[") {
            values.push(self.value()?);
            while self.take(",") {
                values.push(self.value()?);
            }
            self.take("]").then_some(())?;
        } else {
            values.push(self.value()?);
        }
        Some(Filter::Term { property: (*property).to_owned(), operator, values })
    }

    /// A quoted text with `\'` and `\\`, or a bare number or truth value.
    fn value(&mut self) -> Option<String> {
        if !self.take("'") {
            let end = self.rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(self.rest.len());
            let (bare, rest) = self.rest.split_at(end);
            let known = matches!(bare, "true" | "false") || bare.parse::<u64>().is_ok();
            self.rest = rest;
            return known.then(|| bare.to_owned());
        }
        let mut text = String::new();
        let mut characters = self.rest.char_indices();
        loop {
            match characters.next()? {
                (end, '\'') => {
                    self.rest = &self.rest[end + 1..];
                    return Some(text);
                }
                (_, '\\') => text.push(characters.next().map(|(_, c)| c).filter(|c| matches!(c, '\'' | '\\'))?),
                (_, other) => text.push(other),
            }
        }
    }

    fn take(&mut self, sign: &str) -> bool {
        let rest = self.rest.strip_prefix(sign);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }
}
