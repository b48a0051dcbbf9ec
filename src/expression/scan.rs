//! JSON token by token (RFC 8259), over a document in memory. What needs more than finding its end, a text with
//! escapes or a number that is no short integer, is left to `serde_json`.

use vrl::value::Value;

use super::value::from_json;

/// The document is not JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not JSON")]
pub struct NotJson;

/// A text.
pub(super) enum Text {
    /// Without escapes, it stands in the document from here to there.
    Plain(usize, usize),
    Escaped(String),
}

/// A place in a document.
pub(super) struct Scan<'d> {
    bytes: &'d [u8],
    at: usize,
    /// All of the document is UTF-8, so that no text of it must be checked by itself.
    is_utf8: bool,
    /// There is no backslash and no control character in it: a text ends at the next quote.
    is_plain: bool,
    /// Which of the values that a skipped one is in are objects, from the outermost.
    open: Vec<bool>,
}

impl<'d> Scan<'d> {
    pub(super) fn new(bytes: &'d [u8]) -> Self {
        let is_utf8 = std::str::from_utf8(bytes).is_ok();
        let is_plain = !bytes.iter().fold(false, |found, byte| found | (*byte < b' ') | (*byte == b'\\'));
        Self { bytes, at: 0, is_utf8, is_plain, open: Vec::new() }
    }

