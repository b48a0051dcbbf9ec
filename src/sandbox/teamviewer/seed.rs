//! The company as a test finds it: every case that the vendor's page makes hard is somebody here.

use std::collections::BTreeMap;

use super::access::{Access, Client, Permissions};
use super::directory::{Directory, Group, Role, User};

/// A script token that views and edits users.
pub const TOKEN: &str = "sandbox-only-token";
/// Views and edits users, and has the permission for roles, which is asked for only if so switched.
pub const ROLES_TOKEN: &str = "sandbox-only-roles-token";
/// Views users and changes nothing.
pub const VIEW_TOKEN: &str = "sandbox-only-view-token";
/// Living, without any permission for users.
pub const BLIND_TOKEN: &str = "sandbox-only-blind-token";

pub const CLIENT_ID: &str = "offramp-sandbox";
pub const CLIENT_SECRET: &str = "sandbox-only-secret";
pub const REFRESH_TOKEN: &str = "sandbox-only-refresh-token";
pub const REDIRECT_URI: &str = "https://offramp.example/callback";
/// From the authorize page, good for one exchange.
pub const CODE: &str = "sandbox-only-code";

pub const COMPANY_ADMINISTRATOR: &str = "0a4f2d3e-5b1c-4c8e-9d57-1f2e3d4c5b01";
pub const USER_MANAGER: &str = "9b465ea2-2f75-4101-a057-58a81ed0e57b";
/// Two groups and some users hold it.
pub const SUPPORT_AGENT: &str = "1b6a7c80-41d2-4e0f-8a3b-2c3d4e5f6a02";
/// Its name is another's with one letter more.
pub const SUPPORT_AGENTS: &str = "2c7b8d91-52e3-4f10-9b4c-3d4e5f6a7b03";
/// Two of one name.
pub const AUDITOR: &str = "3d8c9ea2-63f4-4021-8c5d-4e5f6a7b8c04";
pub const OTHER_AUDITOR: &str = "4e9dafb3-7405-4132-9d6e-5f6a7b8c9d05";
/// The same name in lower case.
pub const LOWER_AUDITOR: &str = "5faeb0c4-8516-4243-8e7f-6a7b8c9dae06";
/// Held only through a group.
pub const NIGHT_SHIFT: &str = "60bfc1d5-9627-4354-9f80-7b8c9daebf07";
/// Held by more users than a page shows.
pub const EVERYONE: &str = "71c0d2e6-a738-4465-8091-8c9daebfc008";
/// Held by nobody.
pub const BREAK_GLASS: &str = "82d1e3f7-b849-4576-91a2-9daebfc0d109";
pub const ZURICH: &str = "93e2f408-c95a-4687-82b3-aebfc0d1e20a";

pub const ADA: &str = "u101";
/// Holds more roles than a page shows.
pub const JANE: &str = "u102";
/// Holds Support Agent directly and through a group.
pub const BOTH: &str = "u103";
/// Holds Support Agent and Night Shift through groups alone.
pub const INHERITING: &str = "u104";
/// Holds nothing.
pub const BARE: &str = "u105";
/// Not active.
pub const RETIRED: &str = "u106";
/// The address ends in one that is another's.
pub const BIG_ADA: &str = "u107";
/// The address begins with one that is another's.
pub const FAR_ADA: &str = "u108";
/// The address has capital letters.
pub const CAPITAL: &str = "u109";
/// Name and address beyond ASCII.
pub const ZOE: &str = "u110";
/// Two of one name.
pub const TWIN: &str = "u111";
pub const OTHER_TWIN: &str = "u112";
/// The id begins with another's.
pub const LONG_ID: &str = "u1021";

/// Of the role Support Agent.
pub const NIGHT_CREW: u64 = 1001;
/// Of the role Night Shift.
pub const WATCH: u64 = 1002;

