//! The unified user of a connector, whole: a user of its simulator's seed of whom the provider tells all that it can,
//! as the gateway answers after one role was taken away. A field that is not here is not fed.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::Request;
use http_body_util::BodyExt;
use offramp::connector::embedded;
use offramp::credentials::vault::{MasterKey, Vault};
use offramp::engine::{Engine, EngineLimits};
use offramp::gateway::{Gateway, Parts};
use offramp::http::{Site, decode, router};
use offramp::sandbox::blackline::{BlackLine, seed as blackline};
use offramp::sandbox::crowdstrike::{CrowdStrike, seed as falcon};
use offramp::sandbox::elastic_cloud::{ElasticCloud, seed as elastic};
use offramp::sandbox::teamviewer::{TeamViewer, seed as teamviewer};
use offramp::sandbox::voucherify::{User, Voucherify, seed as voucherify};
use offramp::sandbox::{Clock, SimServer, Simulator};
use offramp::storage::Envelope;
use offramp::storage::sqlite::SqliteStorage;
use offramp::transport::{HttpTransport, TransportLimits, Trust};
use secrecy::SecretString;
use serde_json::{Value as Json, json};
use tower::ServiceExt;

const TOKEN: &str = "the-token-of-this-gateways-administrator";
/// 32 bytes of nothing.
const VAULT_KEY: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

async fn gateway() -> Router {
    let limits = EngineLimits {
        call_timeout: Duration::from_secs(10),
        wait_limit: Duration::from_secs(2),
        answer_bytes: 1 << 20,
    };
    let egress = "127.0.0.1/32".parse().unwrap();
    let transport = HttpTransport::with_trust(egress, TransportLimits::default(), Trust::public());
    let parts = Parts {
        registry: embedded().unwrap(),
        engine: Engine::new(Arc::new(transport), limits),
        storage: Arc::new(SqliteStorage::open("sqlite::memory:").await.unwrap()),
        vault: Vault::new(MasterKey::from_base64(VAULT_KEY).unwrap()).unwrap(),
        admin_token: SecretString::from(TOKEN),
        envelope: Envelope::Bare,
    };
    router(Arc::new(Gateway::open(parts).await.unwrap()), Site { limits: decode::Limits::default() })
}

async fn post(gateway: &Router, path: &str, body: &Json) -> (u16, Json) {
    let request = Request::post(path).header("authorization", format!("Bearer {TOKEN}"));
    let response = gateway.clone().oneshot(request.body(Body::from(body.to_string())).unwrap()).await.unwrap();
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&body).unwrap())
}

/// Takes the role away that the body names; gives the user's fields, and the provider's object they were mapped from.
async fn user_after(simulator: impl Simulator, body: Json) -> (Json, Json) {
    let (slug, mut context) = (simulator.slug(), simulator.demo().context);
    let server = SimServer::start(Arc::new(simulator)).await.unwrap();
    context["base_url"] = json!(server.base_url());
    let gateway = gateway().await;
    let account = json!({"integration": slug, "tenant_id": "acme", "context": context});
    let (status, account) = post(&gateway, "/integrated-account", &account).await;
    assert_eq!(status, 201, "{account}");
    let id = account["id"].as_str().unwrap();
    let path = format!("/unified/user-directory/users/unassign-role?integrated_account_id={id}");
    let (status, mut user) = post(&gateway, &path, &body).await;
    assert_eq!((status, &user["unassignment"]["outcome"]), (200, &json!("removed")), "{user}");
    let fields = user.as_object_mut().unwrap();
    fields.remove("unassignment");
    let remote_data = fields.remove("remote_data").unwrap_or_default();
    (user, remote_data)
}

#[tokio::test]
async fn blackline_feeds_what_a_user_has() {
    let expected = json!({
        "id": "728",
        "identifiers": {"loginId": "alice"},
        "first_name": "Alice",
        "last_name": "Anderson",
        "name": "Alice Anderson",
        "title": "Accountant",
        "username": "alice",
        "emails": [{"email": "alice@example.com", "is_primary": true}],
        "phones": [{"number": "+1 555 0100"}],
        "status": "active",
        "roles": [
            {"id": "1", "name": "Preparer", "group": "J"},
            {"id": "2", "name": "Approver", "group": "A"},
            {"id": "5", "name": "Viewer", "group": "M"},
        ],
        "timezone": "10",
        "updated_at": "2026-10-01T12:00:00Z",
    });
    let raw = json!({
        "id": 728,
        "loginId": "alice",
        "firstName": "Alice",
        "lastName": "Anderson",
        "fullName": "Alice Anderson",
        "email": "alice@example.com",
        "isActive": true,
        "jobTitle": "Accountant",
        "supervisor": null,
        "timeZoneId": 10,
        "phoneNumber": "+1 555 0100",
        "annualHours": 2080,
        "referenceField1": null,
        "referenceField2": null,
        "referenceField3": null,
        "lastUpdated": "2026-10-01T12:00:00Z",
        "allowUserMentions": true,
        "allowUserToEditJournalConfig": false,
        "allowUserToEditIntercompanyConfig": false,
        "allowAdhocMatching": false,
        "allowIntercompanySettlement": false,
        "requiresJournalReviewer": false,
        "allowUserToAccessJournalAnalyser": false,
    });
    // Read by itself, and found in the list where nobody can be read so.
    for single_user_read in [true, false] {
        let simulator = BlackLine::new(Clock::default());
        simulator.settings(|settings| settings.single_user_read = single_user_read);
        let body = json!({"id": blackline::ALICE.to_string(), "roles": [{"id": "1", "group": "A"}]});
        let (user, of_the_provider) = user_after(simulator, body).await;
        assert_eq!(user, expected, "{single_user_read}");
        assert_eq!(of_the_provider, raw, "{single_user_read}");
    }
}

