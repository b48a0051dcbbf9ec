//! What can be read: one user, the users of a project, the projects.

use offramp::sandbox::voucherify::seed;
use serde_json::{Value, json};

use super::{Site, users_path};

#[tokio::test]
async fn a_user_reads_with_every_documented_field() {
    let site = Site::open().await;
    let answer = site.user(seed::TEST, seed::SAMMY).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")));
    assert_eq!(
        answer.body,
        concat!(
            r#"{"id":"user_FgEAjOV6RiObJdy36sYynXdqZNiA5gjM","login":"name@youremaildomain.com","#,
            r#""email":"name@youremaildomain.com","first_name":"Sammy","last_name":"Jones","#,
            r#""projects":{"proj_9KeAhZB1":"USER","proj_npnFzPr9":"USER","proj_pEP3NO9s":"USER","#,
            r#""proj_zsPdrUIw":"ADMIN"},"is_owner":false}"#
        )
    );
}

#[tokio::test]
async fn a_user_may_have_the_role_that_the_schema_requires() {
    let site = Site::open().await;
    assert!(site.user(seed::TEST, seed::SAMMY).await.json().get("role").is_none());
    site.organization.settings(|s| s.role_in_user = true);
    // It is the role in the project that is read through.
    assert_eq!(site.user(seed::TEST, seed::SAMMY).await.json()["role"], "USER");
    assert_eq!(site.user(seed::LOYALTY, seed::SAMMY).await.json()["role"], "ADMIN");
}

#[tokio::test]
async fn a_user_reads_by_login_but_not_by_an_address_that_is_none() {
    let site = Site::open().await;
    for (login, id) in [
        ("name@youremaildomain.com", seed::SAMMY),
        ("name@youremaildomain.com.au", seed::FAR_NAME),
        ("long-name@youremaildomain.com", seed::LONG_NAME),
        ("zoë.ōta@example.com", seed::ZOE),
        ("odd+100%/eu@example.com", seed::ODD_LOGIN),
        ("bea", seed::BEA),
        ("shared.us", seed::SHARED_US),
    ] {
        assert_eq!(site.user(seed::TEST, login).await.json()["id"], id, "{login}");
    }
    assert_eq!(site.user(seed::TEST, "shared@example.com").await.status, 404);
    // Bea's address leads to the one who logs in with it.
    assert_eq!(site.user(seed::TEST, "ops@example.com").await.json()["id"], seed::OPS_LOGIN);
}

#[tokio::test]
async fn a_login_is_found_in_its_own_case_only_unless_so_switched() {
    let site = Site::open().await;
    let id = async |login: &str| site.user(seed::TEST, login).await.json()["id"].clone();
    for ignores_case in [false, true] {
        site.organization.settings(|s| s.login_ignores_case = ignores_case);
        assert_eq!(id("Casey@example.com").await, seed::CASEY_UPPER);
        assert_eq!(id("casey@example.com").await, seed::CASEY_LOWER);
    }
    assert_eq!(id("Pair@EXAMPLE.com").await, seed::PAIR);
    site.organization.settings(|s| s.login_ignores_case = false);
    assert_eq!(site.user(seed::TEST, "Pair@EXAMPLE.com").await.status, 404);
}

#[tokio::test]
async fn ids_that_differ_by_case_are_two_users() {
    let site = Site::open().await;
    assert_eq!(site.user(seed::TEST, seed::SAMMY).await.json()["first_name"], "Sammy");
    assert_eq!(site.user(seed::TEST, seed::SAMMY_TWIN).await.json()["first_name"], "Samira");
}

#[tokio::test]
async fn a_projects_users_come_all_at_once_without_pages() {
    let site = Site::open().await;
    for query in ["", "?limit=1&page=2", "?email=name@youremaildomain.com", "?%ff=%"] {
        let answer = site.get(&format!("{}{query}", users_path(seed::LOYALTY))).await;
        assert_eq!(answer.status, 200);
        let list = answer.json();
        let keys: Vec<_> = list.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["object", "data_ref", "data", "total"]);
        assert_eq!((&list["object"], &list["data_ref"], &list["total"]), (&json!("list"), &json!("data"), &json!(42)));
        let users = list["data"].as_array().unwrap();
        assert_eq!(users.len(), 42);
        let sammy = users.iter().find(|user| user["id"] == seed::SAMMY).unwrap();
        assert_eq!(*sammy, site.user(seed::LOYALTY, seed::SAMMY).await.json());
    }
}

