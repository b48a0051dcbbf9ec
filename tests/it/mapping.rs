//! What is captured of an answer and what is read of it by a program give the same user; and what is refused as JSON.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt;
use offramp::connector::from_directory;
use offramp::credentials::vault::{MasterKey, Vault};
use offramp::engine::{Engine, EngineLimits};
use offramp::expression::{Projection, from_json, to_json};
use offramp::gateway::{Caller, DEFAULT_ENVIRONMENT, Gateway, Parts};
use offramp::http::{Site, decode, router};
use offramp::storage::Envelope;
use offramp::storage::sqlite::SqliteStorage;
use offramp::transport::{AnswerBody, ProviderAnswer, ProviderCall, Transport, TransportError};
use proptest::prelude::*;
use serde_json::{Value as Json, json};
use tower::ServiceExt;

/// Every field of the user, each of a path; `{}` is what makes of a path an expression.
const FIELDS: [(&str, &str); 9] = [
    ("id", "a"),
    ("name", "b"),
    ("status", "status"),
    ("is_email_verified", "a"),
    ("created_at", "m.a"),
    ("identifiers", "m"),
    ("languages", "l"),
    ("groups", "l"),
    ("title", "m.l"),
];

/// A definition whose paths are plain, or each behind a program's variable.
fn definition(slug: &str, plain: bool) -> Json {
    let of = |root: &str, path: &str| match plain {
        true => format!(".{root}.{path}"),
        false => format!("v = .{root}.{path}; v"),
    };
    let holder = |root: &str, path: &str| format!("{{{{ {} }}}}", of(root, path));
    let mut fields: serde_json::Map<String, Json> =
        FIELDS.iter().map(|(name, path)| ((*name).to_owned(), json!(of("get.body", path)))).collect();
    let member = |path: &str| json!(holder("each", path));
    fields.insert(
        "roles".into(),
        json!({ "each": of("get.body", "l"), "as": { "id": member("a"), "name": member("m.a"), "group": "fixed" } }),
    );
    fields.insert(
        "emails".into(),
        json!([{ "email": holder("get.body", "a"), "is_primary": holder("get.body", "b"), "type": "work" },
            { "email": holder("get.body", "m.b") }]),
    );
    json!({
        "schema": 1, "slug": slug, "label": "x", "docs": "https://vendor.example.com/docs",
        "base_url": "https://vendor.example.com",
        "account": { "token": { "required": true, "secret": true } },
        "auth": [{ "scheme": "headers", "headers": { "Authorization": "Bearer {{ account.token }}" } }],
        "check": "get",
        "error_message": ["message"],
        "errors": [{ "when": { "status": "4xx" }, "kind": "invalid_request" }],
        "reads": { "get": { "method": "GET", "path": "/get", "success": { "status": 200 } } },
        "inputs": { "id": { "required": true }, "role": { "required": true } },
        "operations": { "users.unassign-role": { "steps": [{ "write": { "name": "remove", "why": "takes it away",
            "repeatable": true, "call": { "method": "DELETE", "path": "/{{ item.role.id }}", "success": { "status": 204 } } } }] } },
        "proof": { "reads": [{ "name": "get" }], "holds": { "in": ".get.body.held", "is": "{{ item.role.id }}" } },
        "user": { "from": [{ "step": "get", "fields": fields }] },
    })
}

/// Answers every read with the same document.
struct Answering(Arc<Mutex<Bytes>>);

#[async_trait]
impl Transport for Answering {
    async fn send(&self, call: ProviderCall) -> Result<ProviderAnswer, TransportError> {
        let write = call.method == Method::DELETE;
        let status = if write { StatusCode::NO_CONTENT } else { StatusCode::OK };
        let body = if write { Bytes::new() } else { self.0.lock().unwrap().clone() };
        Ok(ProviderAnswer { status, headers: HeaderMap::new(), body: AnswerBody::from_bytes(body) })
    }
}

