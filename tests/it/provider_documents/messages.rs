//! Messages are checked by action: what the provider's page asks of a request and of its reply.

use bytes::Bytes;
use offramp::sandbox::{Call, Reply};
use serde_json::{Value as Json, json};

use super::{document, documents};

fn message(action: &str, payload: &Json) -> Call {
    let body = Bytes::from(payload.to_string());
    Call { method: "MQTT".to_owned(), path: action.to_owned(), query: String::new(), headers: Vec::new(), body }
}

fn said(action: &str, request: &Json, reply: Option<&Json>) -> Vec<String> {
    let reply = reply.map(|payload| Reply::json(200, payload));
    let deviations = documents().check("devicehive", &message(action, request), reply.as_ref());
    deviations.iter().map(ToString::to_string).collect()
}

#[test]
fn topics_are_those_of_the_page() {
    let messages = document("devicehive-messages");
    assert_eq!(messages["topics"]["request"], "dh/request");
    let reply = messages["topics"]["reply"].as_str().unwrap().replace("{action}", "user/unassignNetwork");
    assert_eq!(reply, "dh/response/user/unassignNetwork@{clientId}");
}

#[test]
fn documented_messages_pass() {
    let request = json!({"action": "user/unassignNetwork", "requestId": "r2", "userId": 42, "networkId": 7});
    let success = json!({"action": "user/unassignNetwork", "requestId": "r2", "status": "success"});
    let error = json!({"action": "user/unassignNetwork", "requestId": "r2", "code": 404, "status": "error", "error": "Network with id = 7 not found"});
    for reply in [None, Some(&success), Some(&error)] {
        assert_eq!(said("user/unassignNetwork", &request, reply), Vec::<String>::new());
    }
    let authenticate = json!({"action": "authenticate", "token": "jwt", "requestId": {"any": "value"}});
    assert_eq!(said("/authenticate", &authenticate, None), Vec::<String>::new());
}

#[test]
fn a_message_that_the_page_does_not_know_is_a_deviation() {
    let action = "user/unassignNetwork";
    let request = |change: Json| {
        let mut request = json!({"action": action, "userId": 42, "networkId": 7});
        request.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        request
    };
    let cases = [
        (
            action,
            request(json!({"userId": "42"})),
            None,
            "MQTT user/unassignNetwork: body/userId: \"42\" is not of type \"integer\"",
        ),
        (action, request(json!({"networkId": -1})), None, "body/networkId: -1 is less than the minimum of 0"),
        (
            action,
            request(json!({"force": true})),
            None,
            "body: Additional properties are not allowed ('force' was unexpected)",
        ),
        (
            action,
            request(json!({"action": "user/assignNetwork"})),
            None,
            "body/action: \"user/unassignNetwork\" was expected",
        ),
        ("user/delete", json!({"action": "user/delete"}), None, "path: there is no action `user/delete`"),
        (action, request(json!({})), Some(json!({"action": action, "status": "done"})), "reply.body: "),
        (action, request(json!({})), Some(json!({"action": action})), "reply.body: "),
    ];
    for (action, request, reply, expected) in cases {
        let said = said(action, &request, reply.as_ref());
        assert!(said.len() == 1 && said[0].contains(expected), "{expected}: {said:?}");
    }
    let call = Call { body: Bytes::from_static(b"\"text"), ..message(action, &json!(null)) };
    let deviations = documents().check("devicehive", &call, None);
    assert!(deviations[0].what.starts_with("it is no JSON"), "{deviations:?}");
}
