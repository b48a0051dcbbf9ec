use offramp::sandbox::guardhouse::Guardhouse;

use super::*;

pub(super) fn stories() -> Vec<Story> {
    let simulator = Guardhouse::new(Clock::default());
    // The address of an avatar ends with its time.
    simulator.settings(|settings| {
        settings.last_login_in_single_read = true;
        settings.avatar_lifetime_s = 4_000_000_000;
    });
    simulator.assign(101, 2);
    simulator.assign(101, 3);
    let avatar = "https://files.example/avatars/101.png?expires=4000000000&signature=6bc775903e8d3c49";
    let user = json!({
        "id": "101",
        "first_name": "John",
        "last_name": "Doe",
        "name": "John Doe",
        "username": "john@example.com",
        "emails": [{"email": "john@example.com", "is_primary": true}],
        "status": "active",
        "roles": [{"id": "1", "name": "Administrator"}, {"id": "3", "name": "Billing"}],
        "avatar": avatar,
        "last_login_at": "2026-04-22T10:15:30Z",
    });
    let remote_data = json!({
        "id": 101,
        "email": "john@example.com",
        "firstName": "John",
        "lastName": "Doe",
        "status": 3,
        "avatarUrl": avatar,
        "roles": [{"id": 1, "name": "Administrator"}, {"id": 3, "name": "Billing"}],
        "systemPermissions": [{"id": 10, "name": "system_administrator"}],
        "lastLogin": "2026-04-22T10:15:30Z",
    });
    let body = json!({"id": "101", "roles": [{"id": "2"}]});
    vec![Story::of("a user", simulator, body, user, remote_data)]
}
