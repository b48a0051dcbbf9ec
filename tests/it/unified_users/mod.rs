//! The unified user of every connector, whole: a user of its simulator's seed of whom the provider tells all that it can,
//! as the gateway answers after one role was taken away. A field that is not here is not fed. What is expected is made
//! of the provider's own record, which stands beside it; one file a connector.

mod blackline;
mod crowdstrike;
mod devicehive;
mod elastic_cloud;
mod guardhouse;
mod jumpcloud;
mod slack_enterprise;
mod teamviewer;
mod voucherify;

use std::collections::BTreeSet;
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
use offramp::sandbox::{Clock, SimServer, Simulator};
use offramp::storage::Envelope;
use offramp::storage::sqlite::SqliteStorage;
use offramp::transport::{ProviderTransport, TransportLimits, Trust};
use secrecy::SecretString;
use serde_json::{Value as Json, json};
use tower::ServiceExt;

const TOKEN: &str = "the-token-of-this-gateways-administrator";
/// 32 bytes of nothing.
const VAULT_KEY: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

/// A removal that comes to a good end, and the user that the gateway shows after it.
struct Story {
    /// Which of its connector's stories it is.
    what: &'static str,
    simulator: Arc<dyn Simulator>,
    /// The account's, where it is not the simulator's own.
    context: Json,
    /// Where the API is below the provider's address.
    below: &'static str,
    /// The request.
    body: Json,
    /// The fields.
    user: Json,
    /// The provider's object they were mapped from.
    remote_data: Json,
}

impl Story {
    fn of(what: &'static str, simulator: impl Simulator, body: Json, user: Json, remote_data: Json) -> Self {
        let simulator: Arc<dyn Simulator> = Arc::new(simulator);
        Self { what, context: simulator.demo().context, simulator, below: "", body, user, remote_data }
    }

    async fn plays(self) {
        let Self { what, simulator, context, below, body, user, remote_data } = self;
        let place = format!("{}, {what}", simulator.slug());
        let server = SimServer::start(Arc::clone(&simulator)).await.unwrap();
        let gateway = gateway().await;
        let mut context = server.account_context(&context);
        context["base_url"] = json!(format!("{}{below}", context["base_url"].as_str().unwrap()));
        let account = json!({"integration": simulator.slug(), "tenant_id": "acme", "context": context});
        let (status, account) = post(&gateway, "/integrated-account", &account).await;
        assert_eq!(status, 201, "{place}: {account}");
        let id = account["id"].as_str().unwrap();
        let path = format!("/unified/user-directory/users/unassign-role?integrated_account_id={id}");
        let (status, mut answer) = post(&gateway, &path, &body).await;
        assert_eq!((status, &answer["unassignment"]["outcome"]), (200, &json!("removed")), "{place}: {answer}");
        let fields = answer.as_object_mut().unwrap();
        fields.remove("unassignment");
        let shown = fields.remove("remote_data").unwrap_or_default();
        assert_eq!(answer, user, "{place}");
        assert_eq!(shown, remote_data, "{place}");
    }
}

type Stories = fn() -> Vec<Story>;

/// What is expected of each connector.
const EXPECTED: [(&str, Stories); 9] = [
    ("blackline", blackline::stories),
    ("crowdstrike", crowdstrike::stories),
    ("devicehive", devicehive::stories),
    ("elastic-cloud", elastic_cloud::stories),
    ("guardhouse", guardhouse::stories),
    ("jumpcloud", jumpcloud::stories),
    ("slack-enterprise", slack_enterprise::stories),
    ("teamviewer", teamviewer::stories),
    ("voucherify", voucherify::stories),
];

#[tokio::test]
async fn every_connector_feeds_what_a_user_has() {
    let registry = embedded().unwrap();
    let connectors: BTreeSet<&str> = registry.slugs().into_iter().collect();
    let expected: BTreeSet<&str> = EXPECTED.iter().map(|(slug, _)| *slug).collect();
    assert_eq!(connectors, expected, "each connector needs the user that is expected of it");
    for (slug, stories) in EXPECTED {
        let stories = stories();
        assert!(!stories.is_empty(), "{slug} is expected to give no user");
        for story in stories {
            assert_eq!(story.simulator.slug(), slug);
            story.plays().await;
        }
    }
}

async fn gateway() -> Router {
    let limits = EngineLimits {
        call_timeout: Duration::from_secs(10),
        wait_limit: Duration::from_secs(2),
        answer_bytes: 1 << 20,
    };
    let egress = "127.0.0.1/32".parse().unwrap();
    let transport = ProviderTransport::with_trust(egress, TransportLimits::default(), Trust::public());
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
