//! The tenant as a test finds it: every case that the vendor's pages make hard is somebody here.

use super::access::{Access, Client};
use super::directory::{Directory, Permission, Role, Status, User};

pub(super) const CLIENT_ID: &str = "offramp-sandbox";
pub(super) const CLIENT_SECRET: &str = "sandbox-only-secret";

/// One client with System API Access and one without.
pub(super) fn access() -> Access {
    let client = |secret: &str, system_api_access| Client { secret: secret.to_owned(), system_api_access };
    let mut access = Access::default();
    access.clients.insert(CLIENT_ID.to_owned(), client(CLIENT_SECRET, true));
    access.clients.insert("reports-only".to_owned(), client("sandbox-reports-secret", false));
    access
}

pub(super) fn directory() -> Directory {
    let mut directory = Directory::default();
    directory.roles.extend(roles());
    directory.users.extend(users());
    directory
}

fn roles() -> Vec<(i32, Role)> {
    let role = |id: i32, key: &str, name: &str, permissions: &[(i32, &str, bool)]| {
        let permissions = permissions.iter().map(|(id, name, is_active)| Permission {
            id: *id,
            name: (*name).to_owned(),
            is_active: *is_active,
        });
        let role = Role {
            key: key.to_owned(),
            name: name.to_owned(),
            description: format!("{name} of the tenant"),
            permissions: permissions.collect(),
        };
        (id, role)
    };
    vec![
        role(1, "administrator", "Administrator", &[(51, "users.write", true), (52, "users.read", true)]),
        role(2, "support_agent", "Support Agent", &[(52, "users.read", true)]),
        role(3, "billing", "Billing", &[(53, "invoices.read", false)]),
        // Two of one name.
        role(4, "auditor_internal", "Auditor", &[]),
        role(5, "auditor_external", "Auditor", &[]),
        // Its key is another role's name.
        role(6, "Billing", "Billing Viewer", &[]),
        // Held by nobody.
        role(7, "break_glass", "Break Glass", &[]),
    ]
}

fn users() -> Vec<(i32, User)> {
    let with = |mut user: User, roles: &[i32]| {
        user.roles.extend(roles);
        user
    };
    let mut john = with(User::active("john@example.com", "John", "Doe"), &[1]);
    john.system_permissions.insert(10, "system_administrator".to_owned());
    let jane = with(User::active("Jane.Roe@Example.com", "Jane", "Roe"), &[1, 2, 3]);
    // The filter `john@example.com` finds these two as well.
    let big_john = with(User::active("big-john@example.com", "John", "Little"), &[1, 2]);
    let far_john = with(User::active("john@example.com.au", "John", "Dough"), &[2]);
    let plus = with(User::active("ana+ops@example.com", "Ana", "Núñez"), &[4, 5]);
    let without = User::active("no.roles@example.com", "Noël", "Bare");
    let staged = User {
        status: Status::Staged,
        has_avatar: false,
        last_login: None,
        ..User::active("staged@example.com", "Sten", "Aged")
    };
    let invited = User {
        status: Status::Invited,
        has_avatar: false,
        last_login: None,
        ..with(User::active("invited@example.com", "Inga", "Vited"), &[2, 6])
    };
    let archived =
        User { status: Status::Archived, ..with(User::active("archived@example.com", "Archie", "Ved"), &[3]) };
    let suspended = User { is_suspended: true, ..with(User::active("suspended@example.com", "Sue", "Spend"), &[2]) };
    let locked = User { is_locked: true, ..with(User::active("locked@example.com", "Lock", "Ed"), &[1, 4]) };
    let last = with(User::active("zoe@example.com", "Zoë", "Ōta"), &[2]);
    let people = [john, jane, big_john, far_john, plus, without, staged, invited, archived, suspended, locked, last];
    (101..).zip(people).collect()
}
