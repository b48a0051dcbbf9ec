//! The provider's clear no: its status, its words, its rate limits in one dialect.

use offramp::sandbox::guardhouse::NotFoundBody;
use offramp::sandbox::jumpcloud::{ErrorForm, seed};
use offramp::sandbox::slack_enterprise::{MethodFailure, ratelimited};
use offramp::sandbox::{Call, Fault, Reply, ReplyBody, Simulator as _};
use serde_json::json;

use super::{guardhouse, jumpcloud, slack};

#[tokio::test]
async fn an_unknown_user_is_not_found() {
    let site = guardhouse().await;
    for notation in [NotFoundBody::Text, NotFoundBody::JsonString] {
        site.simulator.settings(|settings| settings.not_found_body = notation);
        let answer = site.ask().json(&json!({"id": "999", "roles": [{"id": "2"}]})).send().await;
        assert_eq!(answer.verdict().split(' ').next(), Some("failed"));
        let body = answer.refused_as(404, "not_found", "");
        assert_eq!(body["raw_response"], "User not found", "{body}");
        assert_eq!(body["truto_is_remote_error"], true);
        assert!(body["truto_error_insight"]["remote_error"]["description"].is_string(), "{body}");
    }
    let site = jumpcloud().await;
    for form in [ErrorForm::Long, ErrorForm::Short] {
        site.simulator.settings(|settings| settings.error_form = form);
        let answer = site.unassign("5f9c1a2b3c4d5e6f7a8b9cff", &["Help Desk"]).send().await;
        assert_eq!(answer.header("offramp-outcome"), Some("failed"));
        let body = answer.refused_as(404, "not_found", "");
        assert_eq!(body["raw_response"]["message"], "Not Found");
    }
    let site = slack().await;
    let answer = site.unassign("U0NOBODY1", "Rl03", "T012AB3C4").send().await;
    assert_eq!(answer.header("offramp-outcome"), Some("failed"));
    let body = answer.refused_as(404, "not_found", "no_valid_users");
    assert_eq!(body["raw_response"]["ok"], false);
}

#[tokio::test]
async fn a_wrong_tenant_is_no_success() {
    let site = guardhouse().await;
    assert_eq!(site.demo().send().await.verdict(), "removed yes");
    site.simulator.assign(102, 2);
    site.simulator.settings(|settings| settings.wrong_tenant = true);
    let answer = site.demo().send().await;
    let body = answer.refused_as(404, "not_found", "");
    assert!(body["raw_response"].as_str().unwrap().contains("no tenant at this address"), "{body}");
    assert!(answer.lost.is_empty());
}

#[tokio::test]
async fn a_rate_limit_fails_fast_in_seconds() {
    let site = guardhouse().await;
    let limited = Reply::json(429, &json!({"title": "Too Many Requests"}))
        .with_header("retry-after", "7")
        .with_header("x-ratelimit-limit", "110")
        .with_header("x-ratelimit-remaining", "0");
    site.server.faults.once("DELETE", "", Fault::Answer(limited));
    let answer = site.demo().send().await;
    let body = answer.refused_as(429, "rate_limited", "");
    assert_eq!(answer.header("retry-after"), Some("7"));
    assert_eq!(answer.header("ratelimit-reset"), Some("7"));
    assert!(answer.header("ratelimit-limit").is_some_and(|limit| limit.starts_with("110")), "{:?}", answer.headers);
    assert_eq!(answer.header("ratelimit-remaining"), Some("0"));
    assert_eq!(body["raw_response"]["title"], "Too Many Requests");
    assert_eq!(answer.writes().len(), 1, "rate limits fail fast");
    assert_eq!(site.status().await, "active");
}

#[tokio::test]
async fn a_date_for_retry_after_becomes_seconds() {
    let site = guardhouse().await;
    let far = Reply::empty(429).with_header("retry-after", "Fri, 31 Dec 2100 23:59:59 GMT");
    site.server.faults.once("DELETE", "", Fault::Answer(far));
    let answer = site.demo().send().await;
    let seconds: u64 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!(seconds > 86_400, "{seconds}");
    for nonsense in ["soon", "-5", ""] {
        let limited = Reply::empty(429).with_header("retry-after", nonsense);
        site.server.faults.once("DELETE", "", Fault::Answer(limited));
        let answer = site.demo().send().await;
        answer.refused_as(429, "rate_limited", "");
        assert!(answer.header("retry-after").is_none_or(|value| value.parse::<u64>().is_ok()));
    }
}

