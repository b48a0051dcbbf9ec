//! The faults of the schedule, and where one cannot be.

use std::fmt;

use super::draw::Row;

/// What goes wrong: a row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    ConnectRefused,
    ResetBefore,
    ResetDuring,
    ResetAfter,
    SilentBefore,
    SilentAfter,
    SlowBytes,
    HalfBody,
    TruncatedChunk,
    ReplyTwice,
    AnothersReply,
    WrongContentType,
    MalformedJson,
    ClockSkew,
    ExpiredToken,
    RateLimitedWithTime,
    RateLimitedWithoutTime,
    ServerErrorBefore,
    ServerErrorAfter,
    DatabaseAway,
    HangUp,
    Kill,
}

impl Kind {
    pub const ALL: [Self; 22] = [
        Self::ConnectRefused,
        Self::ResetBefore,
        Self::ResetDuring,
        Self::ResetAfter,
        Self::SilentBefore,
        Self::SilentAfter,
        Self::SlowBytes,
        Self::HalfBody,
        Self::TruncatedChunk,
        Self::ReplyTwice,
        Self::AnothersReply,
        Self::WrongContentType,
        Self::MalformedJson,
        Self::ClockSkew,
        Self::ExpiredToken,
        Self::RateLimitedWithTime,
        Self::RateLimitedWithoutTime,
        Self::ServerErrorBefore,
        Self::ServerErrorAfter,
        Self::DatabaseAway,
        Self::HangUp,
        Self::Kill,
    ];

    /// Its name in the table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ConnectRefused => "connect refused",
            Self::ResetBefore => "reset before acting",
            Self::ResetDuring => "reset, acted later",
            Self::ResetAfter => "reset after acting",
            Self::SilentBefore => "silent, not acting",
            Self::SilentAfter => "silent, after acting",
            Self::SlowBytes => "slow bytes",
            Self::HalfBody => "half a body",
            Self::TruncatedChunk => "truncated chunk",
            Self::ReplyTwice => "reply twice",
            Self::AnothersReply => "another's reply",
            Self::WrongContentType => "wrong content type",
            Self::MalformedJson => "malformed JSON",
            Self::ClockSkew => "clock away by hours",
            Self::ExpiredToken => "expired token",
            Self::RateLimitedWithTime => "429s with a time",
            Self::RateLimitedWithoutTime => "429s without one",
            Self::ServerErrorBefore => "5xx, not acting",
            Self::ServerErrorAfter => "5xx after acting",
            Self::DatabaseAway => "database away",
            Self::HangUp => "caller hangs up",
            Self::Kill => "killed",
        }
    }

    /// Why it cannot be there.
    pub(super) fn impossible(self, row: &Row) -> Option<String> {
        let why = match (self, row.messages) {
            (Self::ReplyTwice | Self::AnothersReply, false) => {
                "in HTTP an answer comes once, on the call's own connection"
            }
            (Self::TruncatedChunk, true) => "a message has no chunks",
            (Self::WrongContentType, true) => "a message has no content type",
            (Self::ExpiredToken, _) => {
                let cannot = row.case.cannot_apply.get("expired-token");
                return cannot.map(|reason| reason.because.trim().to_owned());
            }
            _ => return None,
        };
        Some(why.to_owned())
    }

    /// Whether it spoils what an answer holds, rather than the call.
    pub(super) fn is_of_body(self) -> bool {
        matches!(
            self,
            Self::SlowBytes | Self::HalfBody | Self::TruncatedChunk | Self::WrongContentType | Self::MalformedJson
        )
    }

    /// Whether it strikes calls to the provider, at a place.
    pub(super) fn has_place(self) -> bool {
        !matches!(self, Self::ClockSkew | Self::ExpiredToken | Self::DatabaseAway | Self::HangUp)
    }

    /// Whether it may come on top of another.
    pub(super) fn may_be_second(self) -> bool {
        !matches!(self, Self::ExpiredToken | Self::HangUp | Self::Kill)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
