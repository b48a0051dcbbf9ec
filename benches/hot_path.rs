//! The hot path without a network: decode, render, fixed answers of the provider, map, respond; and its pieces.
//! `make bench` measures the same request over sockets, beside other gateways.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a panic is how a bench fails")]

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use criterion::{Criterion, criterion_group, criterion_main};
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use http_body_util::BodyExt;
use offramp::connector::{Registry, from_directory};
use offramp::credentials::vault::{MasterKey, Vault};
use offramp::engine::{Engine, EngineLimits};
use offramp::gateway::{Caller, DEFAULT_ENVIRONMENT, Gateway, Parts};
use offramp::http::{Site, decode, router};
use offramp::storage::Envelope;
use offramp::storage::sqlite::SqliteStorage;
use offramp::transport::{AnswerBody, ProviderAnswer, ProviderCall, Transport, TransportError};
use serde_json::{Value as Json, json};
use tower::ServiceExt;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What the provider of `make bench` answers.
static USER: &[u8] = include_bytes!("gateway/user.json");
const CONNECTORS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/gateway/connectors");
const TOKEN: &str = "bench-token";
const QUERY: &str = "integrated_account_id=bench-account";
const BODY: &str = r#"{"id":"1","roles":[{"id":"7"}]}"#;

/// DELETE gives 204, anything else the user.
struct FixedAnswers;

#[async_trait]
impl Transport for FixedAnswers {
    async fn send(&self, call: ProviderCall) -> Result<ProviderAnswer, TransportError> {
        if call.method == Method::DELETE {
            let body = AnswerBody::from_bytes(Bytes::new());
            return Ok(ProviderAnswer { status: StatusCode::NO_CONTENT, headers: HeaderMap::new(), body });
        }
        let headers =
            HeaderMap::from_iter([(http::header::CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
        Ok(ProviderAnswer { status: StatusCode::OK, headers, body: AnswerBody::from_bytes(Bytes::from_static(USER)) })
    }
}

fn connectors() -> Registry {
    from_directory(Path::new(CONNECTORS)).unwrap()
}

async fn api() -> Router {
    let limits = EngineLimits {
        call_timeout: Duration::from_secs(5),
        wait_limit: Duration::from_secs(5),
        answer_bytes: 1 << 20,
    };
    let parts = Parts {
        registry: connectors(),
        engine: Engine::new(Arc::new(FixedAnswers), limits),
        storage: Arc::new(SqliteStorage::open("sqlite::memory:").await.unwrap()),
        vault: Vault::new(MasterKey::from_base64("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=").unwrap()).unwrap(),
        admin_token: TOKEN.to_owned().into(),
        envelope: Envelope::Bare,
    };
    let gateway = Gateway::open(parts).await.unwrap();
    let operator = Caller::operator(DEFAULT_ENVIRONMENT);
    let context = json!({"token": "secret"});
    let context = context.as_object().unwrap();
    gateway.connect_as("bench-account".to_owned(), &operator, "bench", None, context).await.unwrap();
    router(Arc::new(gateway), Site { limits: decode::Limits::default() })
}

async fn unassign(api: &Router) -> Bytes {
    let request = Request::post(format!("/unified/user-directory/users/unassign-role?{QUERY}"))
        .header(AUTHORIZATION, format!("Bearer {TOKEN}"))
        .body(Body::from(BODY))
        .unwrap();
    let response = api.clone().oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    response.into_body().collect().await.unwrap().to_bytes()
}

/// A fast wrong answer is worth nothing: every field the user can feed must be there.
fn check(answer: &[u8]) {
    let mut answer: Json = serde_json::from_slice(answer).unwrap();
    let object = answer.as_object_mut().unwrap();
    let unassignment = object.remove("unassignment").unwrap();
    assert_eq!((&unassignment["outcome"], &unassignment["verified"]), (&json!("removed"), &json!("yes")));
    let user: Json = serde_json::from_slice(USER).unwrap();
    assert_eq!(object.remove("remote_data").unwrap(), user);
    let groups: Vec<Json> = user["groups"]
        .as_array()
        .unwrap()
        .iter()
        .map(|group| json!({"id": group["id"], "name": group["name"]}))
        .collect();
    let expected = json!({
        "id": "00u1a2b3c4d5e6f7g8h9",
        "external_id": "E-1001",
        "identifiers": {"login": "zoe@example.com", "employee_number": "E-1001"},
        "first_name": "Zoë",
        "last_name": "Example",
        "title": "Staff Engineer",
        "name": "Zoë Q. Example",
        "username": "zoe@example.com",
        "emails": [
            {"email": "zoe@example.com", "type": "PRIMARY", "is_primary": true},
            {"email": "zoe.private@example.org", "type": "SECONDARY", "is_primary": false},
        ],
        "phones": [{"number": "+1-555-0100", "type": "mobile"}, {"number": "+1-555-0101", "type": "work"}],
        "status": "active",
        "is_email_verified": true,
        "roles": [{"id": "1", "name": "Admin"}, {"id": "3", "name": "Auditor"}],
        "organizations": [{"name": "Example Inc"}],
        "user_type": "Employee",
        "groups": groups,
        "avatar": "https://example.com/zoe.png",
        "timezone": "America/Los_Angeles",
        "languages": ["en"],
        "created_at": "2021-03-04T05:06:07.000Z",
        "updated_at": "2024-11-19T08:07:06.000Z",
        "last_login_at": "2024-11-20T10:11:12.000Z",
        "status_changed_at": "2022-01-02T03:04:05.000Z",
        "activated_at": "2021-03-04T05:06:08.000Z",
        "urls": [
            {"url": "https://example.com/zoe", "type": "profile"},
            {"url": "https://vendor.example.com/api/v1/users/1", "type": "self"},
        ],
    });
    assert_eq!(answer, expected);
}

fn hot_path(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let api = runtime.block_on(api());
    check(&runtime.block_on(unassign(&api)));
    criterion.bench_function("whole request", |bencher| {
        bencher.to_async(&runtime).iter(|| async { black_box(unassign(&api).await) });
    });

    let limits = decode::Limits::default();
    criterion.bench_function("decode", |bencher| {
        bencher.iter(|| decode::decode(black_box(QUERY), black_box(BODY.as_bytes()), &limits).unwrap());
    });

    let registry = connectors();
    let connector = registry.get("bench").unwrap();
    let read = connector.reads.iter().find(|read| read.name == "get_user").unwrap();
    let user = Bytes::from_static(USER);
    criterion.bench_function("read the answer", |bencher| {
        bencher.iter(|| read.projection.read(black_box(&user)).unwrap());
    });
}

criterion_group!(benches, hot_path);
criterion_main!(benches);
