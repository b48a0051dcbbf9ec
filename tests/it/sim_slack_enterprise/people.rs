//! Reads about users and workspaces.

use offramp::sandbox::slack_enterprise::Grant;
use serde_json::{Value, json};

use super::{OWNER, SPENGLER, Slack};

fn ids<'a>(page: &'a Value, list: &str) -> Vec<&'a str> {
    let rows = page[list].as_array().expect("rows").iter();
    rows.map(|row| row["id"].as_str().expect("an id")).collect()
}

fn next_cursor(page: &Value) -> String {
    let cursor = page["response_metadata"]["next_cursor"].as_str();
    form_urlencoded::byte_serialize(cursor.expect("a cursor").as_bytes()).collect()
}

#[tokio::test]
async fn a_user_is_shown_with_profile_and_enterprise() {
    let slack = Slack::start().await;
    slack.get("users.info", "user=W012A3CDE&include_locale=true").await.is(
        r#"{"ok":true,"user":{"id":"W012A3CDE","team_id":"T012AB3C4","name":"spengler","deleted":false,"color":"9f69e7","real_name":"Egon Spengler","tz":"America/Los_Angeles","tz_label":"Pacific Daylight Time","tz_offset":-25200,"updated":1692138686,"is_admin":true,"is_owner":false,"is_primary_owner":false,"is_restricted":false,"is_ultra_restricted":false,"is_bot":false,"is_app_user":false,"is_invited_user":false,"is_email_confirmed":true,"has_2fa":false,"who_can_share_contact_card":"EVERYONE","enterprise_user":{"id":"W012A3CDE","enterprise_id":"E0ACME4242","enterprise_name":"Acme","is_admin":false,"is_owner":false,"is_primary_owner":false,"teams":["T012AB3C4","T0FIELD01"]},"locale":"en-US","profile":{"title":"Analyst","phone":"+1 555 0100","skype":"","real_name":"Egon Spengler","real_name_normalized":"Egon Spengler","display_name":"spengler","display_name_normalized":"spengler","first_name":"Egon","last_name":"Spengler","status_text":"Print is dead","status_emoji":"","status_expiration":0,"avatar_hash":"ge3b51ca72de","image_24":"https://avatars.example.com/spengler_24.jpg","image_72":"https://avatars.example.com/spengler_72.jpg","image_192":"https://avatars.example.com/spengler_192.jpg","image_512":"https://avatars.example.com/spengler_512.jpg","image_original":"https://avatars.example.com/spengler_original.jpg","email":"spengler@acme.example.com","team":"T012AB3C4"}}}"#,
    );
}

