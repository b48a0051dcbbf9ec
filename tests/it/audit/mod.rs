//! The audit from the outside: what is recorded before and after a removal, and what becomes of the record when the
//! database is away, a caller hangs up, or somebody changes it.

mod chain;
mod forgets;
mod listed;
mod settled;
mod written;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::Request;
use http_body_util::BodyExt;
use offramp::gateway::{Caller, DEFAULT_ENVIRONMENT, Gateway, Settings};
use offramp::http::{Site, decode, router};
use offramp::sandbox::guardhouse::Guardhouse;
use offramp::sandbox::{Clock, SimServer, Simulator};
use offramp::storage::sqlite::SqliteStorage;
use offramp::storage::{AuditFilter, AuditRecord, Storage};
use offramp::suite::Unreliable;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::staged::{self, TOKEN};

const UNASSIGN: &str = "/unified/user-directory/users/unassign-role?integrated_account_id=guardhouse";

/// A simulated provider, and a database that outlives the gateways on it.
struct Stage {
    server: SimServer,
    storage: Arc<Unreliable>,
    gateway: Arc<Gateway>,
    app: Router,
}

impl Stage {
    async fn open() -> Self {
        let storage = SqliteStorage::open("sqlite::memory:").await.unwrap();
        Self::over(Arc::new(storage)).await
    }

    async fn over(storage: Arc<SqliteStorage>) -> Self {
        let simulator = Arc::new(Guardhouse::new(Clock::default()));
        let server = SimServer::start(simulator as Arc<dyn Simulator>).await.unwrap();
        let storage = Arc::new(Unreliable::new(storage));
        let gateway = gateway(&storage).await;
        let operator = Caller::operator(DEFAULT_ENVIRONMENT);
        gateway.connect_as("guardhouse".to_owned(), &operator, "guardhouse", None, &server.context()).await.unwrap();
        server.clear_journal();
        Self { app: app(&gateway), server, storage, gateway }
    }

    /// The process is gone, and another one starts on the same database.
    async fn restarted(self) -> Self {
        drop((self.gateway, self.app));
        // Its writer tries once more, and ends.
        tokio::time::sleep(Duration::from_millis(50)).await;
        self.storage.mend();
        let gateway = gateway(&self.storage).await;
        Self { app: app(&gateway), gateway, ..self }
    }

    fn removal(user: u64, roles: &[u64]) -> Request<Body> {
        let roles: Vec<Value> = roles.iter().map(|role| json!({"id": role.to_string()})).collect();
        let body = json!({"id": user.to_string(), "roles": roles}).to_string();
        Request::post(UNASSIGN).header("authorization", format!("Bearer {TOKEN}")).body(Body::from(body)).unwrap()
    }

    /// Asks; the status and the body.
    async fn ask(&self, request: Request<Body>) -> (u16, Value) {
        let response = self.app.clone().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&body).unwrap_or_default())
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        let request = Request::get(path).header("authorization", format!("Bearer {TOKEN}"));
        self.ask(request.body(Body::empty()).unwrap()).await
    }

    /// Waits until what was reported so far is written, if it can be.
    async fn flush(&self) {
        self.get("/audit?limit=1").await;
    }

    async fn entries(&self) -> Vec<AuditRecord> {
        self.flush().await;
        self.storage.audit_entries(&AuditFilter::default(), 10_000).await.unwrap()
    }

    async fn open_intents(&self) -> usize {
        self.flush().await;
        let filter = AuditFilter { open: true, ..AuditFilter::default() };
        self.storage.audit_entries(&filter, 10_000).await.unwrap().len()
    }

    /// The writes that reached the provider.
    fn writes(&self) -> usize {
        self.server.journal().iter().filter(|recorded| recorded.call.method == "DELETE").count()
    }

    fn holds(&self, user: u64, role: u64) -> bool {
        self.server.simulator.memberships().contains(&format!("user {user} holds role {role}"))
    }
}

async fn gateway(storage: &Arc<Unreliable>) -> Arc<Gateway> {
    staged::open(storage, Settings::default(), TOKEN).await.unwrap()
}

fn app(gateway: &Arc<Gateway>) -> Router {
    router(Arc::clone(gateway), Site { limits: decode::Limits::default() })
}

/// Waits until something has come true.
async fn until<F: Future<Output = bool>>(what: &str, is_true: impl Fn() -> F) {
    for _ in 0..500 {
        if is_true().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it never came true: {what}");
}
