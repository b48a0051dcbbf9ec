//! Answers: what is taken for success, and what the error rules make of the rest.

use super::Lint;
use super::places::{Seg, below, way};
use crate::connector::definition::{AuthSource, CallSource, ErrorOutcome, ErrorRuleSource, StepSource, StopOutcome};
use crate::expression::MatcherSource;
use crate::model::ErrorKind;

/// A set of statuses, from 100 to 599.
#[derive(Clone)]
struct Statuses([bool; 500]);

impl Statuses {
    fn none() -> Self {
        Self([false; 500])
    }

    /// Those a matcher names; all, where it names none.
    fn of(matcher: &MatcherSource) -> Self {
        let Some(spec) = &matcher.status else { return Self([true; 500]) };
        let mut statuses = Self::none();
        let list = spec.as_array().map_or_else(|| std::slice::from_ref(spec), Vec::as_slice);
        for one in list {
            let class = one.as_str().and_then(|text| text.strip_suffix("xx")?.parse::<usize>().ok());
            let range = match (one.as_u64().and_then(|status| usize::try_from(status).ok()), class) {
                (Some(status), _) => status..status + 1,
                (None, Some(class)) => class * 100..class * 100 + 100,
                (None, None) => continue,
            };
            range.filter_map(|status| status.checked_sub(100)).for_each(|at| {
                if let Some(member) = statuses.0.get_mut(at) {
                    *member = true;
                }
            });
        }
        statuses
    }

    fn has(&self, status: usize) -> bool {
        self.0.get(status - 100).copied().unwrap_or_default()
    }

    fn has_any(&self, range: std::ops::Range<usize>) -> bool {
        range.into_iter().any(|status| self.has(status))
    }

    fn is_within(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).all(|(own, other)| !own || *other)
    }

    fn add(&mut self, other: &Self) {
        self.0.iter_mut().zip(&other.0).for_each(|(own, other)| *own |= other);
    }
}

/// Whether nothing but the status decides.
fn by_status(matcher: &MatcherSource) -> bool {
    matcher.body.is_empty() && matcher.text.is_none() && matcher.when.is_none()
}

/// What a status is expected to mean.
const EXPECTED: &[(usize, ErrorKind, &str)] = &[
    (401, ErrorKind::CredentialsRejected, "credentials_rejected"),
    (403, ErrorKind::PermissionMissing, "permission_missing"),
    (429, ErrorKind::RateLimited, "rate_limited"),
    (500, ErrorKind::ProviderUnavailable, "provider_unavailable"),
    (503, ErrorKind::ProviderUnavailable, "provider_unavailable"),
];

impl<'d> Lint<'d> {
    pub(super) fn answers(&mut self) {
        let definition = self.definition;
        let common = way!["errors"];
        self.common_errors();
        self.rules(&common, &definition.errors, true);
        for (name, call) in &definition.reads {
            let way = way!["reads", name];
            self.rules(&below(&way, way!["errors"]), &call.errors, false);
            self.success(&way, call);
            for (index, rule) in call.errors.iter().enumerate() {
                if rule.settle.is_some() {
                    let message = "`settle` is for a refused write: a read that fails settles nothing";
                    self.error("L015", &below(&way, way!["errors", index, "settle"]), message);
                }
            }
        }
        for (way, write) in self.writes() {
            let call = below(&way, way!["call"]);
            self.rules(&below(&call, way!["errors"]), &write.call.errors, true);
            self.success(&call, &write.call);
            if write.call.paginate.is_some() {
                let message = "a write has no pages: it would be sent once for each";
                self.error("L030", &below(&call, way!["paginate"]), message);
            }
            if !write.repeatable {
                self.repeats(&way, &write.call);
            }
        }
        for (index, step) in definition.operations.unassign_role.steps.iter().enumerate() {
            let StepSource::Stop(stop) = step else { continue };
            let way = way!["operations", "users.unassign-role", "steps", index, "stop"];
            if let Some(kind) = stop.kind.filter(|kind| is_ours(*kind)) {
                self.error("L026", &below(&way, way!["kind"]), ours(kind));
            }
            if definition.proof.read_lag_s > 0 && matches!(stop.outcome, StopOutcome::AlreadyAbsent) {
                let message =
                    "reads lag (`read_lag_s`): a role that was given a moment ago is not shown yet, and not absent";
                self.warning("L036", &below(&way, way!["outcome"]), message);
            }
        }
    }

