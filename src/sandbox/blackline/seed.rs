//! The tenant as a test finds it: every case that the vendor's page makes hard is somebody here.

use super::access::{Access, ApiUser};
use super::directory::{Directory, Pair, User};

pub const CLIENT_ID: &str = "offramp-sandbox";
pub const CLIENT_SECRET: &str = "sandbox-only-secret";
/// May manage users.
pub const USERNAME: &str = "api.offramp";
pub const API_KEY: &str = "sandbox-only-key";
/// Has API access, and no right to manage users.
pub const REPORTS_USERNAME: &str = "api.reports";
pub const REPORTS_API_KEY: &str = "sandbox-reports-key";
pub const INSTANCE: &str = "5b0f7a52-0000-4000-8000-00005a4d0001";

/// Holds role 1 on two products, role 2 on one of them, and role 5 on another.
pub const ALICE: i64 = 728;
/// Holds role 1 on product A, and nothing else.
pub const BOB: i64 = 729;
/// Holds nothing.
pub const CAROL: i64 = 730;
/// Holds both roles named Viewer, on one product.
pub const DAN: i64 = 731;
/// Their addresses contain Alice's.
pub const FAR_ALICE: i64 = 732;
pub const BIG_ALICE: i64 = 733;
/// A plus in the address.
pub const ANA: i64 = 734;
/// A quote in the address.
pub const SEAMUS: i64 = 735;
/// Deactivated, and holds role 2 still.
pub const INACTIVE: i64 = 736;
/// Has role 3 on product T by team 41 only, and holds role 4 on product J.
pub const MEMBER: i64 = 737;
/// Holds role 3 on product T, and is in the team too.
pub const HOLDING_MEMBER: i64 = 738;
/// Two of one address.
pub const SHARED: [i64; 2] = [739, 740];
/// Logs in with what is Bob's address.
pub const ROBERT: i64 = 741;
/// The first of [`CROWD`] people who fill the first page.
pub const FIRST_OF_CROWD: i64 = 801;
pub const CROWD: i64 = 40;
/// On the second page of users; holds role 1 on product A, and role 2 on product J.
pub const ZOE: i64 = 900;

const TEAM: i64 = 41;

pub(super) fn access() -> Access {
    let user = |key: &str, may_manage_users| ApiUser { key: key.to_owned(), key_expired: false, may_manage_users };
    let mut access = Access::default();
    access.instance_scope = format!("instance_{INSTANCE}");
    access.clients.insert(CLIENT_ID.to_owned(), CLIENT_SECRET.to_owned());
    access.users.insert(USERNAME.to_owned(), user(API_KEY, true));
    access.users.insert(REPORTS_USERNAME.to_owned(), user(REPORTS_API_KEY, false));
    access
}

pub(super) fn directory() -> Directory {
    let mut directory = Directory::default();
    let roles = [
        (1, "Preparer"),
        (2, "Approver"),
        (3, "Reviewer"),
        // Its name begins as the first one's.
        (4, "Preparer - Journals"),
        // Two of one name.
        (5, "Viewer"),
        (6, "Viewer"),
        // Held by nobody.
        (7, "Break Glass"),
        // Its name is another role's id.
        (8, "1"),
        (9, "Prüfer"),
    ];
    directory.roles.extend(roles.map(|(id, name)| (id, name.to_owned())));
    // Only the first id is known of the vendor's.
    let products = [("A", "Account"), ("J", "Journal Document"), ("M", "Matching"), ("T", "Task")];
    directory.products.extend(products.map(|(id, name)| (id.to_owned(), name.to_owned())));
    directory.users.extend(users());
    let held = [
        (ALICE, 1, "A"),
        (ALICE, 1, "J"),
        (ALICE, 2, "A"),
        (ALICE, 5, "M"),
        (BOB, 1, "A"),
        (DAN, 5, "M"),
        (DAN, 6, "M"),
        (FAR_ALICE, 2, "A"),
        (BIG_ALICE, 1, "A"),
        (ANA, 9, "T"),
        (SEAMUS, 4, "J"),
        (INACTIVE, 2, "T"),
        (MEMBER, 4, "J"),
        (HOLDING_MEMBER, 3, "T"),
        (ROBERT, 1, "A"),
        (ROBERT, 8, "A"),
        (ZOE, 1, "A"),
        (ZOE, 2, "J"),
    ];
    directory.held.extend(held.map(|(user, role, product)| (user, Pair::of(role, product))));
    directory.by_team.extend([MEMBER, HOLDING_MEMBER].map(|user| (user, TEAM, Pair::of(3, "T"))));
    directory
}

fn users() -> impl Iterator<Item = (i64, User)> {
    let user = |login: &str, email: &str, first: &str, last: &str| User {
        login_id: login.to_owned(),
        first_name: first.to_owned(),
        last_name: last.to_owned(),
        email: email.to_owned(),
        is_active: true,
        job_title: Some("Accountant".to_owned()),
        phone_number: None,
        last_updated: "2026-10-01T12:00:00Z".to_owned(),
    };
    let alice = User {
        phone_number: Some("+1 555 0100".to_owned()),
        ..user("alice", "alice@example.com", "Alice", "Anderson")
    };
    let inactive = User { is_active: false, ..user("inactive", "inactive@example.com", "Ina", "Ctive") };
    let [shared, other_shared] = SHARED;
    let people = [
        (ALICE, alice),
        (BOB, user("bob", "bob@example.com", "Bob", "Brown")),
        (CAROL, user("carol", "carol@example.com", "Carol", "Clark")),
        (DAN, user("dan", "dan@example.com", "Dan", "Dean")),
        (FAR_ALICE, user("alice.au", "alice@example.com.au", "Alice", "Anders")),
        (BIG_ALICE, user("big-alice", "big-alice@example.com", "Alice", "Anderson")),
        (ANA, user("ana", "ana+ops@example.com", "Ana", "Núñez")),
        (SEAMUS, user("seamus", "s.o'brien@example.com", "Séamus", "O'Brien")),
        (INACTIVE, inactive),
        (MEMBER, user("member", "member@example.com", "Mem", "Ber")),
        (HOLDING_MEMBER, user("holding", "holding@example.com", "Hol", "Ding")),
        (shared, user("desk.day", "desk@example.com", "Day", "Desk")),
        (other_shared, user("desk.night", "desk@example.com", "Night", "Desk")),
        (ROBERT, user("bob@example.com", "robert@example.com", "Robert", "Brown")),
        (ZOE, user("zoe", "zoe@example.com", "Zoë", "王小明")),
    ];
    let crowd = (0..CROWD).map(move |n| {
        let login = format!("crowd.{n:02}");
        (FIRST_OF_CROWD + n, user(&login, &format!("{login}@example.com"), "Crowd", &n.to_string()))
    });
    people.into_iter().chain(crowd)
}
