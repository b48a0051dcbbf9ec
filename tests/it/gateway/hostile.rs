//! Ids written by an enemy: one segment, or a 400 with the field's name; never another path, header or query.

use offramp::sandbox::Simulator;
use offramp::sandbox::jumpcloud::seed;
use serde_json::{Value, json};

use super::ask::Answer;
use super::{Site, guardhouse, jumpcloud, slack};

fn hostile() -> Vec<String> {
    let mut texts: Vec<String> = [
        "../../admin?x=1#f",
        "a/b",
        "%2e%2e",
        "..",
        ".",
        "%2f",
        "102/../103",
        "102%2F..%2F103",
        "102?x=1",
        "102#",
        "102;x",
        "102&id=103",
        "102\r\nX-Evil: 1",
        "102\n",
        "\0",
        "102\0",
        "😀",
        "{{ account.client_secret }}",
        "{{ account.api_key }}",
        "{{ account.token }}",
        "${client_secret}",
        "<script>",
        "\\..\\..",
        "１０２",
        "\u{202e}201",
        "U../../x",
        "W012A3CDE,U0VENKMAN",
        "W012A3CDE\",\"U0VENKMAN",
        "5f9c1a2b3c4d5e6f7a8b9c0d/../5f9c1a2b3c4d5e6f7a8b9c0e",
        "x@y/../../z?email=john",
        "a&b=c@example.com",
        "*@*",
    ]
    .map(str::to_owned)
    .into();
    texts.push("x".repeat(10 << 10));
    texts.push(format!("U{}", "9".repeat(10 << 10)));
    texts
}

/// The paths that a removal may ask for, whatever was put into the request.
fn is_known(slug: &str, path: &str) -> bool {
    let segments: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    let plain = |segment: &str| {
        let safe = segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"%-_.~!@$'()*+,;:=&".contains(&byte));
        safe && ![".", ".."].contains(&segment.to_lowercase().replace("%2e", ".").as_str())
    };
    match (slug, segments.as_slice()) {
        ("guardhouse", ["connect", "token"] | ["api", "v1", "users" | "roles"]) => true,
        ("guardhouse", ["api", "v1", "users" | "roles", id]) => plain(id),
        ("guardhouse", ["api", "v1", "users", user, "roles", role]) => plain(user) && plain(role),
        ("jumpcloud", ["api", "users" | "systemusers"] | ["api", "v2", "roles"] | ["api", "search", "systemusers"]) => {
            true
        }
        ("jumpcloud", ["api", "users" | "systemusers", id] | ["api", "v2", "roles", id]) => plain(id),
        ("slack-enterprise", [method]) => method.starts_with("admin.roles.") || method.starts_with("users."),
        _ => false,
    }
}

/// The query names that the connector itself uses.
const QUERY_NAMES: [&str; 12] = [
    "limit",
    "skip",
    "sort",
    "filter",
    "cursor",
    "pageSize",
    "offset",
    "email",
    "role_ids",
    "entity_ids",
    "user",
    "include_locale",
];

#[track_caller]
fn stays_on_its_road(slug: &str, text: &str, field: &str, answer: &Answer) {
    let short: String = text.chars().take(60).collect();
    for recorded in &answer.calls {
        let call = &recorded.call;
        assert!(is_known(slug, &call.path), "{short:?} led to {}", call.path);
        for (name, _) in form_urlencoded::parse(call.query.as_bytes()) {
            assert!(QUERY_NAMES.contains(&&*name), "{short:?} led to the query {}", call.query);
        }
        assert!(call.headers.iter().all(|(name, _)| name != "x-evil"), "{short:?} led to a header");
    }
    assert!(answer.lost.is_empty(), "{short:?} took {:?}", answer.lost);
    assert!(answer.status >= 400 || answer.header("offramp-verified") != Some("no"), "{}", answer.text());
    if answer.status == 400 && answer.writes().is_empty() && answer.header("offramp-outcome").is_none() {
        let message = answer.json()["message"].as_str().unwrap().to_owned();
        assert!(message.contains(field), "{short:?} in {field}: {message}");
    }
    assert!(answer.status < 500, "{short:?} became our failure: {}", answer.text());
}

/// Puts every hostile text into one place of the demonstration's request, in the body and in the query.
async fn everywhere<S: Simulator>(site: &Site<S>, role_field: &str) {
    let demo = site.simulator.demo();
    let mut good = demo.body.clone();
    for (name, value) in &demo.query {
        good[*name] = serde_json::from_str(value).unwrap_or_else(|_| json!(value));
    }
    let slug = site.simulator.slug();
    for text in hostile() {
        let mut body = good.clone();
        body["id"] = json!(text);
        stays_on_its_road(slug, &text, "id", &site.ask().json(&body).send().await);
        body.as_object_mut().unwrap().remove("id");
        stays_on_its_road(slug, &text, "id", &site.ask().json(&body).query("id", &text).send().await);
        let mut body = good.clone();
        body["roles"] = json!([{role_field: text}]);
        stays_on_its_road(slug, &text, "role", &site.ask().json(&body).send().await);
        let other_field = if role_field == "id" { "name" } else { "id" };
        body["roles"] = json!([{other_field: text}]);
        stays_on_its_road(slug, &text, "role", &site.ask().json(&body).send().await);
    }
}

#[tokio::test]
async fn guardhouse_is_asked_nothing_strange() {
    everywhere(&guardhouse().await, "id").await;
}

#[tokio::test]
async fn jumpcloud_is_asked_nothing_strange() {
    everywhere(&jumpcloud().await, "name").await;
}

#[tokio::test]
async fn slack_is_asked_nothing_strange() {
    let site = slack().await;
    everywhere(&site, "id").await;
    for text in hostile() {
        let answer = site.unassign("W012A3CDE", "Rl03", &text).send().await;
        stays_on_its_road("slack-enterprise", &text, "workspace", &answer);
    }
}

#[tokio::test]
async fn guardhouse_never_hears_of_an_id_that_is_no_number() {
    let site = guardhouse().await;
    for text in hostile().iter().filter(|text| text.matches('@').count() != 1) {
        let body: Value = json!({"id": text, "roles": [{"id": "2"}]});
        let answer = site.ask().json(&body).send().await;
        answer.bad_input("id");
        assert!(answer.calls.is_empty(), "{text:?}: {:?}", answer.calls);
    }
}

#[tokio::test]
async fn an_enemys_account_id_finds_nothing() {
    let site = guardhouse().await;
    for text in hostile() {
        let body = json!({"id": "102", "roles": [{"id": "2"}]});
        let answer = site.call("POST", super::UNASSIGN).query("integrated_account_id", &text).json(&body).send().await;
        assert!([400, 404].contains(&answer.status), "{}", answer.text());
        assert!(answer.calls.is_empty());
    }
}

#[tokio::test]
async fn a_role_name_from_an_enemy_stays_a_name() {
    let site = jumpcloud().await;
    // A real role, with a comma in its name as filters use it.
    let answer = site.unassign(seed::STANDALONE_ADMIN, &["Auditors, EU"]).send().await;
    assert_eq!(answer.verdict(), "removed yes", "{}", answer.text());
    assert_eq!(site.simulator.role_names(seed::STANDALONE_ADMIN).unwrap(), ["Manager"]);
}