    /// The bytes from here to there.
    pub(super) fn slice(&self, start: usize, end: usize) -> &'d [u8] {
        self.bytes.get(start..end).unwrap_or_default()
    }

    /// The next byte that is no white space.
    #[inline]
    pub(super) fn peek(&mut self) -> Result<u8, NotJson> {
        loop {
            match self.bytes.get(self.at) {
                Some(b' ' | b'\n' | b'\t' | b'\r') => self.at += 1,
                Some(byte) => return Ok(*byte),
                None => return Err(NotJson),
            }
        }
    }

    /// Goes past the next byte that is no white space, if it is this one.
    #[inline]
    pub(super) fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Ok(byte);
        self.at += usize::from(found);
        found
    }

    #[inline]
    pub(super) fn expect(&mut self, byte: u8) -> Result<(), NotJson> {
        if self.take(byte) { Ok(()) } else { Err(NotJson) }
    }

    /// Nothing but white space may follow.
    pub(super) fn end(&mut self) -> Result<(), NotJson> {
        if self.peek().is_err() { Ok(()) } else { Err(NotJson) }
    }

    /// A text, or a member's name.
    #[inline]
    pub(super) fn text(&mut self) -> Result<Text, NotJson> {
        self.expect(b'"')?;
        let start = self.at;
        self.at = self.special(start);
        if self.bytes.get(self.at) != Some(&b'"') {
            return self.escaped(start);
        }
        let end = self.at;
        self.at += 1;
        if !self.is_utf8 && std::str::from_utf8(self.slice(start, end)).is_err() {
            return Err(NotJson);
        }
        Ok(Text::Plain(start, end))
    }

    /// Where the next quote, backslash or control character is.
    #[inline]
    fn special(&self, at: usize) -> usize {
        if self.is_plain {
            return position(self.bytes, at, |word| equal(word, b'"'));
        }
        position(self.bytes, at, |word| equal(word, b'"') | equal(word, b'\\') | below(word, b' '))
    }

    fn escaped(&mut self, start: usize) -> Result<Text, NotJson> {
        while self.bytes.get(self.at) == Some(&b'\\') {
            self.at = self.special(self.at + 2);
        }
        self.at += 1;
        serde_json::from_slice(self.slice(start - 1, self.at)).map(Text::Escaped).map_err(|_| NotJson)
    }

    /// A number, `true`, `false` or `null`.
    pub(super) fn scalar(&mut self) -> Result<Value, NotJson> {
        if !matches!(self.peek()?, b'-' | b'0'..=b'9') {
            return self.word();
        }
        let start = self.at;
        let is_integer = self.number()?;
        let token = self.slice(start, self.at);
        if is_integer && token.len() <= 18 && token != b"-0" {
            let digits = token.strip_prefix(b"-").unwrap_or(token);
            let number = digits.iter().fold(0, |number, digit| number * 10 + i64::from(digit - b'0'));
            return Ok(Value::Integer(if digits.len() < token.len() { -number } else { number }));
        }
        serde_json::from_slice(token).map(|number| from_json(&number)).map_err(|_| NotJson)
    }

    fn word(&mut self) -> Result<Value, NotJson> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let words = [("null", Value::Null), ("true", Value::Boolean(true)), ("false", Value::Boolean(false))];
        let (word, value) = words.into_iter().find(|(word, _)| rest.starts_with(word.as_bytes())).ok_or(NotJson)?;
        self.at += word.len();
        Ok(value)
    }

    /// Goes past a number; says whether it is an integer.
    fn number(&mut self) -> Result<bool, NotJson> {
        self.at += usize::from(self.bytes.get(self.at) == Some(&b'-'));
        if self.bytes.get(self.at) == Some(&b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        let mut is_integer = true;
        if self.bytes.get(self.at) == Some(&b'.') {
            (self.at, is_integer) = (self.at + 1, false);
            self.digits()?;
        }
        if matches!(self.bytes.get(self.at), Some(b'e' | b'E')) {
            (self.at, is_integer) = (self.at + 1, false);
            self.at += usize::from(matches!(self.bytes.get(self.at), Some(b'+' | b'-')));
            self.digits()?;
        }
        Ok(is_integer)
    }

    fn digits(&mut self) -> Result<(), NotJson> {
        let start = self.at;
        while matches!(self.bytes.get(self.at), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at > start { Ok(()) } else { Err(NotJson) }
    }

    /// Goes past a value, however deep it is.
    pub(super) fn skip(&mut self) -> Result<(), NotJson> {
        self.open.clear();
        loop {
            match self.peek()? {
                b'{' => {
                    self.at += 1;
                    if !self.take(b'}') {
                        self.skip_name()?;
                        self.open.push(true);
                        continue;
                    }
                }
                b'[' => {
                    self.at += 1;
                    if !self.take(b']') {
                        self.open.push(false);
                        continue;
                    }
                }
                b'"' => self.skip_text()?,
                b'-' | b'0'..=b'9' => {
                    self.number()?;
                }
                _ => {
                    self.word()?;
                }
            }
            loop {
                let Some(is_object) = self.open.last().copied() else { return Ok(()) };
                if self.take(b',') {
                    if is_object {
                        self.skip_name()?;
                    }
                    break;
                }
                self.expect(if is_object { b'}' } else { b']' })?;
                self.open.pop();
            }
        }
    }

    fn skip_name(&mut self) -> Result<(), NotJson> {
        self.skip_text()?;
        self.expect(b':')
    }

    fn skip_text(&mut self) -> Result<(), NotJson> {
        self.expect(b'"')?;
        loop {
            self.at = self.special(self.at);
            let rest = self.bytes.get(self.at..).unwrap_or_default();
            self.at += match rest {
                [b'"', ..] => {
                    self.at += 1;
                    return Ok(());
                }
                [b'\\', b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', ..] => 2,
                [b'\\', b'u', digits @ ..] if is_hex(digits.get(..4)) => 6,
                _ => return Err(NotJson),
            };
        }
    }
}

fn is_hex(digits: Option<&[u8]>) -> bool {
    digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
}

/// Finds certain bytes among eight at once: the highest bit of each is set where it is one. What stands above the first
/// of them may be set by mistake.
const ONES: u64 = u64::from_ne_bytes([0x01; 8]);
const HIGHS: u64 = u64::from_ne_bytes([0x80; 8]);

fn below(word: u64, byte: u8) -> u64 {
    word.wrapping_sub(ONES * u64::from(byte)) & !word & HIGHS
}

fn equal(word: u64, byte: u8) -> u64 {
    below(word ^ (ONES * u64::from(byte)), 1)
}

/// Where the first byte is, from `at` on, that `find` finds; the end, if there is none.
#[inline]
fn position(bytes: &[u8], at: usize, find: impl Fn(u64) -> u64) -> usize {
    let mut rest = bytes.get(at..).unwrap_or_default();
    while let Some((chunk, tail)) = rest.split_first_chunk::<8>() {
        let found = find(u64::from_le_bytes(*chunk));
        if found != 0 {
            return bytes.len() - rest.len() + (found.trailing_zeros() / 8) as usize;
        }
        rest = tail;
    }
    let in_rest = rest.iter().position(|byte| find(u64::from(*byte) | !0xff) != 0);
    bytes.len() - rest.len() + in_rest.unwrap_or(rest.len())
}
