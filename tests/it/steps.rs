//! What a definition's steps come to where the provider's answers do not bear them out.

use offramp::sandbox::{Call, Fault, Reply};
use serde_json::json;

use crate::tokens::{Got, Known, Stage, definition};

const ACCOUNT: &str = "{ client_id: {}, client_secret: { secret: true } }";
const AUTH: &str = r#"  - scheme: oauth2_client_credentials
    token_url: /token
    client_id: "{{ account.client_id }}"
    client_secret: "{{ account.client_secret }}""#;

/// A provider of that definition, changed.
async fn stage(change: impl Fn(String) -> String) -> Stage {
    let script = |_: &Call, known: &mut Known| Reply::json(200, &json!({"access_token": known.issue()}));
    let stage = Stage::open(change(definition(ACCOUNT, AUTH, "")), script).await;
    stage.connected(json!({"client_id": "c", "client_secret": "the-secret"})).await
}

/// The same definition with these steps before its write.
fn with_steps(steps: &str) -> impl Fn(String) -> String {
    let steps = format!("    steps:\n{steps}      - write:\n");
    move |text| text.replace("    steps:\n      - write:\n", &steps)
}

fn writes(got: &Got) -> usize {
    got.calls.iter().filter(|recorded| recorded.call.method == "DELETE").count()
}

#[tokio::test]
async fn a_read_that_fails_is_no_absence_whatever_its_rule_says_of_a_write() {
    let step = with_steps("      - read: { name: get_user }\n");
    let rule = "  - { when: { status: 404 }, kind: not_found, outcome: already_absent }\n  - { when: { status: 4xx }";
    let stage = stage(|text| step(text).replace("  - { when: { status: 4xx }", rule)).await;
    stage.server.faults.always("GET", "/users/", Fault::Answer(Reply::empty(404)));
    let got = stage.unassign().await;
    assert_eq!((got.headers["offramp-outcome"].to_str().unwrap(), writes(&got)), ("failed", 0), "{}", got.body);
    assert_eq!((got.status, got.kind()), (404, "not_found"), "{}", got.body);
}

#[tokio::test]
async fn without_its_lock_nothing_is_written() {
    let read = "      - read: { name: get_user, when: .input.id == \"0\" }\n";
    for key in ["{{ get_user.body.id }}", "of {{ get_user.body.id }}"] {
        let stage = stage(with_steps(&format!("{read}      - lock: \"{key}\"\n"))).await;
        let got = stage.unassign().await;
        assert_eq!((got.headers["offramp-outcome"].to_str().unwrap(), writes(&got)), ("failed", 0), "{}", got.body);
        assert!(got.body["message"].as_str().unwrap().contains("the lock's key"), "{}", got.body);
    }
}

#[tokio::test]
async fn an_id_that_is_none_leaves_the_one_that_was_asked_for() {
    let stage = stage(|text| text).await;
    for id in [json!({"of": 7}), json!(7.5), json!(true), json!([7])] {
        stage.server.faults.always("GET", "/users/", Fault::Answer(Reply::json(200, &json!({"id": id, "roles": []}))));
        for format in ["unified", "normalized"] {
            let got = stage.unassign_as(format).await;
            assert_eq!((got.status, &got.body["id"]), (200, &json!("7")), "{format} of {id}: {}", got.body);
        }
    }
}