#[tokio::test]
async fn slack_limits_by_status_or_by_word() {
    let site = slack().await;
    site.server.faults.once("POST", "removeAssignments", Fault::Answer(ratelimited(30)));
    let answer = site.demo().send().await;
    answer.refused_as(429, "rate_limited", "");
    assert_eq!(answer.header("retry-after"), Some("30"));
    let failure = MethodFailure { times: 1, ..MethodFailure::of("admin.roles.removeAssignments", "ratelimited") };
    site.simulator.settings(|settings| settings.failures.push(failure));
    let answer = site.demo().send().await;
    // "an error inside a 2xx takes the status its kind stands for".
    answer.refused_as(429, "rate_limited", "ratelimited");
    let site = jumpcloud().await;
    site.server.faults.once("PUT", "", Fault::Answer(site.simulator.error(429)));
    let answer = site.demo().send().await;
    answer.refused_as(429, "rate_limited", "");
    // JumpCloud names no time, and none is made up.
    assert_eq!(answer.header("retry-after"), None);
}

#[tokio::test]
async fn a_rate_limited_read_before_the_write_is_rate_limited_too() {
    let site = jumpcloud().await;
    site.server.faults.always("GET", "", Fault::Answer(site.simulator.error(429).with_header("retry-after", "3")));
    let answer = site.demo().send().await;
    answer.refused_as(429, "rate_limited", "");
    assert_eq!(answer.header("retry-after"), Some("3"));
    assert!(answer.writes().is_empty());
}

#[tokio::test]
async fn the_providers_4xx_stays_a_4xx() {
    let statuses = [
        (400, "invalid_request"),
        (402, "payment_required"),
        (403, "permission_missing"),
        (409, "conflict"),
        (412, "invalid_request"),
        (415, "invalid_request"),
        (422, "invalid_request"),
        (428, "invalid_request"),
    ];
    for (status, kind) in statuses {
        let site = jumpcloud().await;
        site.server.faults.once("PUT", "", Fault::Answer(site.simulator.error(status)));
        let answer = site.demo().send().await;
        assert_eq!(answer.header("offramp-outcome"), Some("failed"), "{status}");
        let body = answer.refused_as(status, kind, "");
        assert_eq!(body["raw_response"]["code"], status);
    }
    for status in [400, 401, 402, 403, 404, 405, 406, 409, 410, 413, 418, 422, 429, 451, 499] {
        let site = guardhouse().await;
        site.server.faults.always("DELETE", "", Fault::Answer(Reply::text(status, "no")));
        let answer = site.demo().send().await;
        // "A provider 4xx never becomes our 5xx."
        assert!((400..500).contains(&answer.status), "{status} became {}: {}", answer.status, answer.text());
    }
}

#[tokio::test]
async fn jumpclouds_block_of_an_address_is_shown_as_it_is() {
    let site = jumpcloud().await;
    site.server.faults.once("PUT", "", Fault::Answer(site.simulator.ip_blocked()));
    let answer = site.demo().send().await;
    let body = answer.refused_as(403, "permission_missing", "");
    assert_eq!(body["raw_response"], "Your IP has been blocked due to suspected abuse");
}

#[tokio::test]
async fn an_administrator_who_vanishes_is_not_held_to_be_done_by_the_404() {
    let site = jumpcloud().await;
    site.simulator.settings(|settings| settings.vanish_on_put = true);
    let answer = site
        .demo()
        .also(super::READ_ONLY_OF_JANE)
        .also("administrator 5c3536e9e0a6840001872782 exists")
        .also("system user 5f9c1a2b3c4d5e6f7a8b9c0d is administrator 5c3536e9e0a6840001872782")
        .send_unchecked()
        .await;
    // The page: "PUT 404 after a successful GET: unknown → read back (deleted meanwhile?)". A read that shows the user
    // without administrator settles it.
    let outcome = answer.header("offramp-outcome").unwrap();
    assert!(["removed", "unknown"].contains(&outcome), "{}", answer.text());
    assert_eq!(site.simulator.role_names(seed::JANE_ADMIN), None);
}