#[tokio::test]
async fn crowdstrike_feeds_what_a_user_has() {
    let simulator = CrowdStrike::new(Clock::default());
    let body = json!({"id": falcon::CAROL, "roles": [{"id": "falcon_read_only"}]});
    let (user, raw) = user_after(simulator, body).await;
    let expected = json!({
        "id": falcon::CAROL,
        "identifiers": {"uid": "carol@example.com", "cid": falcon::CID},
        "first_name": "Carol",
        "last_name": "Clark",
        "name": "Carol Clark",
        "username": "carol@example.com",
        "emails": [{"email": "carol@example.com", "is_primary": true}],
        "status": "active",
        "is_2fa_enabled": true,
        "roles": [
            {"id": "help_desk", "name": "Help Desk", "organization": falcon::CID},
            {"id": "help_desk", "name": "Help Desk", "group": "Service Desk", "organization": falcon::CID},
        ],
        "organizations": [{"id": falcon::CID}],
        "user_type": "internal",
        "groups": [{"id": "9d9d9d9d9d9d4d9d8d9d9d9d9d9d9d02", "name": "Service Desk"}],
        "created_at": "2024-01-02T03:04:05Z",
        "updated_at": "2024-05-02T03:04:05Z",
        "last_login_at": "2026-11-01T08:00:00Z",
        "activated_at": "2024-01-02T03:04:05Z",
    });
    assert_eq!(user, expected);
    let of_the_provider = json!({
        "uuid": falcon::CAROL,
        "uid": "carol@example.com",
        "cid": falcon::CID,
        "first_name": "Carol",
        "last_name": "Clark",
        "status": "active",
        "user_type": "internal",
        "factors": ["2fa"],
        "created_at": "2024-01-02T03:04:05Z",
        "updated_at": "2024-05-02T03:04:05Z",
        "access_granted_at": "2024-01-02T03:04:05Z",
        "last_login_at": "2026-11-01T08:00:00Z",
    });
    assert_eq!(raw, of_the_provider);
}

#[tokio::test]
async fn a_user_of_crowdstrike_who_never_came_is_invited() {
    let simulator = CrowdStrike::new(Clock::default());
    simulator.assign(falcon::INVITED, "help_desk", falcon::CHILD_CID);
    simulator.assign(falcon::INVITED, "event_viewer", falcon::CHILD_CID);
    simulator.settings(|settings| settings.read_lag = Duration::ZERO);
    let role = json!({"id": "help_desk", "organization": falcon::CHILD_CID});
    let (user, _) = user_after(simulator, json!({"id": "invited@example.com", "roles": [role]})).await;
    let expected = json!({
        "id": falcon::INVITED,
        "identifiers": {"uid": "invited@example.com", "cid": falcon::CID},
        "first_name": "Inga",
        "last_name": "Vited",
        "name": "Inga Vited",
        "username": "invited@example.com",
        "emails": [{"email": "invited@example.com", "is_primary": true}],
        "status": "invited",
        "is_2fa_enabled": false,
        "roles": [{"id": "event_viewer", "name": "Event Viewer", "organization": falcon::CHILD_CID}],
        // Her own, and one that she holds a role on.
        "organizations": [{"id": falcon::CID}, {"id": falcon::CHILD_CID}],
        "user_type": "internal",
        "created_at": "2024-01-02T03:04:05Z",
        "updated_at": "2024-05-02T03:04:05Z",
    });
    assert_eq!(user, expected);
}

