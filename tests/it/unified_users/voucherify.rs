use offramp::sandbox::voucherify::{User, Voucherify, seed};

use super::*;

pub(super) fn stories() -> Vec<Story> {
    let simulator = Voucherify::new(Clock::default());
    // An owner whose login is no address: nothing can be mistaken for anything else.
    let owner = User {
        login: "sammy.jones".to_owned(),
        is_owner: true,
        ..User::new("sammy@example.com", "Sammy", "Jones")
            .with(seed::SPRING, "USER")
            .with(seed::TEST, "VIEWER")
            .with(seed::LOYALTY, seed::AUDITOR_ROLE)
    };
    simulator.put_user(seed::SAMMY, owner);
    let user = json!({
        "id": seed::SAMMY,
        "identifiers": {"login": "sammy.jones"},
        "first_name": "Sammy",
        "last_name": "Jones",
        "name": "Sammy Jones",
        "username": "sammy.jones",
        "emails": [{"email": "sammy@example.com", "is_primary": true}],
        "roles": [
            {"id": "USER", "name": "USER", "workspace": seed::SPRING},
            {
                "id": seed::AUDITOR_ROLE,
                "name": seed::AUDITOR_ROLE,
                "workspace": seed::LOYALTY,
            },
        ],
        "user_type": "owner",
        "workspaces": [
            {"id": seed::SPRING, "name": "Spring campaign"},
            {"id": seed::LOYALTY, "name": "Żółty program, EU"},
        ],
    });
    let remote_data = json!({
        "id": seed::SAMMY,
        "login": "sammy.jones",
        "email": "sammy@example.com",
        "first_name": "Sammy",
        "last_name": "Jones",
        "projects": {seed::SPRING: "USER", seed::LOYALTY: seed::AUDITOR_ROLE},
        "is_owner": true,
    });
    let body = json!({"id": seed::SAMMY, "workspace_id": seed::TEST});
    vec![Story::of("an owner", simulator, body, user, remote_data)]
}