async fn api(document: Arc<Mutex<Bytes>>) -> Router {
    let definitions = [("plain", true), ("program", false)];
    let folder = tempfile::tempdir().unwrap();
    for (slug, plain) in definitions {
        std::fs::create_dir(folder.path().join(slug)).unwrap();
        std::fs::write(folder.path().join(slug).join("connector.yaml"), definition(slug, plain).to_string()).unwrap();
    }
    let second = std::time::Duration::from_secs(1);
    let limits = EngineLimits { call_timeout: second, wait_limit: second, answer_bytes: 1 << 20 };
    let parts = Parts {
        registry: from_directory(folder.path()).unwrap(),
        engine: Engine::new(Arc::new(Answering(document)), limits),
        storage: Arc::new(SqliteStorage::open("sqlite::memory:").await.unwrap()),
        vault: Vault::new(MasterKey::from_base64("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=").unwrap()).unwrap(),
        admin_token: "t".to_owned().into(),
        envelope: Envelope::Bare,
    };
    let gateway = Gateway::open(parts).await.unwrap();
    let operator = Caller::operator(DEFAULT_ENVIRONMENT);
    let context = json!({ "token": "secret" });
    for (slug, _) in definitions {
        gateway.connect_as(slug.to_owned(), &operator, slug, None, context.as_object().unwrap()).await.unwrap();
    }
    router(Arc::new(gateway), Site { limits: decode::Limits::default() })
}

