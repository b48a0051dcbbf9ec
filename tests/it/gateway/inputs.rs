//! What a request must say, where it may say it, and what is refused before anything is sent.

use offramp::sandbox::Simulator;
use offramp::sandbox::jumpcloud::seed;
use serde_json::{Value, json};

use super::{guardhouse, jumpcloud, slack};

fn texts(list: &Value) -> Vec<&str> {
    list.as_array().map(|list| list.iter().filter_map(Value::as_str).collect()).unwrap_or_default()
}

#[tokio::test]
async fn all_that_is_missing_is_listed_at_once() {
    let site = guardhouse().await;
    let body = site.ask().send().await.bad_input("");
    let insight = &body["truto_error_insight"];
    assert_eq!(texts(&insight["missing_required_body_fields"]), ["id", "roles"], "{body}");
    let body = site.ask().json(&json!({"id": "102", "roles": []})).send().await.bad_input("roles");
    assert_eq!(texts(&body["truto_error_insight"]["missing_required_body_fields"]), ["roles"], "{body}");
    let site = slack().await;
    let body = site.ask().send().await.bad_input("");
    let missing = texts(&body["truto_error_insight"]["missing_required_query_parameters"]).join(" ");
    for name in ["id", "roles", "workspace_id"] {
        assert!(missing.split(' ').any(|listed| listed == name), "{name} is missing: {body}");
    }
    let site = jumpcloud().await;
    let body = site.ask().send().await.bad_input("");
    assert_eq!(texts(&body["truto_error_insight"]["missing_required_body_fields"]), ["id", "roles"], "{body}");
}

#[tokio::test]
async fn empty_means_absent() {
    let site = guardhouse().await;
    for body in [
        json!({"id": "", "roles": [{"id": "2"}]}),
        json!({"id": null, "roles": [{"id": "2"}]}),
        json!({"id": "102"}),
        json!({"id": "102", "roles": []}),
        json!({"id": "102", "roles": null}),
        json!({"id": "102", "roles": {}}),
        json!({"id": "102", "roles": [{}]}),
        json!({"id": "102", "roles": [{"id": "", "name": null}]}),
    ] {
        let answer = site.ask().json(&body).send().await;
        assert_eq!(answer.status, 400, "{body}: {}", answer.text());
        answer.bad_input("");
    }
}

