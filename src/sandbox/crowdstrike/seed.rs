//! The customer as a test finds it: every case that the vendor's pages make hard is somebody here.

use super::access::{Access, Client, Scope};
use super::directory::{Directory, Inherited, Role, Through, User};

/// With both scopes.
pub const CLIENT_ID: &str = "offramp-sandbox";
pub const CLIENT_SECRET: &str = "sandbox-only-secret";
/// With User management: Read only.
pub const READER_ID: &str = "read-only";
pub const READER_SECRET: &str = "sandbox-reader-secret";
/// Without any scope of user management.
pub const NO_SCOPE_ID: &str = "hosts-only";
pub const NO_SCOPE_SECRET: &str = "sandbox-hosts-secret";
/// Of the child customer.
pub const CHILD_CLIENT_ID: &str = "child-sandbox";
pub const CHILD_CLIENT_SECRET: &str = "sandbox-child-secret";

/// The customer.
pub const CID: &str = "abcdef1234567890abcdef1234567890";
/// Its child under Flight Control.
pub const CHILD_CID: &str = "0123456789abcdef0123456789abcdef";
/// A stranger.
pub const FOREIGN_CID: &str = "ffeeddccbbaa99887766554433221100";

/// Holds three roles, and one of them in the child too.
pub const ALICE: &str = "11111111-1111-1111-1111-111111111111";
/// Has `event_viewer` by a user group only.
pub const BOB: &str = "22222222-2222-2222-2222-222222222222";
/// Holds `help_desk`, and has it by a user group too.
pub const CAROL: &str = "33333333-3333-3333-3333-333333333333";
/// Has `falcon_analyst` in the child, by a CID group only; and holds `event_viewer` at home.
pub const DAN: &str = "44444444-4444-4444-4444-444444444444";
/// Holds nothing.
pub const ERIN: &str = "55555555-5555-5555-5555-555555555555";
/// Their addresses contain Alice's.
pub const FAR_ALICE: &str = "66666666-6666-6666-6666-666666666666";
pub const BIG_ALICE: &str = "77777777-7777-7777-7777-777777777777";
/// Holds both roles named Auditor; a plus in the address.
pub const ANA: &str = "88888888-8888-8888-8888-888888888888";
/// A quote in the address.
pub const SEAMUS: &str = "99999999-9999-9999-9999-999999999999";
/// Never activated.
pub const INVITED: &str = "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa";
/// Deactivated, and holds `help_desk` still.
pub const INACTIVE: &str = "bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb";
/// Holds `falcon_administrator` until the end of 2099.
pub const TEMPORARY: &str = "cccccccc-cccc-4ccc-8ccc-cccccccccccc";
/// Homed in the child, holds its custom role.
pub const ZOE: &str = "dddddddd-dddd-4ddd-8ddd-dddddddddddd";
/// Of type external.
pub const EXTERNAL: &str = "eeeeeeee-eeee-4eee-8eee-eeeeeeeeeeee";
/// Of the stranger: not to be seen.
pub const FOREIGNER: &str = "f0f0f0f0-f0f0-4f0f-8f0f-f0f0f0f0f0f0";

/// Two custom roles of the customer, both named Auditor.
pub const AUDITOR: &str = "0a0a0a0a0a0a4a0a8a0a0a0a0a0a0a01";
pub const OTHER_AUDITOR: &str = "0a0a0a0a0a0a4a0a8a0a0a0a0a0a0a02";
/// A custom role of the child.
pub const CHILD_ROLE: &str = "0c0c0c0c0c0c4c0c8c0c0c0c0c0c0c01";
/// A custom role of the stranger.
pub const FOREIGN_ROLE: &str = "0f0f0f0f0f0f4f0f8f0f0f0f0f0f0f01";

const EVENT_READERS: (&str, &str) = ("9d9d9d9d9d9d4d9d8d9d9d9d9d9d9d01", "Event Readers");
const DESK: (&str, &str) = ("9d9d9d9d9d9d4d9d8d9d9d9d9d9d9d02", "Service Desk");
const CID_GROUP: (&str, &str) = ("7c7c7c7c7c7c4c7c8c7c7c7c7c7c7c01", "All Subsidiaries");

pub(super) fn access() -> Access {
    let client = |secret: &str, cid: &str, scopes: &[Scope]| Client {
        secret: secret.to_owned(),
        cid: cid.to_owned(),
        scopes: scopes.to_vec(),
    };
    let mut access = Access::default();
    let both = [Scope::Read, Scope::Write];
    access.clients.insert(CLIENT_ID.to_owned(), client(CLIENT_SECRET, CID, &both));
    access.clients.insert(READER_ID.to_owned(), client(READER_SECRET, CID, &[Scope::Read]));
    access.clients.insert(NO_SCOPE_ID.to_owned(), client(NO_SCOPE_SECRET, CID, &[]));
    access.clients.insert(CHILD_CLIENT_ID.to_owned(), client(CHILD_CLIENT_SECRET, CHILD_CID, &both));
    access
}

pub(super) fn directory() -> Directory {
    let mut directory = Directory::default();
    directory.cids.insert(CID.to_owned(), None);
    directory.cids.insert(CHILD_CID.to_owned(), Some(CID.to_owned()));
    directory.cids.insert(FOREIGN_CID.to_owned(), None);
    directory.roles.extend(roles());
    directory.users.extend(users());
    for (user, role, cid) in GRANTS {
        directory.direct.insert((user.to_owned(), cid.to_owned(), role.to_owned()), None);
    }
    let temporary = (TEMPORARY.to_owned(), CID.to_owned(), "falcon_administrator".to_owned());
    directory.direct.insert(temporary, "2099-12-31T23:59:59Z".parse().ok());
    directory.inherited = inherited();
    directory
}

