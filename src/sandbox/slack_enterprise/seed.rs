//! The organisation a new simulator starts with: one user for each edge that a removal can meet.

use std::collections::BTreeMap;

use super::directory::{Directory, Role, Team, User};

pub(super) const ENTERPRISE: &str = "E0ACME4242";
/// Primary owner, and the one who installed the app.
pub(super) const OWNER: &str = "W0ZEDDMORE";
pub(super) const DEMO_USER: &str = "W012A3CDE";
pub(super) const DEMO_ROLE: &str = "Rl03";
pub(super) const DEMO_TEAM: &str = "T012AB3C4";

const FIELD_TEAM: &str = "T0FIELD01";
const CHANNEL: &str = "C0CONTAIN1";
/// Custom roles have ids of another form.
const CUSTOM_ROLE: &str = "R0742DESK";

/// Id, name, and whether it can be held on workspaces; docs.slack.dev, `admin.roles.addAssignments`.
const SYSTEM_ROLES: [(&str, &str, bool); 16] = [
    ("Rl01", "Channel Admin", true),
    ("Rl02", "Role Admin", true),
    ("Rl03", "User Admin", true),
    ("Rl04", "Legal Holds Admin", false),
    ("Rl05", "Conversation Admin", true),
    ("Rl09", "DLP Admin", false),
    ("Rl0A", "Channel Manager", true),
    ("Rl0B", "Slack Platform Developer", true),
    ("Rl0C", "Audit Logs Admin", true),
    ("Rl0D", "Integrations Manager", false),
    ("Rl0E", "Message Activity Manager", false),
    ("Rl0F", "Exports Admin", false),
    ("Rl0G", "Sales Admin", false),
    ("Rl0J", "Security Admin", false),
    ("Rl0K", "Workflow Admin", false),
    ("Rl0L", "Analytics Admin", true),
];

pub(super) fn directory() -> Directory {
    let mut directory = Directory {
        enterprise_id: ENTERPRISE.to_owned(),
        enterprise_name: "Acme".to_owned(),
        teams: teams(),
        channels: [CHANNEL.to_owned()].into(),
        users: users(),
        roles: roles(),
        ..Directory::default()
    };
    for (role, entity, user, date_create) in [
        (DEMO_ROLE, DEMO_TEAM, DEMO_USER, 1_663_617_026),
        ("Rl0C", DEMO_TEAM, DEMO_USER, 1_677_038_902),
        // Held on a workspace and on the whole organisation: the one outlives the other.
        ("Rl03", DEMO_TEAM, "U0VENKMAN", 1_680_000_000),
        ("Rl03", ENTERPRISE, "U0VENKMAN", 1_680_000_000),
        ("Rl0D", ENTERPRISE, "U0VENKMAN", 1_681_000_000),
        (CUSTOM_ROLE, DEMO_TEAM, "U0VENKMAN", 1_682_000_000),
        ("Rl03", FIELD_TEAM, "W0MELNITZ", 1_683_000_000),
        // The only role of its holder.
        ("Rl0A", CHANNEL, "W0STANTZ1", 1_684_000_000),
        ("Rl02", ENTERPRISE, OWNER, 1_600_000_000),
        ("Rl01", DEMO_TEAM, "W0PECK001", 1_650_000_000),
    ] {
        directory.assign(role, entity, user, date_create);
    }
    directory
}

fn roles() -> BTreeMap<String, Role> {
    let system = SYSTEM_ROLES.map(|(id, name, on_teams)| {
        let role = Role { name: name.to_owned(), on_teams, on_channels: id == "Rl0A" };
        (id.to_owned(), role)
    });
    let custom = Role { name: "Help Desk".to_owned(), on_teams: true, on_channels: false };
    let mut roles = BTreeMap::from(system);
    roles.insert(CUSTOM_ROLE.to_owned(), custom);
    roles
}

fn teams() -> BTreeMap<String, Team> {
    [(DEMO_TEAM, "Headquarters", "acme-hq", OWNER), (FIELD_TEAM, "Field Operations", "acme-field", DEMO_USER)]
        .map(|(id, name, domain, owner)| {
            let team = Team { name: name.to_owned(), domain: domain.to_owned(), primary_owner: owner.to_owned() };
            (id.to_owned(), team)
        })
        .into()
}

fn person(name: &str, first_name: &str, last_name: &str, teams: &[&str]) -> User {
    User {
        name: name.to_owned(),
        first_name: first_name.to_owned(),
        last_name: last_name.to_owned(),
        email: format!("{name}@acme.example.com"),
        tz: "America/New_York".to_owned(),
        tz_label: "Eastern Daylight Time".to_owned(),
        tz_offset: -14_400,
        locale: "en-US".to_owned(),
        teams: teams.iter().map(|t| (*t).to_owned()).collect(),
        is_email_confirmed: true,
        date_created: 1_566_922_090,
        updated: 1_692_138_686,
        ..User::default()
    }
}

fn users() -> BTreeMap<String, User> {
    let both = [DEMO_TEAM, FIELD_TEAM];
    let hq = [DEMO_TEAM];
    let owner = User {
        is_org_admin: true,
        is_org_owner: true,
        is_primary_owner: true,
        has_2fa: true,
        ..person("zeddmore", "Winston", "Zeddmore", &both)
    };
    let spengler = User {
        title: "Analyst".to_owned(),
        phone: "+1 555 0100".to_owned(),
        tz: "America/Los_Angeles".to_owned(),
        tz_label: "Pacific Daylight Time".to_owned(),
        tz_offset: -25_200,
        status_text: "Print is dead".to_owned(),
        has_original_image: true,
        is_workspace_admin: true,
        external_id: Some("idp-7421".to_owned()),
        ..person("spengler", "Egon", "Spengler", &both)
    };
    let reactivated = User { deactivated_ts: Some(1_678_435_283), ..person("john_doe", "John", "Doe", &hq) };
    let deactivated =
        User { deleted: true, deactivated_ts: Some(1_690_000_000), ..person("peck", "Walter", "Peck", &hq) };
    let many_channel_guest = User { is_restricted: true, ..person("melnitz", "Janine", "Melnitz", &[FIELD_TEAM]) };
    let one_channel_guest = User { is_ultra_restricted: true, ..person("tully", "Louis", "Tully", &hq) };
    let invited =
        User { is_invited_user: true, is_email_confirmed: false, ..person("barrett", "Dana", "Barrett", &hq) };
    let hidden = User { hidden: true, ..person("gozer", "Gozer", "", &[FIELD_TEAM]) };
    let bot = User { is_bot: true, email: String::new(), ..person("ectobot", "Ectobot", "", &hq) };
    [
        (OWNER, owner),
        (DEMO_USER, spengler),
        ("U0VENKMAN", person("venkman", "Peter", "Venkman", &both)),
        ("W0STANTZ1", person("stantz", "Ray", "Stantz", &hq)),
        ("W0L3P31SP", reactivated),
        ("W0PECK001", deactivated),
        ("W0MELNITZ", many_channel_guest),
        ("W0TULLY01", one_channel_guest),
        ("U0BARRETT", invited),
        ("W0GOZER01", hidden),
        ("U0ECTOBOT", bot),
    ]
    .map(|(id, user)| (id.to_owned(), user))
    .into()
}