#[tokio::test]
async fn a_project_without_users_lists_none() {
    let site = Site::open().await;
    let answer = site.get(&users_path(seed::EMPTY)).await;
    assert_eq!(
        (answer.status, answer.body.as_str()),
        (200, r#"{"object":"list","data_ref":"data","data":[],"total":0}"#)
    );
}

#[tokio::test]
async fn one_address_may_belong_to_two_users_and_begin_or_end_anothers() {
    let site = Site::open().await;
    let list = site.get(&users_path(seed::SPRING)).await.json();
    let with = |matches: &dyn Fn(&str) -> bool| -> Vec<Value> {
        let users = list["data"].as_array().unwrap().iter();
        users.filter(|user| matches(user["email"].as_str().unwrap())).map(|user| user["id"].clone()).collect()
    };
    assert_eq!(with(&|email| email == "shared@example.com"), [seed::SHARED_EU, seed::SHARED_US]);
    assert_eq!(with(&|email| email == "name@youremaildomain.com"), [seed::SAMMY]);
    let about = with(&|email| email.contains("name@youremaildomain.com"));
    assert_eq!(about, [seed::SAMMY, seed::FAR_NAME, seed::LONG_NAME]);
}

#[tokio::test]
async fn projects_come_with_every_field_of_the_example() {
    let site = Site::open().await;
    let answer = site.get("/management/v1/projects").await;
    assert_eq!(answer.status, 200);
    let list = answer.json();
    assert_eq!((&list["object"], &list["data_ref"], &list["total"]), (&json!("list"), &json!("data"), &json!(7)));
    let projects = list["data"].as_array().unwrap();
    let ids: Vec<_> = projects.iter().map(|project| project["id"].as_str().unwrap()).collect();
    assert_eq!(
        ids,
        [seed::HEADQUARTERS, seed::EMPTY, seed::SPRING, seed::TEST, seed::TEST_TWIN, seed::LOYALTY, seed::SANDBOX]
    );
    let notice = r#"{"value":80,"emails":["notices@example.com"],"in_app":true,"enabled":true}"#;
    let silence = r#"{"value":80,"emails":[],"in_app":false,"enabled":false}"#;
    let callout = r#"{"email":true,"emails":["notices@example.com"],"in_app":true}"#;
    assert_eq!(
        projects[5].to_string(),
        format!(
            concat!(
                r#"{{"id":"proj_zsPdrUIw","name":"Żółty program, EU","currency":"EUR","timezone":"Europe/Warsaw","#,
                r#""cluster_id":"eu1","api_version":"v2018-08-01","description":"","dial_code":null,"#,
                r#""case_sensitive_codes":true,"client_trusted_domains":[],"client_redeem_enabled":false,"#,
                r#""client_publish_enabled":false,"client_list_vouchers_enabled":false,"#,
                r#""client_create_customer_enabled":false,"client_loyalty_events_enabled":false,"#,
                r#""client_set_voucher_expiration_date_enabled":false,"#,
                r#""api_usage_notifications":{{"messages":{notice},"api_calls":{notice},"cycle_calls":{notice},"#,
                r#""redemptions":{silence},"webhook_calls":{notice},"bulk_api_calls":{notice}}},"#,
                r#""webhooks_callout_notifications":{{"webhooks":{callout},"distributions":{callout}}},"#,
                r#""is_sandbox":false,"webhook_version":"v2024-01-01"}}"#
            ),
            notice = notice,
            silence = silence,
            callout = callout,
        )
    );
}

#[tokio::test]
async fn a_sandbox_project_lists_limits_of_its_own() {
    let site = Site::open().await;
    let list = site.get("/management/v1/projects").await.json();
    let sandbox = &list["data"][6];
    assert_eq!(sandbox["is_sandbox"], true);
    assert_eq!(
        sandbox["limits"].to_string(),
        concat!(
            r#"{"api_calls":[{"value":100,"duration":"PT1H"}],"#,
            r#""bulk_api_calls":[{"value":1,"duration":"PT1H"}]}"#
        )
    );
    assert!(list["data"][0].get("limits").is_none());
}

#[tokio::test]
async fn a_project_may_show_its_webhook_token() {
    let site = Site::open().await;
    let first = async || site.get("/management/v1/projects").await.json()["data"][0].clone();
    assert!(first().await.get("webhook_token").is_none());
    site.organization.settings(|s| s.webhook_token_in_project = true);
    assert_eq!(first().await["webhook_token"], "sandbox-only-webhook-token");
}

#[tokio::test]
async fn a_project_name_may_belong_to_two_projects() {
    let site = Site::open().await;
    let list = site.get("/management/v1/projects").await.json();
    let projects = list["data"].as_array().unwrap().iter();
    let found = projects.filter(|project| project["name"] == "Test-project-01");
    let ids: Vec<_> = found.map(|project| project["id"].clone()).collect();
    assert_eq!(ids, [seed::TEST, seed::TEST_TWIN]);
}

#[tokio::test]
async fn there_is_no_list_of_roles() {
    let site = Site::open().await;
    for path in ["/management/v1/roles", "/management/v1/projects/proj_npnFzPr9/roles", "/management/v1/users"] {
        assert_eq!(site.get(path).await.status, 404, "{path}");
    }
}
