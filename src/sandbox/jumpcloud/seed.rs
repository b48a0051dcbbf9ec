//! The tenant every simulator starts with: small, but with each edge case of the documents in it.
//! The names of its ids and credentials, for whoever tests against it; all of them made up.

use serde_json::{Map, Value, json};

use super::directory::{Administrator, Directory, Group, Organization, Role, SystemUser};

/// The organization nearly everything belongs to.
pub const ACME: &str = "5c3536e9e0a6840001872700";
/// Another organization, which only the multi-tenant administrator reaches as well.
pub const LABS: &str = "5c3536e9e0a6840001872701";
/// The provider (MSP) over both.
pub const PROVIDER: &str = "5c3536e9e0a68400018727f0";

/// System user, administrator [`JANE_ADMIN`] with two roles.
pub const JANE: &str = "5f9c1a2b3c4d5e6f7a8b9c0d";
/// System user, administrator [`OMAR_ADMIN`] with one role, his last.
pub const OMAR: &str = "5f9c1a2b3c4d5e6f7a8b9c0e";
/// System user, administrator with billing, whose key is [`API_KEY`].
pub const BOSS: &str = "5f9c1a2b3c4d5e6f7a8b9c01";
/// System user who is no administrator.
pub const NINA: &str = "5f9c1a2b3c4d5e6f7a8b9c02";
/// System user of [`LABS`], no administrator.
pub const LABS_USER: &str = "5f9c1a2b3c4d5e6f7a8b9c0f";

pub const JANE_ADMIN: &str = "5c3536e9e0a6840001872782";
pub const OMAR_ADMIN: &str = "5c3536e9e0a6840001872783";
pub const BOSS_ADMIN: &str = "5c3536e9e0a6840001872784";
/// Administrator without a system user.
pub const STANDALONE_ADMIN: &str = "5c3536e9e0a6840001872785";
/// Administrator of the provider.
pub const MSP_ADMIN: &str = "5c3536e9e0a6840001872786";
/// Administrator who may look but not touch.
pub const AUDITOR_ADMIN: &str = "5c3536e9e0a6840001872789";

pub const HELP_DESK_ROLE: &str = "5c3536e9e0a6840001872788";
pub const READ_ONLY_ROLE: &str = "5c3536e9e0a68400018727a6";

/// Static group with Jane in it.
pub const ENGINEERING: &str = "5fa0000000000000000000e1";
/// Static group without Jane.
pub const CONTRACTORS: &str = "5fa0000000000000000000e2";
/// DYNAMIC_AUTOMATED group with Jane in it.
pub const DENVER: &str = "5fa0000000000000000000e3";
/// DYNAMIC_REVIEW_REQUIRED group with Jane in it.
pub const REVIEWED: &str = "5fa0000000000000000000e4";
/// Static group that holds Jane itself and, through Engineering, once more.
pub const EVERYONE: &str = "5fa0000000000000000000e5";

/// Key of [`BOSS_ADMIN`].
pub const API_KEY: &str = "simulated-key-of-an-administrator-with-billing";
/// Key of [`AUDITOR_ADMIN`].
pub const READ_ONLY_KEY: &str = "simulated-key-of-a-read-only-administrator";
/// Key of [`MSP_ADMIN`].
pub const MSP_KEY: &str = "simulated-key-of-a-multi-tenant-administrator";
pub const CLIENT_ID: &str = "simulated-service-account";
pub const CLIENT_SECRET: &str = "simulated-service-account-secret";