#[tokio::test]
async fn inputs_may_stand_in_the_query_or_in_the_body() {
    let site = guardhouse().await;
    let target = "user 102 holds role 2";
    let in_query = site.ask().query("id", "102").query("roles", r#"[{"id":"2"}]"#).target(target).send().await;
    assert_eq!(in_query.verdict(), "removed yes", "{}", in_query.text());
    site.simulator.assign(102, 2);
    let brackets = site.ask().query("id", "102").raw_query("roles[][id]=2").target(target).send().await;
    assert_eq!(brackets.verdict(), "removed yes", "{}", brackets.text());
    site.simulator.assign(102, 2);
    let encoded = site.ask().query("id", "102").raw_query("roles%5B0%5D%5Bid%5D=2").target(target).send().await;
    assert_eq!(encoded.verdict(), "removed yes", "{}", encoded.text());
    site.simulator.assign(102, 2);
    let mixed = site.ask().query("id", "102").json(&json!({"roles": [{"id": "2"}]})).target(target).send().await;
    assert_eq!(mixed.verdict(), "removed yes", "{}", mixed.text());
    let site = slack().await;
    let body = json!({"id": "W012A3CDE", "roles": [{"id": "Rl03"}], "workspace_id": "T012AB3C4"});
    let in_body = site.ask().json(&body).target("user W012A3CDE holds role Rl03 on T012AB3C4").send().await;
    assert_eq!(in_body.verdict(), "removed yes", "{}", in_body.text());
}

#[tokio::test]
async fn given_in_both_places_they_must_agree() {
    let site = guardhouse().await;
    // "given in both with different values: 400".
    site.unassign(102, &[2]).query("id", "103").send().await.bad_input("id");
    site.unassign(102, &[2]).query("roles", r#"[{"id":"3"}]"#).send().await.bad_input("roles");
    let both = site.unassign(102, &[2]).query("id", "102").query("roles", r#"[{"id":"2"}]"#).send().await;
    assert_eq!(both.verdict(), "removed yes", "{}", both.text());
    let site = slack().await;
    site.demo().json(&json!({"workspace_id": "T0FIELD01"})).send().await.bad_input("workspace_id");
}

#[tokio::test]
async fn an_items_own_scope_and_the_requests_scope_must_agree() {
    let site = slack().await;
    let ask = |roles: Value| site.ask().query("id", "W012A3CDE").query("roles", &roles.to_string());
    let held = "user W012A3CDE holds role Rl03 on T012AB3C4";
    let differing = ask(json!([{"id": "Rl03", "workspace": "T012AB3C4"}])).query("workspace_id", "T0FIELD01");
    differing.target(held).send().await.bad_input("workspace");
    // "or one scope has more than one candidate: 400".
    let two = ask(json!([{"id": "Rl03"}])).json(&json!({"organizations": [{"id": "E0ACME4242"}, {"id": "E0OTHER01"}]}));
    two.target(held).send().await.bad_input("organization");
    let own = ask(json!([{"id": "Rl03", "workspace": "T012AB3C4"}])).target(held).send().await;
    assert_eq!(own.verdict(), "removed yes", "{}", own.text());
}

#[tokio::test]
async fn what_is_said_twice_is_refused() {
    let site = guardhouse().await;
    site.demo().raw_query("verify=once&verify=wait").send().await.bad_input("verify");
    site.ask().raw_query("id=102&id=103").json(&json!({"roles": [{"id": "2"}]})).send().await.bad_input("id");
    let twice = br#"{"id":"102","roles":[{"id":"2"}],"id":"103"}"#;
    site.ask().body(twice).send().await.bad_input("id");
    let deep = br#"{"id":"102","roles":[{"id":"2","id":"3"}]}"#;
    site.ask().body(deep).send().await.bad_input("id");
    site.demo().query("dry_run", "true").query("truto_skip_api_call", "false").send().await.bad_input("dry_run");
    let twice = format!("integrated_account_id={}", site.account);
    site.demo().raw_query(&twice).send().await.bad_input("integrated_account_id");
}

#[tokio::test]
async fn a_slip_of_the_pen_is_no_removal() {
    let site = guardhouse().await;
    for (slip, meant) in [
        ("dryrun=true", "dry_run"),
        ("verfy=wait", "verify"),
        ("chek_before=true", "check_before"),
        ("Dry_Run=1", "dry_run"),
    ] {
        site.demo().raw_query(slip).send().await.bad_input(meant);
    }
    let answer = site.demo().query("utm_source", "newsletter").send().await;
    assert_eq!(answer.verdict(), "removed yes");
    assert_eq!(answer.header("offramp-ignored-parameters"), Some("utm_source"));
}

#[tokio::test]
async fn a_wrong_value_of_a_known_name_is_refused() {
    let site = guardhouse().await;
    for (name, value) in [
        ("verify", "always"),
        ("check_before", "maybe"),
        ("dry_run", "2"),
        ("truto_skip_api_call", "yes please"),
        ("truto_ignore_remote_data", "perhaps"),
        ("truto_response_format", "xml"),
        ("remote_query", "just text"),
        ("roles", "[{"),
    ] {
        site.demo().query(name, value).send().await.bad_input(name);
    }
    for malformed in ["roles[0=x", "roles]0[=x", "roles[0][id=3"] {
        assert_eq!(site.demo().raw_query(malformed).send().await.status, 400, "{malformed}");
    }
}

#[tokio::test]
async fn a_body_is_an_object_whatever_its_content_type() {
    let site = guardhouse().await;
    for body in ["[]", "\"text\"", "12", "true", "{", "{\"id\":\"102\"", "id=102", "\u{feff}", "{}{}"] {
        let answer = site.ask().body(body.as_bytes()).send().await;
        assert_eq!(answer.status, 400, "{body}: {}", answer.text());
    }
    let demo = site.simulator.demo().body.to_string();
    let asked = site.ask().body(demo.as_bytes()).header("content-type", "text/plain").target("user 102 holds role 2");
    assert_eq!(asked.send().await.verdict(), "removed yes");
    let site = slack().await;
    assert_eq!(site.demo().body(b"").send().await.verdict(), "removed yes", "an empty body is {{}}");
}

#[tokio::test]
async fn deep_and_huge_bodies_are_refused() {
    let site = guardhouse().await;
    for depth in [65, 1_000, 100_000] {
        let deep = format!("{}1{}", "{\"a\":".repeat(depth - 1), "}".repeat(depth - 1));
        let body = format!("{{\"id\":\"102\",\"roles\":[{{\"id\":\"2\"}}],\"remote_data\":{deep}}}");
        let answer = site.ask().body(body.as_bytes()).send().await;
        assert_eq!(answer.status, 400, "{depth}: {}", answer.text());
    }
    let deep = format!("remote_query{}=1", "[a]".repeat(17));
    site.demo().raw_query(&deep).send().await.bad_input("remote_query");
    let mut huge = br#"{"id":"102","roles":[{"id":"2"}],"remote_data":{"filler":""#.to_vec();
    huge.resize(1 << 20, b'x');
    huge.extend_from_slice(b"\"}}");
    let answer = site.ask().body(&huge).send().await;
    assert_eq!(answer.status, 413, "{}", answer.text());
    assert!(answer.calls.is_empty());
    assert_eq!(site.demo().send().await.verdict(), "removed yes", "the gateway is still well");
}

#[tokio::test]
async fn the_vendors_own_input_rules_are_kept_before_any_call() {
    let site = guardhouse().await;
    for id in ["0", "-1", "+1", "1e2", "1.0", "2147483648", "0x65", " 102", "102 ", "١٠٢", "102/roles/2"] {
        site.ask().json(&json!({"id": id, "roles": [{"id": "2"}]})).send().await.bad_input("id");
        site.ask().json(&json!({"id": "102", "roles": [{"id": id}]})).send().await.bad_input("id");
    }
    let site = jumpcloud().await;
    for id in ["5f9c1a2b3c4d5e6f7a8b9c0", "5f9c1a2b3c4d5e6f7a8b9c0dd", "zf9c1a2b3c4d5e6f7a8b9c0d", "admin"] {
        site.unassign(id, &["Help Desk"]).send().await.bad_input("id");
    }
    let site = slack().await;
    site.unassign("X012A3CDE", "Rl03", "T012AB3C4").send().await.bad_input("id");
    site.unassign("W012A3CDE", "Rl03", "D012AB3C4").send().await.bad_input("workspace");
}

#[tokio::test]
async fn a_number_stands_for_its_decimal_string() {
    let site = guardhouse().await;
    let body = json!({"id": 102, "roles": [{"id": 2}]});
    let answer = site.ask().json(&body).target("user 102 holds role 2").send().await;
    assert_eq!(answer.verdict(), "removed yes", "{}", answer.text());
    for body in [
        json!({"id": 102.5, "roles": [{"id": 2}]}),
        json!({"id": true, "roles": [{"id": 2}]}),
        json!({"id": ["102"], "roles": [{"id": 2}]}),
        json!({"id": {"id": "102"}, "roles": [{"id": 2}]}),
        json!({"id": "102", "roles": [{"id": [2]}]}),
        json!({"id": "102", "roles": "2"}),
        json!({"id": "102", "roles": [["2"]]}),
    ] {
        let answer = site.ask().json(&body).send().await;
        assert_eq!(answer.status, 400, "{body}: {}", answer.text());
    }
}

#[tokio::test]
async fn jumpclouds_group_is_no_role() {
    let site = jumpcloud().await;
    // The page: "in admin mode a `roles[].group` without a role (would silently mean something else)".
    let body = json!({"id": seed::JANE, "roles": [{"group": seed::ENGINEERING}]});
    site.ask().json(&body).send().await.bad_input("");
}