const GRANTS: [(&str, &str, &str); 16] = [
    (ALICE, "falcon_administrator", CID),
    (ALICE, "falcon_analyst", CID),
    (ALICE, "falcon_read_only", CID),
    (ALICE, "falcon_read_only", CHILD_CID),
    (CAROL, "help_desk", CID),
    (CAROL, "falcon_read_only", CID),
    (DAN, "event_viewer", CID),
    (FAR_ALICE, "falcon_read_only", CID),
    (BIG_ALICE, "falcon_administrator", CID),
    (ANA, AUDITOR, CID),
    (ANA, OTHER_AUDITOR, CID),
    (SEAMUS, "falcon_analyst", CID),
    (INACTIVE, "help_desk", CID),
    (ZOE, CHILD_ROLE, CHILD_CID),
    (EXTERNAL, "event_viewer", CID),
    (FOREIGNER, FOREIGN_ROLE, FOREIGN_CID),
];

fn inherited() -> Vec<Inherited> {
    let by = |user: &str, role: &str, cid: &str, through: Through| Inherited {
        user: user.to_owned(),
        role: role.to_owned(),
        cid: cid.to_owned(),
        through,
    };
    let group = |(id, name): (&str, &str)| Through::UserGroup { id: id.to_owned(), name: name.to_owned() };
    let (id, name) = CID_GROUP;
    let flight_control = Through::CidGroup { id: id.to_owned(), name: name.to_owned(), parent_cid: CID.to_owned() };
    vec![
        by(BOB, "event_viewer", CID, group(EVENT_READERS)),
        by(CAROL, "help_desk", CID, group(DESK)),
        by(DAN, "falcon_analyst", CHILD_CID, flight_control),
    ]
}

fn roles() -> impl Iterator<Item = (String, Role)> {
    let roles = [
        ("falcon_administrator", "Falcon Administrator", None),
        ("falcon_analyst", "Falcon Analyst", None),
        // Its name begins as the one above.
        ("falcon_read_only", "Falcon Analyst - Read Only", None),
        ("event_viewer", "Event Viewer", None),
        ("help_desk", "Help Desk", None),
        // Held by nobody.
        ("quarantine_manager", "Quarantine Manager", None),
        (AUDITOR, "Auditor", Some(CID)),
        (OTHER_AUDITOR, "Auditor", Some(CID)),
        // Its name is another role's id.
        ("0a0a0a0a0a0a4a0a8a0a0a0a0a0a0a03", "help_desk", Some(CID)),
        (CHILD_ROLE, "Prüfer", Some(CHILD_CID)),
        (FOREIGN_ROLE, "Auditor", Some(FOREIGN_CID)),
    ];
    roles.into_iter().map(|(id, name, cid)| {
        let role = Role {
            display_name: name.to_owned(),
            description: format!("{name} of the customer"),
            cid: cid.map(str::to_owned),
        };
        (id.to_owned(), role)
    })
}

fn users() -> Vec<(String, User)> {
    let user = |uid: &str, first: &str, last: &str| User {
        uid: uid.to_owned(),
        cid: CID.to_owned(),
        first_name: first.to_owned(),
        last_name: last.to_owned(),
        status: "active".to_owned(),
        user_type: "internal".to_owned(),
        factors: vec!["2fa".to_owned()],
        created_at: "2024-01-02T03:04:05Z".to_owned(),
        updated_at: "2024-05-02T03:04:05Z".to_owned(),
        access_granted_at: Some("2024-01-02T03:04:05Z".to_owned()),
        last_login_at: Some("2026-11-01T08:00:00Z".to_owned()),
    };
    let invited = User {
        status: "inactive".to_owned(),
        factors: Vec::new(),
        access_granted_at: None,
        last_login_at: None,
        ..user("invited@example.com", "Inga", "Vited")
    };
    let inactive = User { status: "inactive".to_owned(), ..user("inactive@example.com", "Ina", "Ctive") };
    let zoe = User { cid: CHILD_CID.to_owned(), ..user("zoe@child.example", "Zoë", "王小明") };
    let external =
        User { user_type: "external".to_owned(), factors: Vec::new(), ..user("guest@partner.example", "Gu", "Est") };
    let foreigner = User { cid: FOREIGN_CID.to_owned(), ..user("someone@foreign.example", "Some", "One") };
    let people = [
        (ALICE, user("alice@example.com", "Alice", "Anderson")),
        (BOB, user("bob@example.com", "Bob", "Brown")),
        (CAROL, user("carol@example.com", "Carol", "Clark")),
        (DAN, user("dan@example.com", "Dan", "Dean")),
        (ERIN, user("erin@example.com", "Erin", "Empty")),
        (FAR_ALICE, user("alice@example.com.au", "Alice", "Anders")),
        (BIG_ALICE, user("big-alice@example.com", "Alice", "Anderson")),
        (ANA, user("ana+ops@example.com", "Ana", "Núñez")),
        (SEAMUS, user("s.o'brien@example.com", "Séamus", "O'Brien")),
        (INVITED, invited),
        (INACTIVE, inactive),
        (TEMPORARY, user("temp@example.com", "Tem", "Porary")),
        (ZOE, zoe),
        (EXTERNAL, external),
        (FOREIGNER, foreigner),
    ];
    people.into_iter().map(|(uuid, user)| (uuid.to_owned(), user)).collect()
}