pub(super) fn access() -> Access {
    let permissions = |view_users, edit_users, edit_user_roles| Permissions { view_users, edit_users, edit_user_roles };
    let mut access = Access::default();
    access.script_tokens.extend([
        (TOKEN.to_owned(), permissions(true, true, false)),
        (ROLES_TOKEN.to_owned(), permissions(true, true, true)),
        (VIEW_TOKEN.to_owned(), permissions(true, false, false)),
        (BLIND_TOKEN.to_owned(), permissions(false, false, false)),
    ]);
    let client = Client {
        secret: CLIENT_SECRET.to_owned(),
        redirect_uri: REDIRECT_URI.to_owned(),
        permissions: permissions(true, true, true),
        codes: vec![CODE.to_owned()],
        refresh_tokens: vec![REFRESH_TOKEN.to_owned()],
    };
    access.clients.insert(CLIENT_ID.to_owned(), client);
    access
}

pub(super) fn directory() -> Directory {
    let group = |role: &str, members: &[&str]| Group {
        role: Some(role.to_owned()),
        members: members.iter().map(|user| (*user).to_owned()).collect(),
    };
    Directory {
        users: users(),
        roles: roles(),
        groups: [(NIGHT_CREW, group(SUPPORT_AGENT, &[BOTH, INHERITING])), (WATCH, group(NIGHT_SHIFT, &[INHERITING]))]
            .into(),
    }
}

fn roles() -> Vec<Role> {
    let role = |(id, name, manages): (&str, &str, bool)| Role {
        id: id.to_owned(),
        name: name.to_owned(),
        permissions: BTreeMap::from([("AllowGroupSharing".to_owned(), true), ("ManageUsers".to_owned(), manages)]),
    };
    let all = [
        (COMPANY_ADMINISTRATOR, "Company Administrator", true),
        (USER_MANAGER, "User Manager", true),
        (SUPPORT_AGENT, "Support Agent", false),
        (SUPPORT_AGENTS, "Support Agents", false),
        (AUDITOR, "Auditor", false),
        (OTHER_AUDITOR, "Auditor", false),
        (LOWER_AUDITOR, "auditor", false),
        (NIGHT_SHIFT, "Night Shift", false),
        (EVERYONE, "Everyone", false),
        (BREAK_GLASS, "Break Glass", true),
        (ZURICH, "Prüfer für Zürich", false),
    ];
    all.into_iter().map(role).collect()
}

fn users() -> BTreeMap<String, User> {
    let jane = [USER_MANAGER, SUPPORT_AGENT, SUPPORT_AGENTS, AUDITOR, OTHER_AUDITOR, EVERYONE, ZURICH];
    let people = [
        (ADA, User::active("Ada Lovelace", "ada@example.com").holding(&[COMPANY_ADMINISTRATOR, EVERYONE])),
        (JANE, User::active("Jane Roe", "jane.roe@example.com").holding(&jane)),
        (BOTH, User::active("Bo Both", "both@example.com").holding(&[SUPPORT_AGENT, EVERYONE])),
        (INHERITING, User::active("Inga Herit", "inga@example.com").holding(&[EVERYONE])),
        (BARE, User::active("Barry Bare", "bare@example.com")),
        (
            RETIRED,
            User::active("Rita Retired", "rita@example.com").with("active", false).holding(&[USER_MANAGER, EVERYONE]),
        ),
        (BIG_ADA, User::active("Ada Lovelace-King", "big-ada@example.com").holding(&[USER_MANAGER])),
        (FAR_ADA, User::active("Ada Lovelace", "ada@example.com.au").holding(&[USER_MANAGER])),
        (CAPITAL, User::active("Carl Capital", "Carl.Capital@Example.com").holding(&[AUDITOR])),
        (ZOE, User::active("Zoë Ōta 大田", "zoë@example.com").holding(&[ZURICH, LOWER_AUDITOR])),
        (TWIN, User::active("Tom Twin", "tom.1@example.com").holding(&[SUPPORT_AGENTS])),
        (OTHER_TWIN, User::active("Tom Twin", "tom.2@example.com").holding(&[SUPPORT_AGENT])),
        (LONG_ID, User::active("Lon Gid", "lon@example.com").holding(&[USER_MANAGER, EVERYONE])),
    ];
    let crowd = (201..=212).map(|n| {
        let user = User::active(&format!("Crowd {n}"), &format!("crowd{n}@example.com"));
        (format!("u{n}"), user.with("tfa_enabled", false).holding(&[EVERYONE]))
    });
    people.into_iter().map(|(id, user)| (id.to_owned(), user)).chain(crowd).collect()
}
