//! The oracle, proven: each kind of lie is planted, in a provider or in the gateway's answer, and the suite fails.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use offramp::connector::embedded;
use offramp::sandbox::guardhouse::Guardhouse;
use offramp::sandbox::{Call, Clock, Demo, Reply, Simulator};
use offramp::suite::oracle::{Asked, Facts, Lie, judge};
use offramp::suite::{Answer, Bench, Checker, Verdict, scenarios};
use serde_json::{Value, json};

/// A provider whose removals do something else than they say.
struct Twisted {
    inner: Guardhouse,
    twist: Twist,
    struck: Mutex<bool>,
}

#[derive(Clone, Copy)]
pub(super) enum Twist {
    /// Nothing.
    None,
    /// Another membership goes as well.
    TakesAnother,
    /// Somebody gets something by it.
    GivesAnother,
    /// Every read shows the role gone, and it is still held.
    KeepsSecretly,
    /// The removal is refused with this status, and done.
    DoesAndDenies(u16),
}

impl Simulator for Twisted {
    fn slug(&self) -> &'static str {
        "guardhouse"
    }

    fn handle(&self, call: &Call) -> Reply {
        let reply = self.inner.handle(call);
        if call.method != "DELETE" {
            return reply;
        }
        *self.struck.lock().unwrap() = true;
        match self.twist {
            Twist::TakesAnother => self.inner.unassign(102, 3),
            Twist::GivesAnother => self.inner.assign(106, 1),
            Twist::DoesAndDenies(status) => return Reply::json(status, &json!({"title": "no"})),
            Twist::None | Twist::KeepsSecretly => {}
        }
        reply
    }

    fn memberships(&self) -> BTreeSet<String> {
        let mut facts = self.inner.memberships();
        if matches!(self.twist, Twist::KeepsSecretly) && *self.struck.lock().unwrap() {
            facts.insert("user 102 holds role 2".to_owned());
        }
        facts
    }

    fn turn(&self, switch: &str, to: &Value) -> Result<(), String> {
        self.inner.turn(switch, to)
    }

    fn demo(&self) -> Demo {
        self.inner.demo()
    }
}

/// The suite with that provider in Guardhouse's place.
pub(super) fn bench(twist: Twist) -> Bench {
    let mut cases = super::cases(&scenarios().unwrap());
    cases.retain(|slug, _| slug == "guardhouse");
    let mut bench = Bench::new(embedded().unwrap(), cases).unwrap();
    bench.simulators = Arc::new(move |_: &str, clock: &Clock| {
        Some(Arc::new(Twisted { inner: Guardhouse::new(clock.clone()), twist, struck: Mutex::default() }))
    });
    bench
}

/// The suite with a gateway that exchanges these words in what it says of a removal, and its status.
pub(super) fn lying(
    mut bench: Bench,
    exchanged: &'static [(&'static str, &'static str)],
    status: Option<u16>,
) -> Bench {
    bench.around = Some(Arc::new(move |app: Router| {
        app.layer(axum::middleware::map_response(move |response: Response| async move {
            let (mut head, body) = response.into_parts();
            if !head.headers.contains_key("offramp-outcome") {
                return Response::from_parts(head, body);
            }
            let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
            let mut json = serde_json::from_slice(&body).unwrap();
            for (from, to) in exchanged {
                exchange(&mut json, from, to);
                for value in head.headers.values_mut().filter(|value| value.to_str().is_ok_and(|value| value == *from))
                {
                    *value = to.parse().unwrap();
                }
            }
            head.headers.remove("content-length");
            head.status = status.map_or(head.status, |status| status.try_into().unwrap());
            Response::from_parts(head, Body::from(json.to_string()))
        }))
    }));
    bench
}

fn exchange(json: &mut Value, from: &str, to: &str) {
    match json {
        Value::String(text) if text == from => to.clone_into(text),
        Value::Array(list) => list.iter_mut().for_each(|value| exchange(value, from, to)),
        Value::Object(map) => map.values_mut().for_each(|value| exchange(value, from, to)),
        _ => {}
    }
}

/// Plays one scenario; gives everything that is wrong, a line each.
async fn problems(bench: Bench, scenario: &str) -> String {
    let played = Arc::new(bench).play(Some(scenario)).await;
    let [one] = played.as_slice() else { panic!("{scenario} was not played once") };
    match &one.verdict {
        Verdict::Passed => String::new(),
        Verdict::Failed { failures } => {
            failures.iter().flat_map(|failure| failure.problems.clone()).collect::<Vec<_>>().join("\n")
        }
        Verdict::CannotApply(_) => panic!("{scenario} cannot apply"),
    }
}

