//! The cloud as a test finds it: every case that the vendor's page makes hard is somebody here.

use super::access::{Key, Keys};
use super::assignment::{Assignment, Scope};
use super::directory::{Directory, Invitation, Organization, User};

/// Of [`ADA`], organization-admin of Acme alone.
pub const API_KEY: &str = "sandbox-only-api-key";
/// Of [`BOB`], who is a member without the role organization-admin.
pub const MEMBER_KEY: &str = "sandbox-only-member-key";
/// Of [`LIN`], organization-admin of both [`ACME`] and [`LABS`].
pub const TWO_ORGANIZATIONS_KEY: &str = "sandbox-only-two-organizations-key";
/// Of a user who does not exist any more.
pub const ORPHAN_KEY: &str = "sandbox-only-orphan-key";
/// Of [`ADA`], with two days to live.
pub const EXPIRING_KEY: &str = "sandbox-only-expiring-key";
/// Of [`ADA`], and over.
pub const EXPIRED_KEY: &str = "sandbox-only-expired-key";

pub const ACME: &str = "1000000001";
/// Its name begins as Acme's does.
pub const LABS: &str = "1000000002";
/// Nobody of Acme belongs to it.
pub const OTHER: &str = "1000000003";

/// Organization-admin.
pub const ADA: &str = "2000000101";
/// Holds a role in every scope of Acme, and billing-admin in Labs too.
pub const GRACE: &str = "2000000102";
/// Holds billing-admin and nothing else.
pub const BOB: &str = "2000000103";
/// Holds deployment-editor on two deployments, and deployment-viewer on all.
pub const DORA: &str = "2000000104";
/// Holds deployment-viewer twice, each time on one deployment.
pub const ERIN: &str = "2000000105";
/// Holds nothing.
pub const FINN: &str = "2000000106";
/// Holds assignments that bring application roles along.
pub const GUS: &str = "2000000107";
/// A user of a realm, with a slash in the id.
pub const HEIDI_OF_REALM: &str = "saml-realm/heidi@acme.example";
/// The same person, by the same e-mail address.
pub const HEIDI: &str = "2000000108";
/// A user of a realm, with a colon and a space in the id.
pub const IVAN: &str = "oidc:ivan 1";
/// Has neither name nor e-mail address.
pub const NAMELESS: &str = "2000000110";
/// Has a name and an address beyond ASCII; holds project roles of all kinds.
pub const ZOE: &str = "2000000111";
/// The address ends in one that is another's.
pub const BIG_ADA: &str = "2000000112";
/// The address begins with one that is another's.
pub const FAR_ADA: &str = "2000000113";
/// Of Elastic's staff: holds a role of the platform.
pub const STAFF: &str = "2000000114";
/// Organization-admin of Acme and of Labs.
pub const LIN: &str = "2000000115";
/// A member of Labs alone.
pub const LEO: &str = "2000000201";
/// A member of Other alone.
pub const OTTO: &str = "2000000301";
/// Known, and a member of nothing.
pub const DRIFTER: &str = "2000000401";

/// Deployments.
pub const D1: &str = "d1000000000000000000000000000001";
pub const D2: &str = "d2000000000000000000000000000002";
/// Projects.
pub const P1: &str = "p1000000000000000000000000000001";
pub const P2: &str = "p2000000000000000000000000000002";

const DAY_MS: u64 = 24 * 3600 * 1000;

pub(super) fn keys(now_ms: u64) -> Keys {
    // Three months are the vendor's default.
    let keys = [
        (API_KEY, ADA, 90 * DAY_MS),
        (MEMBER_KEY, BOB, 90 * DAY_MS),
        (TWO_ORGANIZATIONS_KEY, LIN, 90 * DAY_MS),
        (ORPHAN_KEY, "2000000999", 90 * DAY_MS),
        (EXPIRING_KEY, ADA, 2 * DAY_MS),
        (EXPIRED_KEY, ADA, 0),
    ];
    let keys = keys.map(|(key, user, life_ms)| {
        (key.to_owned(), Key { user: user.to_owned(), expires_ms: now_ms.saturating_add(life_ms) })
    });
    Keys(keys.into())
}

pub(super) fn directory() -> Directory {
    let organizations = [
        (ACME, "Acme", vec![lasting_invitation(), late_invitation()]),
        (LABS, "Acme Labs", Vec::new()),
        (OTHER, "Other", Vec::new()),
    ];
    let organizations = organizations.map(|(id, name, invitations)| {
        let organization = Organization {
            name: name.to_owned(),
            notifications_allowed_email_domains: vec!["acme.example".to_owned()],
            billing_contacts: vec!["billing@acme.example".to_owned()],
            operational_contacts: Vec::new(),
            invitations,
        };
        (id.to_owned(), organization)
    });
    let users = acme().into_iter().chain(elsewhere());
    Directory { organizations: organizations.into(), users: users.map(|(id, user)| (id.to_owned(), user)).collect() }
}

