//! The unassign call over messages: every row of the page's table of outcomes that the provider itself answers.

use offramp::sandbox::Simulator;
use offramp::sandbox::devicehive::AssignPermission;
use serde_json::{Value, json};

use super::mqtt::Client;
use super::{Site, unassign};

#[tokio::test]
async fn leaving_a_network_answers_success_and_takes_exactly_that_membership() {
    let site = Site::open().await;
    let mut client = site.client().await;
    let before = site.hive.memberships();

    let reply = client.ask(unassign(42, 7)).await;

    assert_eq!(reply, r#"{"action":"user/unassignNetwork","requestId":"r2","status":"success"}"#);
    assert_eq!(site.lost(&before), ["user 42 is in network 7"]);
    assert_eq!(site.shown_networks(42).await, [1, 9]);
}

#[tokio::test]
async fn a_network_that_the_user_is_not_in_answers_success_too() {
    let site = Site::open().await;
    let mut client = site.client().await;
    let before = site.hive.memberships();

    let reply = client.ask(unassign(42, 12)).await;

    assert_eq!(reply, r#"{"action":"user/unassignNetwork","requestId":"r2","status":"success"}"#);
    assert_eq!(site.hive.memberships(), before);
}

#[tokio::test]
async fn leaving_twice_answers_success_twice() {
    let site = Site::open().await;
    let mut client = site.client().await;
    let first = client.ask(unassign(42, 7)).await;
    assert_eq!(client.ask(unassign(42, 7)).await, first);
    assert!(!site.hive.holds(42, 7));
}

#[tokio::test]
async fn a_success_without_effect_leaves_the_membership() {
    let site = Site::open().await;
    site.hive.turn("unassign_has_no_effect", &json!(true)).unwrap();
    let mut client = site.client().await;
    assert!(client.ask(unassign(42, 7)).await.contains(r#""status":"success""#));
    assert!(site.hive.holds(42, 7));
    assert_eq!(site.shown_networks(42).await, [1, 7, 9]);
}

#[tokio::test]
async fn a_user_id_that_is_no_whole_number_is_400() {
    let site = Site::open().await;
    let mut client = site.client().await;
    let before = site.hive.memberships();
    let wrong = [
        r#""42""#,
        "42.0",
        "42.5",
        "4e1",
        "null",
        "true",
        "[42]",
        r#"{"id":42}"#,
        "9223372036854775808",
        "-9223372036854775809",
    ];
    for user in wrong {
        let action = r#"{"action":"user/unassignNetwork","requestId":"r2","networkId":7,"userId":"#;
        client.publish(&format!("{action}{user}}}")).await;
        assert_eq!(
            client.message().await.payload,
            concat!(
                r#"{"action":"user/unassignNetwork","requestId":"r2","code":400,"#,
                r#""status":"error","error":"User id is wrong or empty"}"#
            ),
            "{user}"
        );
    }
    let reply = client.ask(json!({"action": "user/unassignNetwork", "networkId": 7})).await;
    assert!(reply.contains("User id is wrong or empty"));
    assert_eq!(site.hive.memberships(), before);
}

#[tokio::test]
async fn a_network_id_that_is_no_whole_number_is_400() {
    let site = Site::open().await;
    let mut client = site.client().await;
    let before = site.hive.memberships();
    for network in [json!("7"), json!(7.0), json!(null), json!([7]), json!({})] {
        let mut request = unassign(42, 7);
        request["networkId"] = network.clone();
        assert_eq!(
            client.ask(request).await,
            concat!(
                r#"{"action":"user/unassignNetwork","requestId":"r2","code":400,"#,
                r#""status":"error","error":"Network id is wrong or empty"}"#
            ),
            "{network}"
        );
    }
    let reply = client.ask(json!({"action": "user/unassignNetwork", "userId": 42})).await;
    assert!(reply.contains("Network id is wrong or empty"));
    assert_eq!(site.hive.memberships(), before);
}

#[tokio::test]
async fn an_action_that_does_not_exist_is_400_illegal_argument() {
    let site = Site::open().await;
    let mut client = site.client().await;
    for action in ["user/unassign", "network/list", "USER/UNASSIGNNETWORK", "user/unassignNetwork "] {
        assert!(client.subscribe_reply(action).await < 2);
        let reply = client.ask(json!({"action": action, "userId": 42, "networkId": 7})).await;
        let error = format!("Illegal argument: {action}");
        assert_eq!(reply, json!({"action": action, "code": 400, "status": "error", "error": error}).to_string());
    }
    assert!(site.hive.holds(42, 7));
}

#[tokio::test]
async fn an_unknown_user_and_an_unknown_network_are_both_404() {
    let site = Site::open().await;
    let mut client = site.client().await;
    let before = site.hive.memberships();
    let head = r#"{"action":"user/unassignNetwork","requestId":"r2","code":404,"status":"error","error":"#;
    for (user, network, text) in [
        (999, 7, "User with id = 999 not found"),
        (42, 999, "Network with id = 999 not found"),
        // The user is looked at first.
        (999, 999, "User with id = 999 not found"),
        (-42, 7, "User with id = -42 not found"),
        (42, -7, "Network with id = -7 not found"),
    ] {
        assert_eq!(client.ask(unassign(user, network)).await, format!("{head}\"{text}\"}}"));
    }
    assert_eq!(site.hive.memberships(), before);
}

#[tokio::test]
async fn a_session_over_its_half_hour_is_401_token_expired_until_it_authenticates_again() {
    let site = Site::open().await;
    let mut client = site.client().await;
    let tokens = client.ask(json!({"action": "token", "login": "dhadmin", "password": "sandbox-only-secret"})).await;
    let tokens: Value = serde_json::from_str(&tokens).unwrap();
    site.clock.advance(std::time::Duration::from_secs(1801));

    let reply = client.ask(unassign(42, 7)).await;

    assert_eq!(
        reply,
        concat!(
            r#"{"action":"user/unassignNetwork","requestId":"r2","code":401,"#,
            r#""status":"error","error":"Token expired"}"#
        )
    );
    assert!(site.hive.holds(42, 7));
    let request = json!({"action": "token/refresh", "refreshToken": tokens["refreshToken"]});
    let refreshed: Value = serde_json::from_str(&client.ask(request).await).unwrap();
    let request = json!({"action": "authenticate", "token": refreshed["accessToken"]});
    assert_eq!(client.ask(request).await, r#"{"action":"authenticate","status":"success"}"#);
    assert!(client.ask(unassign(42, 7)).await.contains("success"));
    assert!(!site.hive.holds(42, 7));
}

#[tokio::test]
async fn a_client_that_never_authenticated_is_401_unauthorized_and_never_hears_it() {
    let site = Site::open().await;
    let mut client = Client::connect(&site, "silent", None).await;
    client.publish(&unassign(42, 7).to_string()).await;
    client.hears_nothing().await;
    assert!(site.hive.holds(42, 7));
    let journal = site.server.journal();
    let reply = journal[0].reply.as_ref().unwrap();
    assert_eq!(reply.status, 401);
    let offramp::sandbox::ReplyBody::Bytes(payload) = &reply.body else { panic!("no payload") };
    assert_eq!(
        payload,
        concat!(
            r#"{"action":"user/unassignNetwork","requestId":"r2","code":401,"#,
            r#""status":"error","error":"Unauthorized"}"#
        )
    );
}

#[tokio::test]
async fn a_token_without_the_permission_is_403() {
    let site = Site::open().await;
    let denied = concat!(
        r#"{"action":"user/unassignNetwork","requestId":"r2","code":403,"#,
        r#""status":"error","error":"Access is denied"}"#
    );
    // An ordinary client, and an administrator's token that may only manage users.
    for (user, actions) in [(44, None), (1, Some([12].as_slice()))] {
        let mut client = site.client_of(user, actions).await;
        assert_eq!(client.ask(unassign(42, 7)).await, denied);
    }
    assert!(site.hive.holds(42, 7));
    let mut client = site.client_of(2, Some(&[14])).await;
    assert!(client.ask(unassign(42, 7)).await.contains("success"));
    assert!(!site.hive.holds(42, 7));
}

#[tokio::test]
async fn manage_user_is_the_permission_if_so_switched() {
    let site = Site::open().await;
    site.hive.settings(|s| s.assign_permission = AssignPermission::ManageUser);
    let mut client = site.client_of(2, Some(&[14])).await;
    assert!(client.ask(unassign(42, 7)).await.contains(r#""code":403"#));
    let mut client = site.client_of(1, Some(&[12])).await;
    assert!(client.ask(unassign(42, 7)).await.contains("success"));
}

#[tokio::test]
async fn an_error_reply_is_bare_if_so_switched() {
    let site = Site::open().await;
    site.hive.settings(|s| s.bare_errors = true);
    let mut client = site.client().await;
    let reply = client.ask(unassign(999, 7)).await;
    assert_eq!(reply, r#"{"action":"user/unassignNetwork","requestId":"r2","status":"error"}"#);
}

#[tokio::test]
async fn any_json_value_is_a_request_id_and_comes_back() {
    let site = Site::open().await;
    let mut client = site.client().await;
    for id in [json!("r"), json!(17), json!({"a": [1, null]}), json!([true]), json!("ü\u{1F512}\"")] {
        let mut request = unassign(42, 12);
        request["requestId"] = id.clone();
        let reply: Value = serde_json::from_str(&client.ask(request).await).unwrap();
        assert_eq!(reply["requestId"], id);
    }
    let request = json!({"action": "user/unassignNetwork", "userId": 42, "networkId": 12});
    assert_eq!(client.ask(request).await, r#"{"action":"user/unassignNetwork","status":"success"}"#);
    let request = json!({"action": "user/unassignNetwork", "userId": 999, "networkId": 12});
    let reply: Value = serde_json::from_str(&client.ask(request).await).unwrap();
    assert!(reply.get("requestId").is_none());
}

#[tokio::test]
async fn assigning_is_the_inverse_with_the_same_codes() {
    let site = Site::open().await;
    let mut client = site.client().await;
    let assign = |user: i64, network: i64| json!({"action": "user/assignNetwork", "requestId": 1, "userId": user, "networkId": network});
    for _ in 0..2 {
        let reply = client.ask(assign(106, 7)).await;
        assert_eq!(reply, r#"{"action":"user/assignNetwork","requestId":1,"status":"success"}"#);
        assert_eq!(site.shown_networks(106).await, [7]);
    }
    assert!(client.ask(assign(999, 7)).await.contains("User with id = 999 not found"));
    assert!(client.ask(assign(106, 999)).await.contains("Network with id = 999 not found"));
    let mut powerless = site.client_of(44, None).await;
    assert!(powerless.ask(assign(44, 7)).await.contains(r#""code":403"#));
}

#[tokio::test]
async fn a_network_whose_number_is_a_global_roles_takes_the_membership_only() {
    let site = Site::open().await;
    let mut client = site.client().await;
    let before = site.hive.memberships();
    for network in [0, 1] {
        assert!(client.ask(unassign(101, network)).await.contains("success"));
    }
    assert_eq!(site.lost(&before), ["user 101 is in network 0", "user 101 is in network 1"]);
    assert!(site.hive.memberships().contains("user 101 has global role 1"));
}

#[tokio::test]
async fn numbers_beyond_the_exact_ones_of_floating_point_keep_their_last_digit() {
    let site = Site::open().await;
    let mut client = site.client().await;
    let before = site.hive.memberships();
    let exact = 9_007_199_254_740_993;
    assert!(client.ask(unassign(exact, exact)).await.contains("success"));
    assert_eq!(site.lost(&before), ["user 9007199254740993 is in network 9007199254740993"]);
}

#[tokio::test]
async fn the_demo_removal_finds_something_to_remove() {
    let site = Site::open().await;
    let demo = site.hive.demo();
    assert_eq!(site.hive.slug(), "devicehive");
    assert_eq!(demo.query, [("workspace_id", "7".to_owned())]);
    assert_eq!(demo.body, json!({"id": "42", "roles": [{"id": "7", "group": "7"}]}));
    assert!(site.hive.holds(42, 7));
    let context = site.server.account_context(&demo.context);
    assert_eq!(context["base_url"], json!(format!("mqtt://{}", site.server.mqtt_address.unwrap())));
    let keys: Vec<_> = context.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["transport", "login", "password", "base_url"]);
    // The same account over REST is at the other port.
    let rest = site.server.account_context(&json!({"transport": "rest"}));
    assert_eq!(rest["base_url"], json!(site.server.base_url()));
}
