//! A case's expectation within the scenario's: narrower is good, wider is refused.

use std::fmt::Display;

use super::scenario::Expect;
use super::words::OneOf;

const OUTCOMES: &[&str] = &["planned", "already_absent", "removed", "refused", "failed", "unknown", "none"];
const VERIFIED: &[&str] = &["yes", "skipped", "pending", "unverifiable", "inherited", "no", "none"];
pub(super) const KINDS: &[&str] = &[
    "invalid_request",
    "unauthenticated",
    "forbidden",
    "not_found",
    "conflict",
    "refused",
    "inherited",
    "payment_required",
    "credentials_rejected",
    "permission_missing",
    "rate_limited",
    "not_effective",
    "provider_error",
    "provider_unavailable",
    "provider_timeout",
    "internal",
];
const HELD_BEFORE: &[&str] = &["yes", "no", "unknown"];
const CONFIRMED_BY: &[&str] = &["read_back", "none"];
const ACCOUNT_STATUSES: &[&str] = &["active", "connecting", "post_install_error", "validation_error", "needs_reauth"];

impl Expect {
    /// What is said in words that do not exist.
    pub(super) fn unknown_words(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        let mut check = |key: &str, words: Option<&OneOf<String>>, allowed: &[&str]| {
            for word in words.map_or(&[][..], OneOf::values).iter().filter(|word| !allowed.contains(&word.as_str())) {
                wrong.push(format!("expect.{key}: `{word}` is none of {}", allowed.join(", ")));
            }
        };
        check("outcome", self.outcome.as_ref(), OUTCOMES);
        check("verified", self.verified.as_ref(), VERIFIED);
        check("kind", self.kind.as_ref(), &[KINDS, &["none"]].concat());
        check("held_before", self.held_before.as_ref(), HELD_BEFORE);
        check("confirmed_by", self.confirmed_by.as_ref(), CONFIRMED_BY);
        check("account_status", self.account_status.as_ref(), ACCOUNT_STATUSES);
        for item in &self.items {
            check("items.outcome", item.outcome.as_ref(), OUTCOMES);
            check("items.verified", item.verified.as_ref(), VERIFIED);
        }
        wrong
    }

    /// Where another allows what this does not.
    pub(super) fn widened_by(&self, other: &Self) -> Vec<String> {
        let mut wider = Vec::new();
        if let (Some(own), Some(theirs)) = (&self.status, &other.status) {
            let outside = theirs.values().iter().find(|one| !own.values().iter().any(|range| one.within(*range)));
            wider.extend(outside.map(|one| format!("expect.status: {one} is wider than {own}")));
        }
        let pairs = [
            ("outcome", &self.outcome, &other.outcome),
            ("verified", &self.verified, &other.verified),
            ("kind", &self.kind, &other.kind),
            ("held_before", &self.held_before, &other.held_before),
            ("confirmed_by", &self.confirmed_by, &other.confirmed_by),
            ("account_status", &self.account_status, &other.account_status),
        ];
        wider.extend(pairs.into_iter().filter_map(|(key, own, theirs)| {
            wider_set(own.as_ref()?, theirs.as_ref()?).map(|what| format!("expect.{key}: {what}"))
        }));
        for (place, theirs) in &other.calls {
            let own = self.calls.get(place);
            let what = own.and_then(|own| wider_set(own, theirs));
            wider.extend(what.map(|what| format!("expect.calls: {what}")));
        }
        for (name, theirs) in &other.headers {
            if self.headers.get(name).is_some_and(|own| own != theirs) {
                wider.push(format!("expect.headers.{name}: the scenario says it already"));
            }
        }
        for (key, own, theirs) in [
            ("items", !self.items.is_empty(), !other.items.is_empty()),
            ("passes_on", self.passes_on.is_some(), other.passes_on.is_some()),
            ("format", self.format.is_some(), other.format.is_some()),
        ] {
            if own && theirs {
                wider.push(format!("expect.{key}: the scenario says it already"));
            }
        }
        wider
    }

    /// Both expectations at once.
    #[must_use]
    pub(super) fn narrowed_by(&self, other: &Self) -> Self {
        let mut both = self.clone();
        let Expect { status, outcome, verified, kind, held_before, confirmed_by, account_status, .. } = other.clone();
        both.status = status.or(both.status);
        both.outcome = outcome.or(both.outcome);
        both.verified = verified.or(both.verified);
        both.kind = kind.or(both.kind);
        both.held_before = held_before.or(both.held_before);
        both.confirmed_by = confirmed_by.or(both.confirmed_by);
        both.account_status = account_status.or(both.account_status);
        both.items.extend(other.items.clone());
        both.headers.extend(other.headers.clone());
        both.calls.extend(other.calls.clone());
        both.message.extend(other.message.clone());
        both.lists_missing |= other.lists_missing;
        both.names_input |= other.names_input;
        both.passes_on = both.passes_on.or(other.passes_on);
        both.format = both.format.or(other.format);
        both
    }
}

fn wider_set<T: PartialEq + Display>(own: &OneOf<T>, theirs: &OneOf<T>) -> Option<String> {
    let outside = theirs.values().iter().find(|value| !own.values().contains(value))?;
    Some(format!("{outside} is not among {own}"))
}