// Twelve roles: with the default page size of ten, two of them are on the second page.
const ROLES: [(&str, &str, &[&str]); 12] = [
    ("5c3536e9e0a68400018727a0", "Administrator With Billing", &["users", "groups", "billing"]),
    ("5c3536e9e0a68400018727a1", "Administrator", &["users", "groups"]),
    ("5c3536e9e0a68400018727a2", "Manager", &["users", "groups"]),
    ("5c3536e9e0a68400018727a3", "Command Runner With Billing", &["commands", "billing"]),
    ("5c3536e9e0a68400018727a4", "Command Runner", &["commands"]),
    (HELP_DESK_ROLE, "Help Desk", &["users.readonly"]),
    (READ_ONLY_ROLE, "Read Only", &["users.readonly", "groups.readonly"]),
    ("5c3536e9e0a68400018727b0", "Onboarding Crew", &["users"]),
    ("5c3536e9e0a68400018727b1", "Device Custodian", &["systems"]),
    ("5c3536e9e0a68400018727b2", "Policy Author", &["policies"]),
    ("5c3536e9e0a68400018727b3", "Night Shift", &["users.readonly"]),
    ("5c3536e9e0a68400018727b4", "Auditors, EU", &["directoryinsights.readonly"]),
];

pub(super) fn directory() -> Directory {
    let organization = |(id, name): (&str, &str)| Organization { id: id.to_owned(), name: name.to_owned() };
    let role = |(id, name, scopes): (&str, &str, &[&'static str])| Role {
        id: id.to_owned(),
        name: name.to_owned(),
        scopes: scopes.to_vec(),
    };
    let links = [(MSP_ADMIN, ACME), (MSP_ADMIN, LABS)];
    let mut directory = Directory {
        provider: PROVIDER.to_owned(),
        organizations: [(ACME, "Acme"), (LABS, "Acme Labs")].map(organization).into(),
        roles: ROLES.map(role).into(),
        users: users(),
        groups: groups(),
        links: links.map(|(a, o)| (a.to_owned(), o.to_owned())).into(),
        ..Directory::default()
    };
    for (id, email, name, user, roles) in [
        (JANE_ADMIN, "jdoe@acme.com", ["Jane", "Doe"], Some(JANE), &["Help Desk", "Read Only"][..]),
        (OMAR_ADMIN, "omar@acme.com", ["Omar", "Reyes"], Some(OMAR), &["Command Runner"]),
        (BOSS_ADMIN, "boss@acme.com", ["Bea", "Boss"], Some(BOSS), &["Administrator With Billing"]),
        (STANDALONE_ADMIN, "joe@example.com", ["Joe", "Blough"], None, &["Manager", "Auditors, EU"]),
        (MSP_ADMIN, "mia@msp.example", ["Mia", "Multi"], None, &["Administrator With Billing", "Help Desk"]),
        (AUDITOR_ADMIN, "ava@acme.com", ["Ava", "Audit"], None, &["Read Only"]),
    ] {
        let multi_tenant = id == MSP_ADMIN;
        let roles = roles.iter().filter_map(|name| directory.role_by_name(name));
        let roles = roles.map(|role| role.id.clone()).collect();
        directory.administrators.push(Administrator {
            id: id.to_owned(),
            email: email.to_owned(),
            firstname: name[0].to_owned(),
            lastname: name[1].to_owned(),
            organization: (!multi_tenant).then(|| ACME.to_owned()),
            provider: multi_tenant.then(|| PROVIDER.to_owned()),
            user: user.map(str::to_owned),
            roles,
            enable_multi_factor: true,
            totp_enrolled: true,
            api_key_allowed: true,
            api_key_set: [BOSS_ADMIN, AUDITOR_ADMIN, MSP_ADMIN].contains(&id),
            suspended: false,
            registered: true,
        });
    }
    directory
}

// Deliberately not in the order of the ids: who pages without `sort=_id` meets them in this one.
fn users() -> Vec<SystemUser> {
    let mut users = vec![
        user(JANE, ACME, "jdoe", ["Jane", "Doe"], &jane()),
        user(OMAR, ACME, "omar", ["Omar", "Reyes"], &json!({"jobTitle": "Operator"})),
        user(BOSS, ACME, "boss", ["Bea", "Boss"], &json!({"jobTitle": "Head of IT"})),
        user(NINA, ACME, "nina", ["Nina", "Novak"], &json!({})),
        user(LABS_USER, LABS, "lars", ["Lars", "Lab"], &json!({})),
    ];
    let states = [
        json!({"state": "SUSPENDED", "suspended": true}),
        json!({"state": "STAGED", "activated": false}),
        json!({"activated": false}),
        json!({"account_locked": true, "account_locked_date": "2026-03-04T05:06:07.000Z"}),
    ];
    for (n, name) in ["pia+it", "quinn", "rosa", "sami", "tove", "umar", "vera", "will"].iter().enumerate() {
        let id = format!("5f9c1a2b3c4d5e6f7a8b9c{:02x}", 0x30 - n);
        let state = states.get(n).cloned().unwrap_or_else(|| json!({}));
        users.push(user(&id, ACME, name, [name, "Tester"], &state));
    }
    users
}

fn jane() -> Value {
    json!({
        "alternateEmail": "jane@home.example", "totp_enabled": true,
        "mfa": {"configured": true, "exclusion": false},
        "mfaEnrollment": {"overallStatus": "ENROLLED", "totpStatus": "ENROLLED",
            "webAuthnStatus": "NOT_ENROLLED", "pushStatus": "NOT_ENROLLED"},
        "jobTitle": "Engineer", "department": "R&D", "company": "Acme", "employeeIdentifier": "E-17",
        "employeeType": "Full-time", "location": "Denver", "manager": BOSS,
        "phoneNumbers": [{"id": "5f9c1a2b3c4d5e6f7a8b9cf1", "type": "work", "number": "+1 555 0100"}],
    })
}

fn user(id: &str, organization: &str, name: &str, full: [&str; 2], special: &Value) -> SystemUser {
    let email = format!("{name}@acme.com");
    let mut profile = Map::new();
    let usual = json!({
        "username": name, "email": email, "alternateEmail": "", "firstname": full[0], "middlename": "",
        "lastname": full[1], "displayname": full.join(" "), "state": "ACTIVATED", "activated": true,
        "suspended": false, "account_locked": false, "account_locked_date": null,
        "password_expired": false, "password_date": "2026-01-01T00:00:00.000Z", "totp_enabled": false,
        "mfa": {"configured": false, "exclusion": false},
        "mfaEnrollment": {"overallStatus": "NOT_ENROLLED", "totpStatus": "NOT_ENROLLED",
            "webAuthnStatus": "NOT_ENROLLED", "pushStatus": "NOT_ENROLLED"},
        "jobTitle": "", "department": "", "costCenter": "", "company": "", "employeeIdentifier": null,
        "employeeType": "", "location": "", "manager": null, "description": "", "phoneNumbers": [],
        "addresses": [], "attributes": [], "external_dn": "", "external_source_type": "",
        "externally_managed": false, "created": "2024-01-02T03:04:05.000Z",
        "creationSource": "jumpcloud:default",
    });
    for fields in [&usual, special] {
        profile.extend(fields.as_object().cloned().unwrap_or_default());
    }
    SystemUser { id: id.to_owned(), organization: organization.to_owned(), email, profile }
}

fn groups() -> Vec<Group> {
    let group = |id: &str, name: &str, membership_method, members: &[&str], includes: &[&str]| Group {
        id: id.to_owned(),
        organization: ACME.to_owned(),
        name: name.to_owned(),
        membership_method,
        members: members.iter().map(|m| (*m).to_owned()).collect(),
        includes: includes.iter().map(|g| (*g).to_owned()).collect(),
    };
    vec![
        group(ENGINEERING, "Engineering", "STATIC", &[JANE, BOSS], &[]),
        group(CONTRACTORS, "Contractors", "NOTSET", &[NINA], &[]),
        group(DENVER, "Denver", "DYNAMIC_AUTOMATED", &[JANE], &[]),
        group(REVIEWED, "Reviewed", "DYNAMIC_REVIEW_REQUIRED", &[JANE], &[]),
        group(EVERYONE, "Everyone, always", "STATIC", &[JANE, NINA], &[ENGINEERING]),
    ]
}
