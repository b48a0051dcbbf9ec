use offramp::sandbox::crowdstrike::{CrowdStrike, seed};

use super::*;

pub(super) fn stories() -> Vec<Story> {
    vec![carol(), invited(), of_several_customers()]
}

fn carol() -> Story {
    let user = json!({
        "id": seed::CAROL,
        "identifiers": {"uid": "carol@example.com", "cid": seed::CID},
        "first_name": "Carol",
        "last_name": "Clark",
        "name": "Carol Clark",
        "username": "carol@example.com",
        "emails": [{"email": "carol@example.com", "is_primary": true}],
        "status": "active",
        "is_2fa_enabled": true,
        "roles": [
            {"id": "help_desk", "name": "Help Desk", "organization": seed::CID},
            {"id": "help_desk", "name": "Help Desk", "group": "Service Desk", "organization": seed::CID},
        ],
        "organizations": [{"id": seed::CID}],
        "user_type": "internal",
        "groups": [{"id": "9d9d9d9d9d9d4d9d8d9d9d9d9d9d9d02", "name": "Service Desk"}],
        "created_at": "2024-01-02T03:04:05Z",
        "updated_at": "2024-05-02T03:04:05Z",
        "last_login_at": "2026-11-01T08:00:00Z",
        "activated_at": "2024-01-02T03:04:05Z",
    });
    let remote_data = json!({
        "uuid": seed::CAROL,
        "uid": "carol@example.com",
        "cid": seed::CID,
        "first_name": "Carol",
        "last_name": "Clark",
        "status": "active",
        "user_type": "internal",
        "factors": ["2fa"],
        "created_at": "2024-01-02T03:04:05Z",
        "updated_at": "2024-05-02T03:04:05Z",
        "access_granted_at": "2024-01-02T03:04:05Z",
        "last_login_at": "2026-11-01T08:00:00Z",
    });
    let body = json!({"id": seed::CAROL, "roles": [{"id": "falcon_read_only"}]});
    Story::of("a user with a group", CrowdStrike::new(Clock::default()), body, user, remote_data)
}

fn invited() -> Story {
    let simulator = CrowdStrike::new(Clock::default());
    simulator.assign(seed::INVITED, "help_desk", seed::CHILD_CID);
    simulator.assign(seed::INVITED, "event_viewer", seed::CHILD_CID);
    simulator.settings(|settings| settings.read_lag = Duration::ZERO);
    let user = json!({
        "id": seed::INVITED,
        "identifiers": {"uid": "invited@example.com", "cid": seed::CID},
        "first_name": "Inga",
        "last_name": "Vited",
        "name": "Inga Vited",
        "username": "invited@example.com",
        "emails": [{"email": "invited@example.com", "is_primary": true}],
        "status": "invited",
        "is_2fa_enabled": false,
        "roles": [{"id": "event_viewer", "name": "Event Viewer", "organization": seed::CHILD_CID}],
        // Her own, and one that she holds a role on.
        "organizations": [{"id": seed::CID}, {"id": seed::CHILD_CID}],
        "user_type": "internal",
        "created_at": "2024-01-02T03:04:05Z",
        "updated_at": "2024-05-02T03:04:05Z",
    });
    let remote_data = json!({
        "uuid": seed::INVITED,
        "uid": "invited@example.com",
        "cid": seed::CID,
        "first_name": "Inga",
        "last_name": "Vited",
        "status": "inactive",
        "user_type": "internal",
        "factors": [],
        "created_at": "2024-01-02T03:04:05Z",
        "updated_at": "2024-05-02T03:04:05Z",
        "access_granted_at": "0001-01-01T00:00:00Z",
        "last_login_at": "0001-01-01T00:00:00Z",
    });
    let body = json!({
        "id": "invited@example.com",
        "roles": [{"id": "help_desk", "organization": seed::CHILD_CID}],
    });
    Story::of("a user who never came", simulator, body, user, remote_data)
}

/// What is left on the one is not lost over the other, nor told twice.
fn of_several_customers() -> Story {
    let simulator = CrowdStrike::new(Clock::default());
    simulator.settings(|settings| settings.read_lag = Duration::ZERO);
    simulator.assign(seed::ALICE, "help_desk", seed::CHILD_CID);
    let (own, child) = (seed::CID, seed::CHILD_CID);
    let user = json!({
        "id": seed::ALICE,
        "identifiers": {"uid": "alice@example.com", "cid": own},
        "first_name": "Alice",
        "last_name": "Anderson",
        "name": "Alice Anderson",
        "username": "alice@example.com",
        "emails": [{"email": "alice@example.com", "is_primary": true}],
        "status": "active",
        "is_2fa_enabled": true,
        "roles": [
            {"id": "falcon_administrator", "name": "Falcon Administrator", "organization": own},
            {"id": "help_desk", "name": "Help Desk", "organization": child},
        ],
        "organizations": [{"id": own}, {"id": child}],
        "user_type": "internal",
        "created_at": "2024-01-02T03:04:05Z",
        "updated_at": "2024-05-02T03:04:05Z",
        "last_login_at": "2026-11-01T08:00:00Z",
        "activated_at": "2024-01-02T03:04:05Z",
    });
    let remote_data = json!({
        "uuid": seed::ALICE,
        "uid": "alice@example.com",
        "cid": own,
        "first_name": "Alice",
        "last_name": "Anderson",
        "status": "active",
        "user_type": "internal",
        "factors": ["2fa"],
        "created_at": "2024-01-02T03:04:05Z",
        "updated_at": "2024-05-02T03:04:05Z",
        "access_granted_at": "2024-01-02T03:04:05Z",
        "last_login_at": "2026-11-01T08:00:00Z",
    });
    let taken = [("falcon_read_only", own), ("falcon_analyst", own), ("falcon_read_only", child)];
    let roles: Vec<Json> = taken.iter().map(|(id, cid)| json!({"id": id, "organization": cid})).collect();
    Story::of("a user of several customers", simulator, json!({"id": seed::ALICE, "roles": roles}), user, remote_data)
}