/// The answer, without what differs from request to request.
async fn ask(api: &Router, account: &str, format: &str) -> (StatusCode, String) {
    let place = "/unified/user-directory/users/unassign-role";
    let request = Request::post(format!("{place}?integrated_account_id={account}&truto_response_format={format}"))
        .header(http::header::AUTHORIZATION, "Bearer t")
        .body(Body::from(r#"{"id":"1","roles":[{"id":"7"}]}"#))
        .unwrap();
    let response = api.clone().oneshot(request).await.unwrap();
    let status = response.status();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let (user, _) = text.split_once(",\"unassignment\":").unwrap();
    (status, user.to_owned())
}

/// A text as providers write it: plain, or with escapes that mean the same as none.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[a-z@. é]{0,12}".prop_map(|text| format!("\"{text}\"")),
        1 => Just(r#""a\u00e9\n\"q\\\/ \ud83d\ude00""#.to_owned()),
        1 => prop::sample::select(vec!["\"active\"", "\"2024-01-02T03:04:05Z\"", "\"2024-01-02\"", "\"\\u0061\""])
            .prop_map(str::to_owned),
    ]
}

fn scalar() -> impl Strategy<Value = String> {
    let others = vec![
        "null",
        "true",
        "false",
        "0",
        "-0",
        "7",
        "-12",
        "1.5",
        "-0.0",
        "1e3",
        "2E-2",
        "1700000000",
        "9223372036854775807",
        "-9223372036854775808",
        "18446744073709551615",
        "123456789012345678901234567890",
        "[]",
        "{}",
    ];
    prop_oneof![2 => text(), 1 => prop::sample::select(others).prop_map(str::to_owned)]
}

/// A document as text: members may be there twice, and their names may be escaped.
fn document() -> impl Strategy<Value = String> {
    let space = || prop::sample::select(vec!["", "", "", " ", "\n\t"]);
    scalar().prop_recursive(4, 40, 6, move |inner| {
        let name = prop::sample::select(vec!["a", "b", "l", "m", "status", "held", "\\u0061", "other"]);
        let member =
            (name, space(), inner.clone()).prop_map(|(name, space, value)| format!("\"{name}\":{space}{value}"));
        let objects = prop::collection::vec(member, 0..7);
        let lists = prop::collection::vec(inner, 0..4);
        prop_oneof![
            3 => (objects, space()).prop_map(|(members, space)| format!("{{{space}{}}}", members.join(","))),
            1 => (lists, space()).prop_map(|(elements, space)| format!("[{}{space}]", elements.join(","))),
        ]
    })
}

/// A document of the form that the definitions look for, with anything at all in the places they look at.
fn user() -> impl Strategy<Value = String> {
    let any = || prop_oneof![4 => scalar(), 1 => document()];
    let element = prop_oneof![
        3 => (any(), any()).prop_map(|(a, of_m)| format!(r#"{{"other":1,"a":{a},"m":{{"a":{of_m}}}}}"#)),
        1 => document(),
    ];
    let list = prop_oneof![
        4 => prop::collection::vec(element, 0..4).prop_map(|elements| format!("[{}]", elements.join(", "))),
        1 => document(),
    ];
    let again = prop_oneof![3 => Just(String::new()), 1 => document().prop_map(|value| format!(r#","l":{value}"#))];
    (any(), any(), any(), any(), any(), list, again).prop_map(|(a, b, status, of_m, more, list, again)| {
        format!(
            r#"{{"l":{list}{again},"held":[],"a":{a},"m":{{"a":{of_m},"b":{b},"l":{more}}}, "b":{b},"status":{status}}}"#
        )
    })
}

/// One change to a document, which may be JSON after it or not.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let pieces: Vec<&[u8]> = vec![
        b"", b",", b"\"", b"\\", b"\\ud800", b"}", b"]", b"[", b":", b"0", b"-", b".", b"e5", b"\xff", b"\x01", b" ",
    ];
    (document(), any::<prop::sample::Index>(), prop::sample::select(pieces), 0..3_usize).prop_map(
        |(document, at, piece, cut)| {
            let mut bytes = document.into_bytes();
            let at = at.index(bytes.len() + 1);
            let end = (at + cut).min(bytes.len());
            bytes.splice(at..end, piece.iter().copied());
            bytes
        },
    )
}

#[test]
fn a_captured_path_gives_the_same_user_as_a_program_that_reads_it() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let answered = Arc::new(Mutex::new(Bytes::from_static(b"{}")));
    let api = runtime.block_on(api(Arc::clone(&answered)));
    let with_fields = std::cell::Cell::new(0);
    proptest!(|(document in prop_oneof![4 => user(), 1 => document()])| {
        *answered.lock().unwrap() = Bytes::from(document.clone());
        for format in ["unified", "normalized"] {
            let plain = runtime.block_on(ask(&api, "plain", format));
            let program = runtime.block_on(ask(&api, "program", format));
            // A document may say by chance that the role is still held.
            prop_assert!(matches!(plain.0, StatusCode::OK | StatusCode::BAD_GATEWAY), "{}", plain.0);
            with_fields.set(with_fields.get() + usize::from(plain.1.contains("\"roles\":[{")));
            prop_assert_eq!(plain, program, "{}", document);
        }
    });
    assert!(with_fields.get() > 0, "no document had anything to map");
}

/// What is read of a document as a whole; `None` if it is refused.
fn read_whole(document: &[u8]) -> Option<Json> {
    let mut projection = Projection::default();
    projection.want::<&str>(&[]);
    projection.read(&Bytes::copy_from_slice(document)).ok().map(|(value, _)| to_json(&value))
}

proptest! {
    #[test]
    fn a_document_is_read_as_serde_json_reads_it(document in damaged()) {
        let expected = serde_json::from_slice::<Json>(&document).ok().map(|json| to_json(&from_json(&json)));
        prop_assert_eq!(read_whole(&document), expected, "{}", String::from_utf8_lossy(&document));
    }

    /// What nobody wants is checked to be JSON all the same.
    #[test]
    fn what_is_skipped_is_still_checked(document in damaged()) {
        let mut projection = Projection::default();
        projection.want(&["nowhere"]);
        let inside = [br#"{"skipped":"#.as_slice(), &document, b"}"].concat();
        let expected = serde_json::from_slice::<SkippedAlone>(&inside).is_ok();
        let shown = String::from_utf8_lossy(&inside).into_owned();
        prop_assert_eq!(projection.read(&Bytes::from(inside)).is_ok(), expected, "{}", shown);
    }
}

#[derive(serde::Deserialize)]
struct SkippedAlone {}

#[test]
fn as_deep_as_serde_json_reads_and_no_deeper() {
    for depth in [1, 126, 127, 128, 129, 5000] {
        let document = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let expected = serde_json::from_str::<Json>(&document).is_ok();
        assert_eq!(read_whole(document.as_bytes()).is_some(), expected, "{depth}");
    }
    // Skipping keeps no stack: what nobody wants may be as deep as it likes.
    let mut projection = Projection::default();
    projection.want(&["a"]);
    let mut document = String::from("{\"deep\":");
    let _ = write!(document, "{}{},\"a\":7}}", "[".repeat(100_000), "]".repeat(100_000));
    let (value, _) = projection.read(&Bytes::from(document)).unwrap();
    assert_eq!(to_json(&value), json!({ "a": 7 }));
}
