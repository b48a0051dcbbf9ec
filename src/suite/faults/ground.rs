//! Where one round takes place: a simulator, a database that outlives the gateways on it, and an account, nothing shared.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::Request;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use secrecy::SecretString;
use serde_json::{Map, Value};

use super::draw::{Act, Ask, Row};
use super::witness::{Detour, Witness};
use super::{Disguise, meets};
use crate::credentials::Context;
use crate::engine::{Engine, EngineLimits};
use crate::gateway::{DEFAULT_ENVIRONMENT, Gateway, IdempotencySettings, Parts, Settings};
use crate::http::{Site, decode, router};
use crate::sandbox::{Clock, Faults, SimServer, Simulator};
use crate::storage::sqlite::SqliteStorage;
use crate::storage::{AccountRecord, AccountStatus, Envelope, Storage, timestamp};
use crate::suite::scenario::Place;
use crate::suite::stage::{ACCOUNT, Answer, TOKEN, answered, credentials, text, vault};
use crate::suite::{Bench, Unreliable};
use crate::transport::{ProviderTransport, Transport, TransportLimits, Trust};

/// No request takes longer to be answered; one that does has no answer.
const PATIENCE: Duration = Duration::from_secs(15);
const WAIT_LIMIT: Duration = Duration::from_millis(300);
const ANSWER_BYTES: usize = 1 << 20;
/// So long after the end of a process its keys are free.
const LEASE: Duration = Duration::from_secs(1);
const KEY_WAIT: Duration = Duration::from_secs(5);

/// A provider, a database and an account.
pub(super) struct Ground<'b> {
    bench: &'b Bench,
    disguise: Option<&'b Disguise>,
    pub(super) clock: Clock,
    pub(super) server: SimServer,
    pub(super) witness: Arc<Witness>,
    /// What is planted here finds nobody who listens.
    pub(super) astray: Arc<Faults>,
    refused: Arc<AtomicUsize>,
    committed: Arc<AtomicI64>,
    database: Database,
    context: Map<String, Value>,
    call_timeout: Duration,
}

enum Database {
    Memory(Arc<SqliteStorage>),
    /// One that another process can open after this one.
    File(Folder),
}

struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A gateway at work.
pub(super) struct Running {
    pub(super) gateway: Arc<Gateway>,
    pub(super) app: Router,
    pub(super) unreliable: Arc<Unreliable>,
    /// The database as the gateway and its operator see it.
    pub(super) storage: Arc<dyn Storage>,
}

impl<'b> Ground<'b> {
    /// With a database in a file where the process is to end in between.
    pub(super) async fn open(
        bench: &'b Bench,
        disguise: Option<&'b Disguise>,
        row: &Row,
        act: &Act,
        outlives: bool,
        call_timeout: Duration,
    ) -> Result<Self, String> {
        let clock = Clock::default();
        let simulator = (bench.simulators)(&row.connector.slug, &clock);
        let simulator = simulator.ok_or_else(|| "there is no simulator of this provider".to_owned())?;
        let committed = Arc::new(AtomicI64::new(0));
        let witness = Arc::new(Witness::new(simulator, meets(&row.case, Place::Write), Arc::clone(&committed)));
        let server = SimServer::start(Arc::clone(&witness) as Arc<dyn Simulator>).await.map_err(text)?;
        let mut context = server.context();
        if !row.case.base_path.is_empty() {
            context.insert("base_url".to_owned(), Value::from(format!("{}{}", server.base_url(), row.case.base_path)));
        }
        let other = act.account.as_ref().and_then(|name| row.case.accounts.get(name));
        for (key, value) in row.case.context.iter().chain(other.into_iter().flatten()) {
            if value.is_null() {
                context.shift_remove(key);
            } else {
                context.insert(key.clone(), value.clone());
            }
        }
        for (switch, to) in row.case.switches.iter().chain(&act.switches) {
            witness.turn(switch, to)?;
        }
        let database = if outlives {
            static FOLDERS: AtomicUsize = AtomicUsize::new(0);
            let name = format!("offramp-faults-{}-{}", std::process::id(), FOLDERS.fetch_add(1, Ordering::Relaxed));
            let folder = std::env::temp_dir().join(name);
            std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
            Database::File(Folder(folder))
        } else {
            Database::Memory(Arc::new(SqliteStorage::open("sqlite::memory:").await.map_err(text)?))
        };
        let ground = Self {
            bench,
            disguise,
            clock,
            server,
            witness,
            astray: Arc::default(),
            refused: Arc::default(),
            committed,
            database,
            context,
            call_timeout,
        };
        ground.keep_account(row).await?;
        Ok(ground)
    }

