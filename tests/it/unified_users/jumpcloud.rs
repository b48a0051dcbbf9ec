use offramp::sandbox::jumpcloud::{JumpCloud, seed};

use super::*;

pub(super) fn stories() -> Vec<Story> {
    vec![system_user(), administrator()]
}

fn system_user() -> Story {
    let read_only = seed::READ_ONLY_ROLE;
    let user = json!({
        "id": seed::JANE,
        "external_id": "E-17",
        "identifiers": {"username": "jdoe", "employeeIdentifier": "E-17", "admin_id": seed::JANE_ADMIN},
        "first_name": "Jane",
        "last_name": "Doe",
        "title": "Engineer",
        "name": "Jane Doe",
        "username": "jdoe",
        "emails": [
            {"email": "jdoe@acme.com", "is_primary": true},
            {"email": "jane@home.example", "type": "alternate"},
        ],
        "phones": [{"number": "+1 555 0100", "type": "work"}],
        "status": "active",
        "is_2fa_enabled": true,
        "roles": [{"id": read_only, "name": "Read Only", "organization": seed::ACME}],
        "organizations": [{"id": seed::ACME, "name": "Acme"}],
        "user_type": "Full-time",
        "groups": [
            {"id": seed::ENGINEERING, "name": "Engineering"},
            {"id": seed::DENVER, "name": "Denver"},
            {"id": seed::REVIEWED, "name": "Reviewed"},
            {"id": seed::EVERYONE, "name": "Everyone, always"},
        ],
        "created_at": "2024-01-02T03:04:05.000Z",
    });
    let mut remote_data = json!({
        "_id": seed::JANE,
        "id": seed::JANE,
        "username": "jdoe",
        "email": "jdoe@acme.com",
        "alternateEmail": "jane@home.example",
        "firstname": "Jane",
        "middlename": "",
        "lastname": "Doe",
        "displayname": "Jane Doe",
        "state": "ACTIVATED",
        "activated": true,
        "suspended": false,
        "account_locked": false,
        "account_locked_date": null,
        "password_expired": false,
        "password_date": "2026-01-01T00:00:00.000Z",
        "totp_enabled": true,
        "mfa": {"configured": true, "exclusion": false},
        "mfaEnrollment": {
            "overallStatus": "ENROLLED",
            "totpStatus": "ENROLLED",
            "webAuthnStatus": "NOT_ENROLLED",
            "pushStatus": "NOT_ENROLLED",
        },
    });
    let more = json!({
        "jobTitle": "Engineer",
        "department": "R&D",
        "costCenter": "",
        "company": "Acme",
        "employeeIdentifier": "E-17",
        "employeeType": "Full-time",
        "location": "Denver",
        "manager": seed::BOSS,
        "description": "",
        "phoneNumbers": [{"id": "5f9c1a2b3c4d5e6f7a8b9cf1", "type": "work", "number": "+1 555 0100"}],
        "addresses": [],
        "attributes": [],
        "external_dn": "",
        "external_source_type": "",
        "externally_managed": false,
        "created": "2024-01-02T03:04:05.000Z",
        "creationSource": "jumpcloud:default",
        "organization": seed::ACME,
        "admin": {"id": seed::JANE_ADMIN, "roleName": "Read Only", "roleNames": ["Read Only"]},
    });
    remote_data.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let body = json!({"id": seed::JANE, "roles": [{"name": "Help Desk"}]});
    Story::of("a system user", JumpCloud::new(Clock::default()), body, user, remote_data)
}

fn administrator() -> Story {
    let auditors = "5c3536e9e0a68400018727b4";
    let user = json!({
        "id": seed::STANDALONE_ADMIN,
        "identifiers": {"admin_id": seed::STANDALONE_ADMIN},
        "first_name": "Joe",
        "last_name": "Blough",
        "name": "Joe Blough",
        "username": "joe@example.com",
        "emails": [{"email": "joe@example.com", "is_primary": true}],
        "status": "active",
        "is_2fa_enabled": true,
        "roles": [{"id": auditors, "name": "Auditors, EU", "organization": seed::ACME}],
        "organizations": [{"id": seed::ACME, "name": "Acme"}],
        "user_type": "administrator",
        "timezone": "America/Denver",
        "created_at": "2024-01-02T03:04:05.000Z",
    });
    let remote_data = json!({
        "_id": seed::STANDALONE_ADMIN,
        "email": "joe@example.com",
        "firstname": "Joe",
        "lastname": "Blough",
        "organization": seed::ACME,
        "provider": null,
        "role": auditors,
        "roleName": "Auditors, EU",
        "roles": [auditors],
        "roleNames": ["Auditors, EU"],
        "enableMultiFactor": true,
        "totpEnrolled": true,
        "apiKeyAllowed": true,
        "apiKeySet": false,
        "suspended": false,
        "sessionCount": 3,
        "created": "2024-01-02T03:04:05.000Z",
        "passwordUpdatedAt": "2024-02-02T03:04:05.000Z",
        "usersTimeZone": "America/Denver",
    });
    let body = json!({"id": seed::STANDALONE_ADMIN, "roles": [{"name": "manager"}]});
    Story::of("an administrator", JumpCloud::new(Clock::default()), body, user, remote_data)
}
