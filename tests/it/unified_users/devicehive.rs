use offramp::sandbox::devicehive::{DeviceHive, User};

use super::*;

pub(super) fn stories() -> Vec<Story> {
    let networks = json!([{"id": "0", "name": "Factory"}, {"id": "1", "name": "Default network"}]);
    let user = json!({
        "id": "101",
        "identifiers": {"login": "john@example.com"},
        "name": "john@example.com",
        "username": "john@example.com",
        "emails": [{"email": "john@example.com", "is_primary": true}],
        "status": "active",
        "roles": [
            {"id": "0", "name": "Factory", "group": "0"},
            {"id": "1", "name": "Default network", "group": "1"},
        ],
        "user_type": "client",
        "groups": networks.clone(),
        "workspaces": networks,
        "last_login_at": "2018-02-08T15:31:42.000Z",
    });
    let remote_data = json!({
        "id": 101,
        "login": "john@example.com",
        "role": 1,
        "status": 0,
        "lastLogin": "2018-02-08T15:31:42.000",
        "data": {},
        "introReviewed": false,
        "allDeviceTypesAvailable": true,
        "networks": [
            {"id": 0, "name": "Factory", "description": null},
            {"id": 1, "name": "Default network", "description": "everybody's first"},
        ],
    });
    let story = |what, transport: &str, below: &'static str| {
        let body = json!({"id": "john@example.com", "roles": [{"id": "7"}]});
        let simulator = DeviceHive::new(Clock::default());
        let mut story = Story::of(what, simulator, body, user.clone(), remote_data.clone());
        story.context["transport"] = json!(transport);
        Story { below, ..story }
    };
    vec![story("through messages", "mqtt", ""), story("over REST", "rest", "/api/rest"), administrator()]
}

/// Whose login is no address: it is none in `emails`.
fn administrator() -> Story {
    let simulator = DeviceHive::new(Clock::default());
    let operator = User { role: 0, networks: [1, 9].into(), ..User::client("operator") };
    simulator.put_user(300, operator);
    let networks = json!([{"id": "1", "name": "Default network"}]);
    let user = json!({
        "id": "300",
        "identifiers": {"login": "operator"},
        "name": "operator",
        "username": "operator",
        "status": "active",
        "roles": [{"id": "1", "name": "Default network", "group": "1"}],
        "user_type": "admin",
        "groups": networks.clone(),
        "workspaces": networks,
        "last_login_at": "2018-02-08T15:31:42.000Z",
    });
    let remote_data = json!({
        "id": 300,
        "login": "operator",
        "role": 0,
        "status": 0,
        "lastLogin": "2018-02-08T15:31:42.000",
        "data": {},
        "introReviewed": false,
        "allDeviceTypesAvailable": true,
        "networks": [{"id": 1, "name": "Default network", "description": "everybody's first"}],
    });
    Story::of("an administrator", simulator, json!({"id": "300", "workspace_id": "9"}), user, remote_data)
}