#[tokio::test]
async fn elastic_cloud_feeds_what_a_member_has() {
    let body = json!({"id": elastic::GRACE, "roles": [{"id": "billing-admin"}]});
    let (user, member) = user_after(ElasticCloud::new(Clock::default()), body).await;
    let acme = elastic::ACME;
    let expected = json!({
        "id": elastic::GRACE,
        "name": "Grace Hopper",
        "username": "Grace.Hopper@Acme.Example",
        "emails": [{"email": "Grace.Hopper@Acme.Example", "is_primary": true}],
        "status": "active",
        "roles": [
            {"id": "organization-admin", "organization": acme},
            {"id": "deployment-admin", "group": "all", "organization": acme},
            {"id": "elasticsearch-viewer", "organization": acme, "workspace": "all"},
            {
                "id": "observability-editor",
                "organization": acme,
                "workspace": format!("{},{}", elastic::P1, elastic::P2),
            },
            {"id": "security-admin", "organization": acme, "workspace": "all"},
        ],
        "organizations": [{"id": acme, "name": "Acme"}],
        "created_at": "2024-01-01T00:00:00Z",
    });
    assert_eq!(user, expected);
    let raw = json!({
        "organization_id": acme,
        "user_id": elastic::GRACE,
        "name": "Grace Hopper",
        "email": "Grace.Hopper@Acme.Example",
        "member_since": "2024-01-01T00:00:00Z",
        "role_assignments": {
            "organization": [{"organization_id": acme, "role_id": "organization-admin"}],
            "deployment": [{"organization_id": acme, "role_id": "deployment-admin", "all": true}],
            "project": {
                "elasticsearch": [{"organization_id": acme, "role_id": "elasticsearch-viewer", "all": true}],
                "observability": [{
                    "organization_id": acme,
                    "role_id": "observability-editor",
                    "all": false,
                    "project_ids": [elastic::P1, elastic::P2],
                }],
                "security": [{"organization_id": acme, "role_id": "security-admin", "all": true}],
            },
        },
    });
    assert_eq!(member, raw);
}

#[tokio::test]
async fn teamviewer_feeds_what_a_user_has() {
    let body = json!({"id": teamviewer::BOTH, "roles": [{"id": teamviewer::EVERYONE}]});
    let (user, raw) = user_after(TeamViewer::new(Clock::default()), body).await;
    let expected = json!({
        "id": teamviewer::BOTH,
        "name": "Bo Both",
        "username": "both@example.com",
        "emails": [{"email": "both@example.com", "is_primary": true}],
        "status": "active",
        "is_2fa_enabled": true,
        "roles": [{"id": teamviewer::SUPPORT_AGENT, "name": "Support Agent"}],
        "licenses": [{"id": "5f0c7a52-6a4e-4a3c-9a51-0d6b1c1b2f10", "name": "Tensor (Tensor Seat)"}],
        "last_active_at": "2025-11-20T08:15:30Z",
    });
    assert_eq!(user, expected);
    let of_the_provider = json!({
        "id": teamviewer::BOTH,
        "name": "Bo Both",
        "email": "both@example.com",
        "active": true,
        "last_access_date": "2025-11-20T08:15:30Z",
        "online_state": "Offline",
        "userRoleId": "9b465ea2-2f75-4101-a057-58a81ed0e57b",
        "activated_license_id": "5f0c7a52-6a4e-4a3c-9a51-0d6b1c1b2f10",
        "activated_license_name": "Tensor",
        "activated_subLicense_name": "Tensor Seat",
        "activated_meeting_license_key": "e7f1c3aa-9d0b-4c56-8a53-6f2f60c9d001",
        "custom_quicksupport_id": "",
        "custom_quickjoin_id": "",
        "tfa_enforcement": false,
        "tfa_enabled": true,
        "log_sessions": true,
        "show_comment_window": false,
        "sso_status": 1,
        "permissions": "ShareOwnGroups,EditConnections",
    });
    assert_eq!(raw, of_the_provider);
}

#[tokio::test]
async fn voucherify_feeds_what_a_user_has() {
    let simulator = Voucherify::new(Clock::default());
    // An owner whose login is no address: nothing can be mistaken for anything else.
    let owner = User {
        login: "sammy.jones".to_owned(),
        is_owner: true,
        ..User::new("sammy@example.com", "Sammy", "Jones")
            .with(voucherify::SPRING, "USER")
            .with(voucherify::TEST, "VIEWER")
            .with(voucherify::LOYALTY, voucherify::AUDITOR_ROLE)
    };
    simulator.put_user(voucherify::SAMMY, owner);
    let body = json!({"id": voucherify::SAMMY, "workspace_id": voucherify::TEST});
    let (user, raw) = user_after(simulator, body).await;
    let expected = json!({
        "id": voucherify::SAMMY,
        "identifiers": {"login": "sammy.jones"},
        "first_name": "Sammy",
        "last_name": "Jones",
        "name": "Sammy Jones",
        "username": "sammy.jones",
        "emails": [{"email": "sammy@example.com", "is_primary": true}],
        "roles": [
            {"id": "USER", "name": "USER", "workspace": voucherify::SPRING},
            {
                "id": voucherify::AUDITOR_ROLE,
                "name": voucherify::AUDITOR_ROLE,
                "workspace": voucherify::LOYALTY,
            },
        ],
        "user_type": "owner",
        "workspaces": [
            {"id": voucherify::SPRING, "name": "Spring campaign"},
            {"id": voucherify::LOYALTY, "name": "Żółty program, EU"},
        ],
    });
    assert_eq!(user, expected);
    let of_the_provider = json!({
        "id": voucherify::SAMMY,
        "login": "sammy.jones",
        "email": "sammy@example.com",
        "first_name": "Sammy",
        "last_name": "Jones",
        "projects": {voucherify::SPRING: "USER", voucherify::LOYALTY: voucherify::AUDITOR_ROLE},
        "is_owner": true,
    });
    assert_eq!(raw, of_the_provider);
}
