//! The hive as a test finds it: every case that the vendor's pages make hard is somebody here.

use serde_json::json;

use super::directory::{Directory, Network, User};

/// The administrator that the demo account is.
pub(super) const ADMINISTRATOR: i64 = 1;
pub(super) const LOGIN: &str = "dhadmin";
pub(super) const PASSWORD: &str = "sandbox-only-secret";
/// A refresh token of that administrator's, good from the start.
pub(super) const REFRESH_TOKEN: &str = "sandbox-only-refresh-token";

/// Where a number that was read as a floating one ends up at its neighbour: 2^53, and one more.
const EXACT: i64 = 9_007_199_254_740_992;

pub(super) fn directory() -> Directory {
    let mut directory = Directory::default();
    directory.networks.extend(networks());
    directory.users.extend(users());
    directory
}

fn networks() -> Vec<(i64, Network)> {
    let network = |id: i64, name: &str, description: Option<&str>| {
        (id, Network { name: name.to_owned(), description: description.map(ToOwned::to_owned) })
    };
    vec![
        // Their numbers are those of the global roles.
        network(0, "Factory", None),
        network(1, "Default network", Some("everybody's first")),
        network(7, "Lab", Some("benches 1 to 9")),
        // Their names differ little from the one above, or not at all.
        network(8, "lab", None),
        network(9, "Lab", Some("the other site")),
        network(10, "Lab 2", None),
        network(11, "Zürich 北", Some("unicode")),
        // Nobody is in it.
        network(12, "Break glass", None),
        network(EXACT, "Far", None),
        network(EXACT + 1, "Farther", None),
    ]
}

fn users() -> Vec<(i64, User)> {
    let member = |login: &str, networks: &[i64]| {
        let mut user = User::client(login);
        user.networks.extend(networks);
        user
    };
    let administrator = User { role: 0, password: PASSWORD.to_owned(), intro_reviewed: true, ..member(LOGIN, &[1]) };
    // An administrator without any membership.
    let second = User { role: 0, ..member("root@example.com", &[]) };
    let alice = User { data: json!({"team": "bench", "floor": 3}), ..member("alice", &[1, 7, 9]) };
    let never = User { last_login: None, ..member("never@example.com", &[7]) };
    let locked = User { status: 1, ..member("locked", &[1, 7]) };
    let disabled = User { status: 2, ..member("disabled", &[8]) };
    let reviewed = User { intro_reviewed: true, all_device_types_available: false, ..member("zoë.ōta", &[11]) };
    let mut users = vec![
        (ADMINISTRATOR, administrator),
        (2, second),
        (7, member("seven", &[0, 7])),
        (42, alice),
        // In the network, but not in those that are called like it.
        (43, member("alice2", &[7, 8])),
        (44, member("Alice", &[8])),
        // The pattern `john@example.com%` finds both, and `_` any of three.
        (101, member("john@example.com", &[0, 1, 7])),
        (102, member("john@example.com.au", &[7])),
        (103, member("big-john@example.com", &[7, 10])),
        (104, member("al_ce", &[7])),
        (105, member("ana+ops@example.com", &[9])),
        (106, member("no.networks@example.com", &[])),
        (107, never),
        (108, locked),
        (109, disabled),
        (110, reviewed),
        (EXACT, member("exact", &[EXACT, EXACT + 1])),
        (EXACT + 1, member("exacter", &[EXACT, EXACT + 1])),
    ];
    // More than a page, and each in the same network.
    users.extend((201..=212).map(|id| (id, member(&format!("device-{id}"), &[1]))));
    users
}