#[tokio::test]
async fn set_cookie_of_the_provider_goes_nowhere() {
    let site = guardhouse().await;
    let reply = Reply::empty(204).with_header("set-cookie", "session=of-the-provider");
    site.keep_secret("of-the-provider");
    for format in ["unified", "raw", "normalized", "stream", "debug"] {
        site.simulator.assign(102, 2);
        site.server.faults.once("DELETE", "", Fault::ActThenAnswer(reply.clone()));
        let answer = site.demo().format(format).send().await;
        assert_eq!(answer.header("set-cookie"), None, "{format}");
    }
}

#[tokio::test]
async fn an_echoed_credential_is_masked() {
    for format in ["unified", "normalized", "debug"] {
        let site = jumpcloud().await;
        let key = site.simulator.demo().context["api_key"].as_str().unwrap().to_owned();
        let echo = json!({"message": format!("the key {key} may not do this"), "given": key});
        let reply = Reply::json(403, &echo).with_header("x-seen-key", &key);
        site.server.faults.once("PUT", "", Fault::Answer(reply));
        // Sending checks that no secret is anywhere in the answer.
        let body = site.demo().format(format).send().await.refused_as(403, "permission_missing", "the key ****");
        assert_eq!(body["raw_response"]["given"], "********", "{body}");
        let site = guardhouse().await;
        site.server.faults.once("DELETE", "", Fault::EchoCredentials);
        let answer = site.demo().format(format).send().await;
        answer.refused_as(400, "invalid_request", "Bearer ****");
    }
}

#[tokio::test]
async fn an_echoed_credential_is_masked_in_the_users_object() {
    let site = jumpcloud().await;
    let key = site.simulator.demo().context["api_key"].as_str().unwrap().to_owned();
    let user = site.simulator.handle(&Call {
        method: "GET".to_owned(),
        path: format!("/api/systemusers/{}", seed::JANE),
        query: String::new(),
        headers: vec![("x-api-key".to_owned(), key.clone())],
        body: "".into(),
    });
    let ReplyBody::Bytes(bytes) = user.body else { panic!("a user is no filler") };
    let mut user: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    user["description"] = json!(format!("made with {key}"));
    // One stands in the answer as it is, one is made of two, one is in a list of the schema, one in an object.
    user["jobTitle"] = json!(format!("keeper of {key}"));
    user["displayname"] = json!("");
    user["lastname"] = json!(key);
    user["phoneNumbers"] = json!([{"number": key, "type": "work"}]);
    user["employeeIdentifier"] = json!(key);
    user["email"] = json!(format!("{key}@acme.com"));
    for format in ["unified", "normalized", "debug"] {
        let site = jumpcloud().await;
        site.server.faults.always("GET", "/api/systemusers/", Fault::Answer(Reply::json(200, &user)));
        // Sending checks that no secret is anywhere in the answer.
        let answer = site.demo().format(format).send().await.json();
        let shown = if format == "debug" { &answer["result"] } else { &answer };
        assert_eq!(shown["title"], "keeper of ********", "{answer}");
        assert_eq!(shown["name"], "Jane ********", "{answer}");
        assert_eq!(shown["phones"][0]["number"], "********", "{answer}");
        assert_eq!(shown["identifiers"]["employeeIdentifier"], "********", "{answer}");
        assert_eq!(shown["emails"][0]["email"], "********@acme.com", "{answer}");
        if format == "unified" {
            assert_eq!(shown["remote_data"]["description"], "made with ********", "{answer}");
        }
    }
}

#[tokio::test]
async fn an_echoed_credential_is_masked_in_what_look_ups_teach() {
    let site = jumpcloud().await;
    let key = site.simulator.demo().context["api_key"].as_str().unwrap().to_owned();
    let role = |id: &str, name: &str| json!({"id": id, "name": name});
    let roles = [role("5c3536e9e0a6840001872788", &format!("Help Desk of {key}"))];
    let listed = Reply::json(200, &json!({"results": roles, "totalCount": 1}));
    site.server.faults.always("GET", "/api/v2/roles", Fault::Answer(listed));
    // The candidates of a name that means none.
    let answer = site.unassign(seed::JANE, &["Helpless Desk"]).send().await;
    answer.bad_input("Help Desk of ********");
    // The name of a role that was given by its id: in the item, and in the plan.
    let body = json!({"id": seed::JANE, "roles": [{"id": "5c3536e9e0a6840001872788"}]});
    for _ in 0..2 {
        let plan = site.ask().json(&body).query("dry_run", "true").send().await.json();
        assert_eq!(plan["plan"]["items"][0]["role"]["name"], "Help Desk of ********", "{plan}");
    }
}
