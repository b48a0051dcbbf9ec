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
use offramp::sandbox::elastic_cloud::{ElasticCloud, seed as elastic};
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
