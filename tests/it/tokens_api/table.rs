//! Every route, with every set of scopes, without a token, and with tokens that are none. The routes are those of the
//! OpenAPI document and of the router itself, so that a new one cannot be forgotten.

use std::collections::BTreeMap;

use offramp::storage::{Envelope, Scope, Storage, TokenRecord, new_id, timestamp};

use super::*;

const ROUTER: &str = include_str!("../../../src/http/router.rs");
/// Served, and not in the document: another spelling of a path, and the document itself.
const BESIDE: &[(&str, &str, Option<&str>)] =
    &[("/unified/user-directory/users/unassign_role", "post", Some("call")), ("/openapi.json", "get", None)];

/// Each route's scope, by path and method; `None`: anybody may.
fn documented() -> BTreeMap<(String, String), Option<String>> {
    let document = offramp::http::document();
    let mut routes = BTreeMap::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let scope = operation.get("security").map(|security| {
                let scopes = security[0]["api_token"].as_array().unwrap();
                assert_eq!((security.as_array().unwrap().len(), scopes.len()), (1, 1), "{method} {path}");
                scopes[0].as_str().unwrap().to_owned()
            });
            routes.insert((path.clone(), method.clone()), scope);
        }
    }
    for (path, method, scope) in BESIDE {
        routes.insert(((*path).to_owned(), (*method).to_owned()), scope.map(str::to_owned));
    }
    routes
}

/// The paths and methods in the router's source.
fn routed() -> Vec<(String, String)> {
    let mut routes = Vec::new();
    for line in ROUTER.split(".route(\"").skip(1) {
        let (path, rest) = line.split_once('"').unwrap();
        let handlers = rest.lines().next().unwrap();
        for method in ["get", "post", "put", "patch", "delete", "any"] {
            if handlers.contains(&format!(" {method}(")) || handlers.contains(&format!(".{method}(")) {
                routes.push((path.to_owned(), method.to_owned()));
            }
        }
    }
    routes.sort();
    routes
}

#[test]
fn what_is_routed_is_documented_and_what_is_documented_is_routed() {
    let documented: Vec<(String, String)> = documented().into_keys().collect();
    assert!(routed().len() > 10, "the router's source is read");
    assert_eq!(routed(), documented);
}

/// A token that was stored with this end, whatever it is.
async fn stored(stage: &Stage, expires_at: Option<&str>) -> (String, String) {
    let text = format!("ofr_{}", new_id());
    let record = TokenRecord {
        id: new_id(),
        name: "stored".to_owned(),
        hash: offramp::credentials::api_token::ApiToken::hash(&text),
        scopes: Scope::ALL.to_vec(),
        environment: "default".to_owned(),
        envelope: Envelope::Bare,
        created_at: timestamp(),
        expires_at: expires_at.map(str::to_owned),
    };
    stage.storage.insert_token(&record).await.unwrap();
    stage.gateway.refresh().await.unwrap();
    (text, record.id)
}

#[tokio::test]
async fn every_route_lets_in_whom_it_says_and_nobody_else() {
    let stage = stage().await;
    let mut known = Vec::new();
    for bits in 1..8_usize {
        let scopes: Vec<&str> =
            Scope::ALL.iter().enumerate().filter(|(at, _)| bits & (1 << at) != 0).map(|(_, it)| it.as_str()).collect();
        let (token, _) = stage.token(json!({"name": "one", "scopes": scopes})).await;
        known.push((scopes, token));
    }
    let (expired, _) = stored(&stage, Some("2026-01-01T00:00:00.000Z")).await;
    let (revoked, id) = stored(&stage, None).await;
    assert_eq!(lists_accounts(&stage, &revoked).await.status, 200);
    assert_eq!(revoke(&stage, TOKEN, &id).await.status, 204);
    let mut asked = 0;
    for ((path, method), scope) in documented() {
        let place = format!("{method} {path}");
        let path = path.replace("{id}", "none");
        let strangers =
            [("none", None), ("wrong", Some("ofr_wrong")), ("expired", Some(&expired)), ("revoked", Some(&revoked))];
        for (what, token) in strangers {
            let answer = stage.call(&method, &path, token, &json!({})).await;
            match &scope {
                Some(_) => {
                    assert_eq!((answer.status, answer.kind()), (401, "unauthenticated"), "{place}, {what} token")
                }
                None => assert_eq!(answer.status, 200, "{place}, {what} token"),
            }
            asked += 1;
        }
        let Some(scope) = scope else { continue };
        for (scopes, token) in &known {
            let answer = stage.call(&method, &path, Some(token), &json!({})).await;
            if scopes.contains(&scope.as_str()) {
                assert!(![401, 403].contains(&answer.status), "{place}, {scopes:?}: {answer:?}");
            } else {
                assert_eq!((answer.status, answer.kind()), (403, "forbidden"), "{place}, {scopes:?}");
                assert!(answer.message().contains(&format!("`{scope}`")), "{answer:?}");
            }
            asked += 1;
        }
    }
    assert!(asked > 100, "{asked} requests");
    assert!(stage.server.journal().is_empty(), "nobody reached the provider");
}
