//! A user whom nothing has shown to exist holds no role, and that proves nothing.

use offramp::sandbox::{Call, Reply};
use serde_json::json;

use crate::tokens::{Known, Stage, definition};

const ACCOUNT: &str = "{ client_id: {}, client_secret: { secret: true } }";
const AUTH: &str = r#"  - scheme: oauth2_client_credentials
    token_url: /token
    client_id: "{{ account.client_id }}"
    client_secret: "{{ account.client_secret }}""#;
const READ: &str = r#"path: "/users/{{ input.id }}""#;

/// How sure the removal of a role is that the provider accepted and does not list any more.
async fn verified(change: impl Fn(String) -> String) -> String {
    let text = change(definition(ACCOUNT, AUTH, ""));
    let script = |_: &Call, known: &mut Known| Reply::json(200, &json!({"access_token": known.issue()}));
    let stage = Stage::open(text, script).await;
    let stage = stage.connected(json!({"client_id": "c", "client_secret": "the-secret"})).await;
    let got = stage.unassign().await;
    assert_eq!(got.headers["offramp-outcome"], "removed", "{}", got.body);
    got.headers["offramp-verified"].to_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_user_is_shown_by_a_read_of_their_own_or_as_the_definition_says() {
    let shows = |shows: &str| {
        let proof = format!("accepted_shows_role: true\n  shows_user: {shows}");
        move |text: String| text.replace("accepted_shows_role: true", &proof)
    };
    let searched = |text: String| text.replace(READ, r#"path: /users, query: { id: "{{ input.id }}" }"#);
    // The id in the path, and a 2xx.
    assert_eq!(verified(|text| text).await, "yes");
    // A search answers for nobody, too.
    assert_eq!(verified(searched).await, "unverifiable");
    assert_eq!(verified(|text| shows(".get_user.body.id == .input.id")(searched(text))).await, "yes");
    assert_eq!(verified(|text| shows(".unassign.status == 204")(searched(text))).await, "yes");
    // What the definition says stands in place of the path.
    assert_eq!(verified(shows(".get_user.body.id == 8")).await, "unverifiable");
    // Good answers may be other than a 2xx.
    let missing =
        |text: String| text.replace("success: { status: 200 } }\ninputs", "success: { status: [200, 404] } }\ninputs");
    assert_eq!(verified(missing).await, "yes");
}