#[tokio::test]
async fn the_user_object_shows_no_system_roles() {
    let slack = Slack::start().await;
    let before = slack.get("users.info", "user=W012A3CDE").await.text;
    slack.remove_demo().await.is(r#"{"ok":true}"#);
    assert_eq!(slack.get("users.info", "user=W012A3CDE").await.text, before);
    assert!(!before.contains("Rl03"));
}

#[tokio::test]
async fn the_locale_comes_only_when_asked_for() {
    let slack = Slack::start().await;
    let plain = slack.get("users.info", "user=W012A3CDE").await.json();
    assert_eq!(plain["user"].get("locale"), None);
    let odd = slack.get("users.info", "user=W012A3CDE&include_locale=yes").await;
    assert_eq!(odd.json()["error"], "invalid_arguments");
}

#[tokio::test]
async fn without_the_email_scope_the_profile_has_no_email() {
    let slack = Slack::start().await;
    let token = slack.issue(Grant::of_user(OWNER).without("users:read.email"));
    let user = slack.get_as(&token, "users.info", "user=W012A3CDE").await;
    let profile = &user.json()["user"]["profile"];
    assert_eq!(profile["first_name"], "Egon");
    assert_eq!(profile.get("email"), None);
}

#[tokio::test]
async fn users_of_every_status_are_marked() {
    let slack = Slack::start().await;
    for (user, mark) in [
        ("W0PECK001", "deleted"),
        ("U0BARRETT", "is_invited_user"),
        ("W0MELNITZ", "is_restricted"),
        ("W0TULLY01", "is_ultra_restricted"),
        ("U0ECTOBOT", "is_bot"),
    ] {
        let shown = slack.get("users.info", &format!("user={user}")).await;
        assert_eq!(shown.json()["user"][mark], true, "{user}");
        let other = slack.get("users.info", "user=W0STANTZ1").await;
        assert_eq!(other.json()["user"][mark], false, "{mark}");
    }
    let owner = slack.get("users.info", "user=W0ZEDDMORE").await.json();
    assert_eq!(owner["user"]["enterprise_user"]["is_primary_owner"], true);
}

#[tokio::test]
async fn users_info_may_be_posted_as_a_form_but_reads_no_json() {
    let slack = Slack::start().await;
    let form = "application/x-www-form-urlencoded; charset=utf-8";
    let posted = slack.post("users.info", form, "user=W012A3CDE").await;
    assert_eq!(posted.json()["user"]["id"], SPENGLER);
    let json = slack.post_json("users.info", &json!({"user": SPENGLER})).await;
    json.is(
        r#"{"ok":false,"error":"invalid_arguments","response_metadata":{"messages":["[ERROR] missing required field: user"]}}"#,
    );
}

#[tokio::test]
async fn a_user_is_found_by_email() {
    let slack = Slack::start().await;
    for email in ["spengler@acme.example.com", "Spengler%40ACME.example.com"] {
        let found = slack.get("users.lookupByEmail", &format!("email={email}")).await;
        assert_eq!(found.json()["user"]["id"], SPENGLER, "{email}");
    }
}

#[tokio::test]
async fn a_deactivated_user_is_found_by_email_only_with_the_switch() {
    let slack = Slack::start().await;
    let query = "email=peck@acme.example.com";
    let answer = slack.get("users.lookupByEmail", query).await;
    answer.is(r#"{"ok":false,"error":"users_not_found"}"#);
    slack.sim.settings(|s| s.finds_deactivated_by_email = true);
    let found = slack.get("users.lookupByEmail", query).await.json();
    assert_eq!(found["user"]["id"], "W0PECK001");
    assert_eq!(found["user"]["deleted"], true);
}

#[tokio::test]
async fn an_org_token_lists_users_of_one_workspace_at_a_time() {
    let slack = Slack::start().await;
    let answer = slack.get("users.list", "").await;
    answer.is(r#"{"ok":false,"error":"missing_argument"}"#);
    let page = slack.get("users.list", "team_id=T0FIELD01").await.json();
    assert_eq!(ids(&page, "members"), ["U0VENKMAN", "W012A3CDE", "W0MELNITZ", "W0ZEDDMORE"]);
    assert!(page["cache_ts"].as_u64().is_some());

    let workspace_token = slack.issue(Grant { org_install: false, ..Grant::of_user(OWNER) });
    let page = slack.get_as(&workspace_token, "users.list", "").await;
    assert_eq!(page.json()["ok"], true);
}

#[tokio::test]
async fn users_list_is_paged() {
    let slack = Slack::start().await;
    let first = slack.get("users.list", "team_id=T0FIELD01&limit=3").await;
    let first = first.json();
    assert_eq!(ids(&first, "members").len(), 3);
    let query = format!("team_id=T0FIELD01&limit=3&cursor={}", next_cursor(&first));
    let second = slack.get("users.list", &query).await.json();
    assert_eq!(ids(&second, "members"), ["W0ZEDDMORE"]);
    assert_eq!(second["response_metadata"]["next_cursor"], "");
}

#[tokio::test]
async fn the_admin_list_tells_when_users_were_created_and_deactivated() {
    let slack = Slack::start().await;
    let page = slack.post_json("admin.users.list", &json!({"limit": 100})).await.json();
    let rows = page["users"].as_array().expect("rows");
    let of = |id: &str| rows.iter().find(|r| r["id"] == id).expect("a row").to_string();
    assert_eq!(rows.len(), 11);
    assert_eq!(
        of("W0L3P31SP"),
        r#"{"id":"W0L3P31SP","email":"john_doe@acme.example.com","username":"john_doe","full_name":"John Doe","is_admin":false,"is_owner":false,"is_primary_owner":false,"is_restricted":false,"is_ultra_restricted":false,"is_bot":false,"is_active":true,"date_created":1566922090,"deactivated_ts":1678435283,"expiration_ts":0,"workspaces":["T012AB3C4"],"has_2fa":false,"has_sso":false}"#
    );
    assert!(of("W0PECK001").contains(r#""is_active":false"#));
    assert!(!of("W0STANTZ1").contains("deactivated_ts"));
}

#[tokio::test]
async fn the_admin_list_is_taken_by_get_too_with_its_filters_and_pages() {
    let slack = Slack::start().await;
    let gone = slack.get("admin.users.list", "is_active=false").await.json();
    assert_eq!(ids(&gone, "users"), ["W0PECK001"]);
    let field = "team_id=T0FIELD01&is_active=true&limit=4";
    let first = slack.get("admin.users.list", field).await.json();
    assert_eq!(ids(&first, "users").len(), 4);
    let query = format!("{field}&cursor={}", next_cursor(&first));
    let second = slack.get("admin.users.list", &query).await.json();
    assert_eq!(ids(&second, "users"), ["W0ZEDDMORE"]);
    let over = slack.get("admin.users.list", "limit=101").await.json();
    assert_eq!(over["error"], "invalid_arguments");
}

#[tokio::test]
async fn the_admin_list_may_carry_roles() {
    let slack = Slack::start().await;
    slack.sim.settings(|s| s.roles_in_admin_list = true);
    let page = slack.get("admin.users.list", "").await.json();
    let rows = page["users"].as_array().expect("rows");
    let spengler = rows.iter().find(|r| r["id"] == SPENGLER).expect("a row");
    assert_eq!(spengler["roles"], json!(["Rl03", "Rl0C"]));
}

#[tokio::test]
async fn workspaces_are_listed_with_their_names_in_pages() {
    let slack = Slack::start().await;
    let first = slack.get("admin.teams.list", "limit=1").await.json();
    let query = format!("limit=1&cursor={}", next_cursor(&first));
    assert_eq!(ids(&first, "teams"), ["T012AB3C4"]);
    slack.get("admin.teams.list", &query).await.is(
        r#"{"ok":true,"teams":[{"id":"T0FIELD01","name":"Field Operations","discoverability":"hidden","primary_owner":{"user_id":"W012A3CDE","email":"spengler@acme.example.com"},"team_url":"https://acme-field.slack.com/"}],"response_metadata":{"next_cursor":""}}"#,
    );
    let over = slack.get("admin.teams.list", "limit=101").await.json();
    assert_eq!(over["error"], "invalid_arguments");
}

#[tokio::test]
async fn scim_alone_knows_the_external_id() {
    let slack = Slack::start().await;
    let token = slack.issue(Grant::of_user(OWNER).with("admin"));
    for version in ["v1", "v2"] {
        let url = format!("{}/scim/{version}/Users/{SPENGLER}", slack.server.base_url());
        let shown = Slack::send_bare(slack.http.get(url).bearer_auth(&token)).await;
        assert_eq!(shown.status, 200);
        let shown = shown.json();
        assert_eq!(shown["externalId"], "idp-7421");
        assert_eq!(shown["timezone"], "America/Los_Angeles");
        assert_eq!(shown["meta"]["created"], "2019-08-27T16:08:10Z");
    }
}

#[tokio::test]
async fn scim_refuses_with_http_statuses() {
    let slack = Slack::start().await;
    let admin = slack.issue(Grant::of_user(OWNER).with("admin"));
    let plain = slack.sim.token();
    for (token, id, status, detail) in [
        ("xoxp-unknown", SPENGLER, 401, "invalid_auth"),
        (plain.as_str(), SPENGLER, 403, "missing_scope"),
        (admin.as_str(), "W0NOBODY1", 404, "user_not_found"),
    ] {
        let url = format!("{}/scim/v2/Users/{id}", slack.server.base_url());
        let answer = Slack::send_bare(slack.http.get(url).bearer_auth(token)).await;
        assert_eq!(answer.status, status);
        assert_eq!(answer.json()["detail"], detail);
    }
}