    /// Keeps the account as it was connected once.
    async fn keep_account(&self, row: &Row) -> Result<(), String> {
        let context = Context::check(&row.connector, &self.context).map_err(text)?;
        let secret = serde_json::to_vec(&context.secret).map_err(text)?;
        let now = timestamp();
        let record = AccountRecord {
            id: ACCOUNT.to_owned(),
            environment: DEFAULT_ENVIRONMENT.to_owned(),
            integration: row.connector.slug.clone(),
            tenant_id: None,
            sealed: vault()?.seal(ACCOUNT, &secret).map_err(text)?,
            context: context.public.into_iter().collect(),
            status: AccountStatus::Active,
            created_at: now.clone(),
            updated_at: now,
        };
        let storage = self.database.open().await?;
        storage.insert_account(&record).await.map_err(text)
    }

    /// A gateway on that database. It may run elsewhere, so what is needed is taken along.
    pub(super) fn gateway(&self) -> impl Future<Output = Result<Running, String>> + Send + 'static {
        let (database, registry) = (self.database.opener(), self.bench.registry.clone());
        let (around, disguise) = (self.bench.around.clone(), self.disguise.cloned());
        let (astray, refused) = (Arc::clone(&self.astray), Arc::clone(&self.refused));
        let (committed, call_timeout) = (Arc::clone(&self.committed), self.call_timeout);
        async move {
            let unreliable = Arc::new(Unreliable::new(database.await?).reporting_to(committed));
            let storage: Arc<dyn Storage> = Arc::clone(&unreliable) as Arc<dyn Storage>;
            let storage = disguise.map_or(Arc::clone(&storage), |disguise| disguise(storage));
            let egress = "127.0.0.1/32".parse().map_err(text)?;
            let network = ProviderTransport::with_trust(egress, TransportLimits::default(), Trust::public());
            let transport: Arc<dyn Transport> = Arc::new(Detour::new(Arc::new(network), astray, refused));
            let limits = EngineLimits { call_timeout, wait_limit: WAIT_LIMIT, answer_bytes: ANSWER_BYTES };
            let parts = Parts {
                registry,
                engine: Engine::new(transport, limits),
                storage: Arc::clone(&storage),
                vault: vault()?,
                admin_token: SecretString::from(TOKEN),
                envelope: Envelope::Bare,
            };
            let keys = IdempotencySettings { wait: KEY_WAIT, lease: LEASE, ..IdempotencySettings::default() };
            let settings = Settings { idempotency: keys, ..Settings::default() };
            let gateway = Arc::new(Gateway::open_with(parts, settings).await.map_err(text)?);
            let app = router(Arc::clone(&gateway), Site { limits: decode::Limits::default() });
            let app = around.map_or_else(|| app.clone(), |around| around(app.clone()));
            Ok(Running { gateway, app, unreliable, storage })
        }
    }

    /// What no answer may show.
    pub(super) fn secrets(&self, row: &Row) -> BTreeSet<String> {
        let secrets =
            self.context.iter().filter(|(key, _)| row.connector.account.get(*key).is_some_and(|key| key.secret));
        let secrets = secrets.filter_map(|(_, value)| value.as_str().map(str::to_owned)).chain([TOKEN.to_owned()]);
        let journal = self.server.journal();
        let seen = journal.iter().flat_map(|recorded| credentials(&recorded.call));
        secrets.chain(seen).filter(|secret| secret.len() > 3).collect()
    }

    /// How often nobody listened.
    pub(super) fn refused(&self) -> usize {
        self.refused.load(Ordering::Relaxed)
    }
}

impl Database {
    async fn open(&self) -> Result<Arc<dyn Storage>, String> {
        self.opener().await
    }

    fn opener(&self) -> impl Future<Output = Result<Arc<dyn Storage>, String>> + Send + 'static {
        let memory = match self {
            Self::Memory(storage) => Ok(Arc::clone(storage)),
            Self::File(Folder(folder)) => Err(format!("sqlite://{}/offramp.db", folder.display())),
        };
        async move {
            Ok(match memory {
                Ok(storage) => storage,
                Err(url) => Arc::new(SqliteStorage::open(&url).await.map_err(text)?) as Arc<dyn Storage>,
            })
        }
    }
}

/// A request as the administrator sends it.
pub(super) fn post(ask: &Ask) -> Option<Request<Body>> {
    let mut request = Request::post(ask.path(ACCOUNT))
        .header(CONTENT_TYPE, "application/json")
        .header(AUTHORIZATION, format!("Bearer {TOKEN}"));
    if let Some(key) = ask.key {
        request = request.header("idempotency-key", key);
    }
    request.body(Body::from(ask.body().to_string())).ok()
}

/// Sends one; `None`: there was no answer.
pub(super) async fn send(app: Router, request: Option<Request<Body>>) -> Option<Answer> {
    tokio::time::timeout(PATIENCE, answered(app, request?)).await.ok().flatten()
}