    /// What each status must be told apart by, whatever else the provider says.
    fn common_errors(&mut self) {
        let rules = &self.definition.errors;
        for (status, kind, word) in EXPECTED {
            let first = rules.iter().position(|rule| by_status(&rule.when) && Statuses::of(&rule.when).has(*status));
            match first.map(|index| (index, &rules[index])) {
                None => {
                    let message = format!("no rule says what a {status} means; it is expected to be `{word}`");
                    self.warning("L019", &way!["errors"], message);
                }
                Some((index, rule)) if rule.kind != *kind => {
                    let message = format!("a {status} is expected to be `{word}`");
                    self.warning("L019", &way!["errors", index, "kind"], message);
                }
                Some(_) => {}
            }
        }
    }

    /// `of_write`: they may say what became of a write.
    fn rules(&mut self, way: &[Seg], rules: &'d [ErrorRuleSource], of_write: bool) {
        let mut covered = Statuses::none();
        for (index, rule) in rules.iter().enumerate() {
            let at = |key: &str| below(way, way![index, key]);
            let statuses = Statuses::of(&rule.when);
            if statuses.is_within(&covered) {
                let message = "this rule is never reached: what stands before it matches all that it matches";
                self.error("L022", &below(way, way![index]), message);
            }
            if by_status(&rule.when) {
                covered.add(&statuses);
                if of_write && statuses.has_any(500..600) && rule.outcome != Some(ErrorOutcome::Unknown) {
                    let message = "after a 5xx the write may have been done: say `outcome: unknown`";
                    self.error("L020", &at("when"), message);
                }
                if rule.outcome == Some(ErrorOutcome::AlreadyAbsent) {
                    let message = "`already_absent` by the status alone: a wrong user or role may answer the same";
                    self.warning("L021", &at("outcome"), message);
                    self.hint("name the provider's own code or words with `body` or `text`");
                }
            }
            if is_ours(rule.kind) {
                self.error("L026", &at("kind"), ours(rule.kind));
            }
        }
    }

    /// A success by its status alone hides the errors that stand in that status.
    fn success(&mut self, way: &[Seg], call: &CallSource) {
        if !by_status(&call.success) {
            return;
        }
        let success = Statuses::of(&call.success);
        let hides = |rule: &ErrorRuleSource, range: std::ops::Range<usize>| {
            let statuses = Statuses::of(&rule.when);
            rule.when.status.is_some() && range.into_iter().any(|status| statuses.has(status) && success.has(status))
        };
        let own = call.errors.iter().enumerate().filter(|(_, rule)| hides(rule, 100..600));
        let own = own.map(|(index, _)| below(way, way!["errors", index]));
        // What else is success here may be an error elsewhere; a 2xx is none by its status.
        let common = self.definition.errors.iter().enumerate().filter(|(_, rule)| hides(rule, 200..300));
        let hidden = own.chain(common.map(|(index, _)| way!["errors", index])).next();
        if let Some(rule) = hidden {
            let line = self.line_of(&rule);
            let message =
                format!("`success` looks at the status alone, and the rule on line {line} finds errors in it");
            self.error("L009", &below(way, way!["success"]), message);
            self.hint("say with `body`, `text` or `when` what a good answer holds");
        }
    }

    /// Where a refusal of the credentials makes the engine send again what must not be sent twice.
    fn repeats(&mut self, way: &[Seg], call: &CallSource) {
        let definition = self.definition;
        let renews = definition.auth.iter().any(|auth| !matches!(auth, AuthSource::Headers(_)));
        let common = definition.errors.iter().enumerate().map(|(index, rule)| (way!["errors", index], rule));
        let own = call.errors.iter().enumerate();
        let own = own.map(|(index, rule)| (below(way, way!["call", "errors", index]), rule));
        let late = own.chain(common).find(|(_, rule)| {
            let statuses = Statuses::of(&rule.when);
            let before_the_act = Statuses::of(&MatcherSource { status: Some([401, 403].into()), ..Default::default() });
            rule.kind == ErrorKind::CredentialsRejected && !statuses.is_within(&before_the_act)
        });
        if let Some((rule, _)) = late.filter(|_| renews) {
            let line = self.line_of(&rule);
            let message = format!(
                "after the rule on line {line} the credentials are renewed and this write is sent again, though it is \
                 not `repeatable` and that answer does not show that nothing was done"
            );
            self.error("L007", &below(way, way!["repeatable"]), message);
        }
    }

    fn line_of(&self, way: &[Seg]) -> usize {
        let (offset, _) = self.places.find(way);
        self.source.text[..offset].matches('\n').count() + 1
    }
}

fn is_ours(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::Unauthenticated | ErrorKind::Forbidden | ErrorKind::Internal)
}

fn ours(kind: ErrorKind) -> String {
    let word = serde_json::to_value(kind).unwrap_or_default();
    format!("`{}` is said of this gateway's own callers, never of a provider", word.as_str().unwrap_or_default())
}