#[track_caller]
fn found(problems: &str, lie: &str) {
    assert!(problems.contains(lie), "expected to be found: {lie}\nfound:\n{problems}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_lie_there_is_none() {
    for scenario in ["removed", "lost-request", "unknown-role", "read-lag", "two-at-once"] {
        assert_eq!(problems(bench(Twist::None), scenario).await, "", "{scenario}");
        assert_eq!(problems(lying(bench(Twist::None), &[], None), scenario).await, "", "{scenario}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_takes_another_membership_is_seen() {
    let problems = problems(bench(Twist::TakesAnother), "removed").await;
    found(&problems, "lost what nobody named: user 102 holds role 3");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_gives_something_is_seen() {
    let problems = problems(bench(Twist::GivesAnother), "removed").await;
    found(&problems, "gained what was not there: user 106 holds role 1");
}

#[tokio::test(flavor = "multi_thread")]
async fn gone_is_not_said_of_what_is_held() {
    let problems = problems(bench(Twist::KeepsSecretly), "removed").await;
    found(&problems, "said removed, but it is held: user 102 holds role 2");
    found(&problems, "said to be verified, but it is held");
    found(&problems, "loses: expected to be lost, and it is held");
}

#[tokio::test(flavor = "multi_thread")]
async fn not_done_is_not_said_of_what_was_done() {
    // The provider's clear no is believed, and the oracle believes nobody.
    let problems = problems(bench(Twist::DoesAndDenies(403)), "removed").await;
    found(&problems, "said failed, but it was done: user 102 holds role 2");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_claims_what_it_does_not_know_is_seen() {
    let claims = &[("unknown", "removed"), ("no", "yes")];
    let problems = problems(lying(bench(Twist::None), claims, Some(200)), "lost-request").await;
    found(&problems, "said removed, but it is held");
    found(&problems, "said to be verified, but it is held");
    found(&problems, "outcome: expected unknown, got removed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_denies_what_it_did_is_seen() {
    for word in ["failed", "refused", "planned", "already_absent"] {
        let exchanged: &'static [_] = Box::leak(Box::new([("removed", word)]));
        let problems = problems(lying(bench(Twist::None), exchanged, None), "removed").await;
        found(&problems, &format!("said {word}, but it was done: user 102 holds role 2"));
    }
    let unknown = lying(bench(Twist::None), &[("removed", "unknown"), ("yes", "unverifiable")], Some(502));
    found(&problems(unknown, "removed").await, "said unknown where it can be known");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_flatters_is_seen() {
    let problems = problems(lying(bench(Twist::None), &[], Some(200)), "lost-request").await;
    found(&problems, "status 200 for unknown / no");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mistyped_role_is_not_verified() {
    let claims = &[("failed", "removed"), ("unverifiable", "yes"), ("skipped", "yes")];
    let problems = problems(lying(bench(Twist::None), claims, Some(200)), "unknown-role").await;
    found(&problems, "verified: expected unverifiable or skipped or none, got yes");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_made_up_past_is_seen() {
    let problems = problems(lying(bench(Twist::None), &[("unknown", "no")], None), "removed").await;
    found(&problems, "held_before is no, which is not so: user 102 holds role 2");
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_is_judged_too() {
    let mut silent = bench(Twist::None);
    silent.around = Some(Arc::new(|app: Router| {
        app.layer(axum::middleware::map_response(async |response: Response| {
            assert!(!response.headers().contains_key("offramp-outcome"), "nothing is said of this removal");
            response
        }))
    }));
    let problems = problems(silent, "removed").await;
    found(&problems, "no answer, or half of one; and lost: user 102 holds role 2");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_in_an_answer_is_seen() {
    let leak = &[("Support Agent", "sandbox-only-secret")];
    let problems = problems(lying(bench(Twist::None), leak, None), "removed").await;
    found(&problems, "the answer shows a secret");
}

/// Dislikes every write.
struct Strict;

impl Checker for Strict {
    fn check(&self, slug: &str, call: &Call, reply: Option<&Reply>) -> Vec<String> {
        let status = reply.map(|reply| reply.status);
        let disliked = call.method == "DELETE" && status == Some(204);
        disliked.then(|| format!("{slug}: {} is in no document", call.path)).into_iter().collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checker_sees_every_call_and_its_reply() {
    let mut bench = bench(Twist::None);
    bench.checkers.push(Arc::new(Strict));
    found(&problems(bench, "removed").await, "guardhouse: /api/v1/users/102/roles/2 is in no document");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_in_no_document_is_seen() {
    let problems = problems(bench(Twist::DoesAndDenies(418)), "removed").await;
    found(&problems, "not as the provider documents it: DELETE /api/v1/users/{");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_beside_the_roads_is_seen() {
    let mut bench = bench(Twist::None);
    let case = bench.cases.get_mut("guardhouse").unwrap();
    case.roads.retain(|road, _| !road.to_string().starts_with("GET /api/v1/users/"));
    found(&problems(bench, "removed").await, "asked the provider for GET /api/v1/users/102, which is on no road");
}

fn facts(lines: &[&str]) -> Facts {
    lines.iter().map(|line| (*line).to_owned()).collect()
}

/// What is asked for `a`, and what is answered of it.
fn asked(outcome: &str, verified: &str, held_before: &str) -> Asked {
    let item = json!({"outcome": outcome, "verified": verified, "held_before": held_before});
    let body = json!({"unassignment": {"items": [item]}});
    let answer = Answer { status: 200, headers: http::HeaderMap::new(), body: body.to_string().into(), whole: true };
    Asked { facts: vec![Some("a".to_owned())], also: Vec::new(), answer: Some(answer), may_be_unknown: false }
}

#[test]
fn the_oracle_judges_each_claim() {
    let fact = "a".to_owned();
    let said = |word: &str| (fact.clone(), word.to_owned());
    let gone = |(fact, said)| Lie::SaidGone { fact, said };
    let not_done = |(fact, said)| Lie::SaidNotDone { fact, said };
    let (held, lost) = (facts(&["a", "b"]), facts(&["b"]));
    let (too_few, another) = (facts(&[]), facts(&["b", "c"]));
    let table: Vec<(Asked, &Facts, &Facts, Vec<Lie>)> = vec![
        (asked("removed", "yes", "yes"), &held, &lost, vec![]),
        (asked("removed", "unverifiable", "unknown"), &held, &lost, vec![]),
        (asked("already_absent", "yes", "no"), &lost, &lost, vec![]),
        (asked("refused", "skipped", "unknown"), &held, &held, vec![]),
        (asked("removed", "skipped", "unknown"), &held, &held, vec![gone(said("removed"))]),
        (asked("already_absent", "skipped", "unknown"), &held, &held, vec![gone(said("already_absent"))]),
        (asked("failed", "skipped", "unknown"), &held, &lost, vec![not_done(said("failed"))]),
        (asked("planned", "skipped", "unknown"), &held, &lost, vec![not_done(said("planned"))]),
        (asked("failed", "yes", "unknown"), &held, &held, vec![Lie::ProvenGone { fact: fact.clone() }]),
        (asked("removed", "no", "unknown"), &held, &lost, vec![Lie::ProvenHeld { fact: fact.clone() }]),
        (asked("unknown", "unverifiable", "unknown"), &held, &held, vec![Lie::SaidUnknown { fact: fact.clone() }]),
        (
            asked("refused", "skipped", "no"),
            &held,
            &held,
            vec![Lie::SaidHeldBefore { fact: fact.clone(), said: "no".into() }],
        ),
        (
            asked("removed", "yes", "yes"),
            &lost,
            &lost,
            vec![Lie::SaidHeldBefore { fact: fact.clone(), said: "yes".into() }],
        ),
        (asked("removed", "yes", "unknown"), &held, &too_few, vec![Lie::TouchedAnother { fact: "b".into() }]),
        (asked("removed", "yes", "unknown"), &held, &another, vec![Lie::MadeUp { fact: "c".into() }]),
    ];
    for (asked, before, after, lies) in table {
        let said = asked.answer.as_ref().unwrap().json().to_string();
        assert_eq!(judge(&[asked], before, after), lies, "{said}: {before:?} became {after:?}");
    }
}

#[test]
fn the_oracle_judges_what_is_not_said() {
    let (held, lost) = (facts(&["a"]), facts(&[]));
    let silent = Asked { answer: None, ..asked("", "", "") };
    let unanswered = |lost: &[&str]| Lie::Unanswered { lost: lost.iter().map(|fact| (*fact).to_owned()).collect() };
    assert_eq!(judge(std::slice::from_ref(&silent), &held, &lost), [unanswered(&["a"])]);
    assert_eq!(judge(&[silent], &held, &held), [unanswered(&[])]);
    let mut broken = asked("removed", "yes", "yes");
    broken.answer.as_mut().unwrap().whole = false;
    assert_eq!(judge(&[broken], &held, &lost), [unanswered(&["a"])]);
    let mut two = asked("removed", "yes", "yes");
    two.facts.push(Some("b".to_owned()));
    assert_eq!(judge(&[two], &held, &lost), [Lie::Miscounted { named: 2, said: 1 }]);
    // Two who take the same thing at once: either may say that it was not there.
    let both = [asked("removed", "yes", "yes"), asked("already_absent", "yes", "no")];
    assert_eq!(judge(&both, &held, &lost), []);
    let mut allowed = asked("unknown", "unverifiable", "unknown");
    allowed.may_be_unknown = true;
    assert_eq!(judge(&[allowed], &held, &lost), []);
}
