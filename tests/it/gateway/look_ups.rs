//! Users by e-mail and roles by name: read, compared again exactly, and never guessed.

use offramp::sandbox::guardhouse::User;
use offramp::sandbox::jumpcloud::seed;
use offramp::sandbox::{Fault, Trigger};
use serde_json::json;

use super::{guardhouse, jumpcloud, slack};

#[tokio::test]
async fn a_user_is_found_by_the_exact_e_mail() {
    let site = guardhouse().await;
    // The filter is partial: it finds big-john@example.com and john@example.com.au too.
    let body = json!({"id": "john@example.com", "roles": [{"id": "1"}]});
    let answer = site.ask().json(&body).target("user 101 holds role 1").send().await;
    assert_eq!(
        (answer.verdict().as_str(), answer.json()["id"].as_str()),
        ("removed yes", Some("101")),
        "{}",
        answer.text()
    );
    let plus = json!({"id": "ana+ops@example.com", "roles": [{"id": "4"}]});
    let answer = site.ask().json(&plus).target("user 105 holds role 4").send().await;
    assert_eq!(answer.verdict(), "removed yes", "{}", answer.text());
    let site = slack().await;
    let answer = site
        .ask()
        .query("id", "spengler@acme.example.com")
        .query("roles", r#"[{"id":"Rl03"}]"#)
        .query("workspace_id", "T012AB3C4")
        .target("user W012A3CDE holds role Rl03 on T012AB3C4")
        .send()
        .await;
    assert_eq!(answer.verdict(), "removed yes", "{}", answer.text());
    let site = jumpcloud().await;
    let body = json!({"id": "jdoe@acme.com", "roles": [{"name": "Help Desk"}]});
    let answer = site.ask().json(&body).target(super::HELP_DESK_OF_JANE).send().await;
    assert_eq!(answer.verdict(), "removed yes", "{}", answer.text());
}

#[tokio::test]
async fn nobody_by_that_e_mail() {
    let site = guardhouse().await;
    for nobody in ["nobody@example.com", "ohn@example.com", "john@example.co", "@", "john@", "@example.com"] {
        let body = json!({"id": nobody, "roles": [{"id": "1"}]});
        site.ask().json(&body).send().await.bad_input("id");
    }
    let site = slack().await;
    let ask = site.ask().query("id", "nobody@acme.example.com").query("roles", r#"[{"id":"Rl03"}]"#);
    ask.query("workspace_id", "T012AB3C4").send().await.bad_input("id");
    let site = jumpcloud().await;
    let body = json!({"id": "nobody@acme.com", "roles": [{"name": "Help Desk"}]});
    site.ask().json(&body).send().await.bad_input("id");
}

#[tokio::test]
async fn several_by_that_e_mail_are_named_and_none_is_chosen() {
    let site = guardhouse().await;
    let mut twin = User::active("john@example.com", "John", "Twin");
    twin.roles.insert(1);
    site.simulator.put_user(120, twin);
    let body = json!({"id": "john@example.com", "roles": [{"id": "1"}]});
    let answer = site.ask().json(&body).send().await;
    let message = answer.bad_input("id")["message"].as_str().unwrap().to_owned();
    assert!(message.contains("101") && message.contains("120"), "the candidates are named: {message}");
}

#[tokio::test]
async fn a_role_is_found_by_name_or_key() {
    let site = guardhouse().await;
    for name in ["Support Agent", "support_agent"] {
        let body = json!({"id": "102", "roles": [{"name": name}]});
        let answer = site.ask().json(&body).target("user 102 holds role 2").send().await;
        assert_eq!(answer.verdict(), "removed yes", "{name}: {}", answer.text());
        assert_eq!(answer.item(0)["role"]["id"], "2");
        site.simulator.assign(102, 2);
    }
    // Role 3 is named Billing; role 6 has that for a key. "matches role `name`, then `key`, exact".
    let body = json!({"id": "102", "roles": [{"name": "Billing"}]});
    let answer = site.ask().json(&body).target("user 102 holds role 3").send().await;
    assert_eq!(answer.verdict(), "removed yes", "{}", answer.text());
    let site = slack().await;
    let ask = site.ask().query("id", "W012A3CDE").query("roles", r#"[{"name":"User Admin"}]"#);
    let ask = ask.query("workspace_id", "T012AB3C4").target("user W012A3CDE holds role Rl03 on T012AB3C4");
    assert_eq!(ask.send().await.verdict(), "removed yes");
    let site = jumpcloud().await;
    let body = json!({"id": seed::JANE, "roles": [{"id": seed::HELP_DESK_ROLE}]});
    let answer = site.ask().json(&body).target(super::HELP_DESK_OF_JANE).send().await;
    assert_eq!(answer.verdict(), "removed yes", "{}", answer.text());
}

#[tokio::test]
async fn no_role_or_several_by_that_name() {
    let site = guardhouse().await;
    for nothing in ["No Such Role", "Support", "Support Agent ", "%"] {
        let body = json!({"id": "102", "roles": [{"name": nothing}]});
        site.ask().json(&body).send().await.bad_input("role");
    }
    let body = json!({"id": "105", "roles": [{"name": "Auditor"}]});
    let message = site.ask().json(&body).send().await.bad_input("role")["message"].as_str().unwrap().to_owned();
    assert!(message.contains('4') && message.contains('5'), "the candidates are named: {message}");
    let site = slack().await;
    let ask = site.ask().query("id", "W012A3CDE").query("roles", r#"[{"name":"Emperor"}]"#);
    ask.query("workspace_id", "T012AB3C4").send().await.bad_input("role");
    let site = jumpcloud().await;
    site.unassign(seed::JANE, &["No Such Role"]).send().await.bad_input("role");
    let unknown = json!({"id": seed::JANE, "roles": [{"id": "5c3536e9e0a6840001872fff"}]});
    let answer = site.ask().json(&unknown).send().await;
    assert!([400, 404].contains(&answer.status), "{}", answer.text());
    assert!(answer.writes().is_empty());
}

#[tokio::test]
async fn id_and_name_of_different_roles_are_not_guessed_at() {
    let site = guardhouse().await;
    let body = json!({"id": "102", "roles": [{"id": "2", "name": "Billing"}]});
    let answer = site.ask().json(&body).target("user 102 holds role 2").send().await;
    // "never guess whose access to take": the id alone is what is acted on, or nothing is.
    assert!(answer.status == 400 || answer.lost.len() == 1, "{}", answer.text());
}

#[tokio::test]
async fn a_look_up_that_fails_is_the_providers_failure() {
    let site = guardhouse().await;
    let body = json!({"id": "john@example.com", "roles": [{"id": "1"}]});
    for fault in [Fault::DropBefore, super::faults::internal_error(), Fault::HalfBody] {
        site.server.faults.always("GET", "/api/v1/users", fault);
        let answer = site.ask().json(&body).send().await;
        assert!(answer.status >= 500, "{}", answer.text());
        assert!(answer.writes().is_empty() && answer.header("offramp-outcome") != Some("unknown"));
        site.server.faults.clear();
    }
}

/// More users than a page holds whose addresses contain John's; his filter finds them all.
fn crowd(site: &super::Site<offramp::sandbox::guardhouse::Guardhouse>, size: i32) {
    for n in 0..size {
        let mut user = User::active(&format!("{n}-john@example.com"), "Not", "John");
        user.roles.insert(1);
        site.simulator.put_user(1_000 + n, user);
    }
}

#[tokio::test]
async fn a_second_candidate_may_be_on_a_later_page() {
    let site = guardhouse().await;
    crowd(&site, 150);
    site.simulator.put_user(9_000, User::active("john@example.com", "John", "Twin"));
    let body = json!({"id": "john@example.com", "roles": [{"id": "1"}]});
    let message = site.ask().json(&body).send().await.bad_input("id")["message"].as_str().unwrap().to_owned();
    assert!(message.contains("101") && message.contains("9000"), "the candidates are named: {message}");
}

#[tokio::test]
async fn the_right_one_may_be_on_a_later_page() {
    let site = guardhouse().await;
    crowd(&site, 150);
    site.simulator.remove_user(101);
    let mut late = User::active("john@example.com", "John", "Late");
    late.roles.insert(1);
    site.simulator.put_user(9_000, late);
    let body = json!({"id": "john@example.com", "roles": [{"id": "1"}]});
    let answer = site.ask().json(&body).target("user 9000 holds role 1").send().await;
    assert_eq!(answer.verdict(), "removed yes", "{}", answer.text());
}

#[tokio::test]
async fn a_list_that_is_cut_short_shows_no_single_user() {
    let site = guardhouse().await;
    crowd(&site, 5_100);
    let body = json!({"id": "john@example.com", "roles": [{"id": "1"}]});
    let message = site.ask().json(&body).send().await.bad_input("id")["message"].as_str().unwrap().to_owned();
    assert!(message.contains("give the user's id"), "{message}");
    // A later page that fails is the provider's failure, not the caller's.
    let site = guardhouse().await;
    crowd(&site, 150);
    let second = Trigger { method: "GET", path: "/api/v1/users".to_owned(), skip: 1, times: 1 };
    site.server.faults.plant(second, super::faults::internal_error());
    let answer = site.ask().json(&body).send().await;
    assert_eq!((answer.status, answer.writes().len()), (500, 0), "{}", answer.text());
    assert_eq!(answer.header("offramp-outcome"), Some("failed"));
}