fn lasting_invitation() -> Invitation {
    Invitation {
        token: "sandbox-only-invitation-token".to_owned(),
        email: "invited@acme.example".to_owned(),
        created_at: "2026-11-01T09:00:00Z".to_owned(),
        expires_at: "2036-11-01T09:00:00Z".to_owned(),
        expired: false,
        role_assignments: vec![
            Assignment::of_organization(ACME, "billing-admin"),
            Assignment::on(Scope::Deployment, ACME, "deployment-viewer", &[D1]),
        ],
    }
}

fn late_invitation() -> Invitation {
    Invitation {
        token: "sandbox-only-late-invitation-token".to_owned(),
        email: "late@acme.example".to_owned(),
        created_at: "2025-01-01T09:00:00Z".to_owned(),
        expires_at: "2025-01-04T09:00:00Z".to_owned(),
        expired: true,
        role_assignments: Vec::new(),
    }
}

fn acme() -> Vec<(&'static str, User)> {
    let org = |role: &str| Assignment::of_organization(ACME, role);
    let member = |name: &str, email: &str| User::member(ACME, name, email);
    let deployments = |role: &str, ids: &[&str]| Assignment::on(Scope::Deployment, ACME, role, ids);
    let all = |scope: Scope, role: &str| Assignment::on_all(scope, ACME, role);

    let grace = member("Grace Hopper", "Grace.Hopper@Acme.Example")
        .with(org("organization-admin"))
        .with(org("billing-admin"))
        .with(all(Scope::Deployment, "deployment-admin"))
        .with(all(Scope::Elasticsearch, "elasticsearch-viewer"))
        .with(Assignment::on(Scope::Observability, ACME, "observability-editor", &[P1, P2]))
        .with(all(Scope::Security, "security-admin"))
        .with(Assignment::of_organization(LABS, "billing-admin"));
    let gus = member("Gus Apps", "gus@acme.example")
        .with(all(Scope::Deployment, "deployment-viewer").with_application_roles(&["kibana_admin", "superuser"]))
        .with(all(Scope::Elasticsearch, "elasticsearch-developer").with_application_roles(&["reader"]));
    let zoe = member("Zoë Ōta 大田", "zoë@acme.example")
        .with(all(Scope::Elasticsearch, "elasticsearch-viewer"))
        .with(all(Scope::Observability, "observability-viewer"))
        .with(Assignment::on(Scope::Security, ACME, "security-editor", &[P1]));
    vec![
        (ADA, member("Ada Lovelace", "ada@acme.example").with(org("organization-admin"))),
        (GRACE, in_labs_too(grace)),
        (BOB, member("Bob Biller", "bob@acme.example").with(org("billing-admin"))),
        (
            DORA,
            member("Dora Ployment", "dora@acme.example")
                .with(deployments("deployment-editor", &[D1, D2]))
                .with(all(Scope::Deployment, "deployment-viewer")),
        ),
        (
            ERIN,
            member("Erin Twice", "erin@acme.example")
                .with(deployments("deployment-viewer", &[D1]))
                .with(deployments("deployment-viewer", &[D2])),
        ),
        (FINN, member("Finn Bare", "finn@acme.example")),
        (GUS, gus),
        (HEIDI, member("Heidi", "heidi@acme.example").with(org("billing-admin"))),
        (HEIDI_OF_REALM, member("Heidi", "heidi@acme.example").with(org("billing-admin"))),
        (IVAN, member("Ivan", "ivan@acme.example").with(all(Scope::Deployment, "deployment-viewer"))),
        (NAMELESS, User { name: None, email: None, ..member("", "").with(org("billing-admin")) }),
        (ZOE, zoe),
        (BIG_ADA, member("Ada Lovelace", "big-ada@acme.example").with(org("billing-admin"))),
        (FAR_ADA, member("Ada Lovelace", "ada@acme.example.org").with(org("billing-admin"))),
        (STAFF, member("Stan Staff", "stan@elastic.example").with(of_platform()).with(org("billing-admin"))),
        (
            LIN,
            in_labs_too(member("Lin Both", "lin@acme.example"))
                .with(org("organization-admin"))
                .with(Assignment::of_organization(LABS, "organization-admin")),
        ),
    ]
}

fn elsewhere() -> Vec<(&'static str, User)> {
    let leo = User::member(LABS, "Leo Labs", "leo@labs.example");
    let otto = User::member(OTHER, "Otto Other", "otto@other.example");
    let drifter = User { member_since: [].into(), ..User::member(ACME, "Dee Drifter", "dee@drifter.example") };
    vec![
        (LEO, leo.with(Assignment::of_organization(LABS, "billing-admin"))),
        (OTTO, otto.with(Assignment::of_organization(OTHER, "organization-admin"))),
        (DRIFTER, drifter),
    ]
}

fn in_labs_too(mut user: User) -> User {
    user.member_since.insert(LABS.to_owned(), "2025-06-30T12:34:56Z".to_owned());
    user
}

fn of_platform() -> Assignment {
    Assignment {
        scope: Scope::Platform,
        organization: String::new(),
        ..Assignment::of_organization(ACME, "platform-viewer")
    }
}
