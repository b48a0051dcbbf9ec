//! Calls and answers with one thing wrong: each is found, told with its place, and nothing else is.

use bytes::Bytes;
use offramp::sandbox::{Call, Reply};
use serde_json::{Value as Json, json};

use super::documents;

const FORM: &str = "application/x-www-form-urlencoded";

fn call(method: &str, target: &str, headers: &[(&str, &str)], body: &str) -> Call {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Call {
        method: method.to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        headers: headers.collect(),
        body: Bytes::copy_from_slice(body.as_bytes()),
    }
}

const BEARER: (&str, &str) = ("authorization", "Bearer token");
const JSON: (&str, &str) = ("content-type", "application/json; charset=utf-8");

/// The removal of the first provider's page, as it should be.
fn removal() -> Call {
    call("DELETE", "/api/v1/users/101/roles/1", &[BEARER, JSON], r#"{"instantLogout":false}"#)
}

fn said(slug: &str, call: &Call, reply: Option<&Reply>) -> Vec<String> {
    documents().check(slug, call, reply).iter().map(ToString::to_string).collect()
}

#[test]
fn what_is_as_documented_passes() {
    let user = json!({"id": 101, "roles": [{"id": 1, "name": "Administrator"}], "lastLogin": "2026-04-22T10:15:30Z", "new": null});
    let read = call("GET", "/api/v1/users/101", &[BEARER], "");
    let token = call(
        "POST",
        "/connect/token",
        &[("content-type", FORM)],
        "grant_type=client_credentials&client_id=a&client_secret=b",
    );
    let bearer = json!({"access_token": "t", "token_type": "Bearer", "expires_in": 3600});
    let cases = [
        (removal(), Reply::empty(204)),
        (removal(), Reply::text(404, "User not found")),
        (removal(), Reply::empty(503)),
        (read, Reply::json(200, &user)),
        (
            call("GET", "/api/v1/users?email=a%40b.example&pageSize=100&offset=0", &[BEARER], ""),
            Reply::json(200, &json!({"total": 0, "users": []})),
        ),
        (token, Reply::json(200, &bearer)),
    ];
    for (call, reply) in cases {
        assert_eq!(said("guardhouse", &call, Some(&reply)), Vec::<String>::new());
    }
}

#[test]
fn a_planted_mistake_in_a_call_is_a_deviation() {
    let cases: [(&str, Call, &str); 19] = [
        (
            "another method",
            Call { method: "PATCH".into(), ..removal() },
            "PATCH /api/v1/users/101/roles/1: method: it is PATCH; documented: DELETE",
        ),
        (
            "another path",
            Call { path: "/api/v2/users/101/roles/1".into(), ..removal() },
            "DELETE /api/v2/users/101/roles/1: path: there is no such path",
        ),
        (
            "a segment more",
            Call { path: "/api/v1/users/101/roles/1/".into(), ..removal() },
            "path: there is no such path",
        ),
        (
            "a slash in a segment is a segment",
            Call { path: "/api/v1/users/101%2Froles%2F1".into(), method: "GET".into(), ..call("", "", &[BEARER], "") },
            "path.userId: \"101/roles/1\" is not of type \"integer\"",
        ),
        (
            "an id that is none",
            Call { path: "/api/v1/users/me/roles/1".into(), ..removal() },
            "DELETE /api/v1/users/{userId}/roles/{roleId}: path.userId: \"me\" is not of type \"integer\"",
        ),
        (
            "an id out of range",
            Call { path: "/api/v1/users/0/roles/1".into(), ..removal() },
            "path.userId: 0 is less than the minimum of 1",
        ),
        (
            "an unknown query parameter",
            Call { query: "force=true".into(), ..removal() },
            "query.force: there is no such parameter",
        ),
        (
            "a query parameter of another type",
            call("GET", "/api/v1/users?pageSize=1e2", &[BEARER], ""),
            "query.pageSize: \"1e2\" is not of type \"integer\"",
        ),
        (
            "a query parameter twice",
            call("GET", "/api/v1/users?email=a&email=b", &[BEARER], ""),
            "query.email: it is given 2 times",
        ),
        (
            "a body of another type",
            Call { body: Bytes::from_static(br#"{"instantLogout":"no"}"#), ..removal() },
            "body/instantLogout: \"no\" is not of type \"boolean\"",
        ),
        (
            "an unknown member",
            Call { body: Bytes::from_static(br#"{"userId":7}"#), ..removal() },
            "body: Additional properties are not allowed ('userId' was unexpected)",
        ),
        (
            "a broken body",
            Call { body: Bytes::from_static(b"{"), ..removal() },
            "body: it is no JSON: EOF while parsing an object at line 1 column 1",
        ),
        ("no body", Call { body: Bytes::new(), ..removal() }, "body: it is missing"),
        (
            "a body where none is documented",
            call("GET", "/api/v1/roles", &[BEARER, JSON], "{}"),
            "body: there is one, and none is documented",
        ),
        (
            "another content type",
            call("DELETE", "/api/v1/users/101/roles/1", &[BEARER, ("content-type", "text/plain")], "{}"),
            "content-type: it is `text/plain`; documented: application/json",
        ),
        (
            "no content type",
            call("DELETE", "/api/v1/users/101/roles/1", &[BEARER], "{}"),
            "content-type: it is ``; documented: application/json",
        ),
        (
            "no credentials",
            call("GET", "/api/v1/roles", &[], ""),
            "credentials: there are none of those documented: authorization: Bearer",
        ),
        (
            "credentials of another scheme",
            call("GET", "/api/v1/roles", &[("authorization", "Basic eA==")], ""),
            "credentials: there are none of those documented",
        ),
        (
            "a form without a field",
            call("POST", "/connect/token", &[("content-type", FORM)], "grant_type=client_credentials&client_id=a"),
            "body: \"client_secret\" is a required property",
        ),
    ];
    for (mistake, call, expected) in cases {
        let said = said("guardhouse", &call, None);
        assert!(said.len() == 1 && said[0].contains(expected), "{mistake}: {said:#?}");
    }
}

#[test]
fn a_planted_mistake_in_an_answer_is_a_deviation() {
    let user = |id: Json| Reply::json(200, &json!({"id": id, "roles": []}));
    let html = Reply::bytes(200, Some("text/html"), Bytes::from_static(b"<p>"));
    let cases = [
        (
            "an undocumented status",
            Reply::empty(202),
            "reply.status: it is 202; documented: 200, 400, 401, 403, 404, 429, 5XX",
        ),
        ("another type", user(json!("101")), "reply.body/id: \"101\" is not of type \"integer\""),
        ("a member missing", Reply::json(200, &json!({"id": 1})), "reply.body: \"roles\" is a required property"),
        ("another content type", html, "reply.content-type: it is `text/html`; documented: application/json"),
        ("no body", Reply::empty(200), "reply.body: it is missing"),
    ];
    let read = call("GET", "/api/v1/users/101", &[BEARER], "");
    for (mistake, reply, expected) in cases {
        let said = said("guardhouse", &read, Some(&reply));
        assert!(said.len() == 1 && said[0].contains(expected), "{mistake}: {said:#?}");
    }
    let said = said("guardhouse", &removal(), Some(&Reply::json(204, &json!({}))));
    assert_eq!(
        said,
        ["DELETE /api/v1/users/{userId}/roles/{roleId}: reply.body: there is one, and none is documented"]
    );
}

#[test]
fn an_answers_headers_are_read_as_their_schemas_say() {
    let read = call("GET", "/management/v1/projects", &[("x-management-id", "i"), ("x-management-token", "t")], "");
    let refused = json!({"code": 429, "message": "Too many"});
    let good = Reply::json(429, &refused).with_header("Retry-After", "30");
    let bad = Reply::json(429, &refused).with_header("Retry-After", "soon");
    assert_eq!(said("voucherify", &read, Some(&good)), Vec::<String>::new());
    assert_eq!(
        said("voucherify", &read, Some(&bad)),
        ["GET /management/v1/projects: reply.header.retry-after: \"soon\" is not of type \"integer\""]
    );
    let half = call("GET", "/management/v1/projects", &[("x-management-id", "i")], "");
    assert_eq!(said("voucherify", &half, None).len(), 1, "one of two keys is not enough");
}

#[test]
fn lists_come_apart_as_the_document_says() {
    let slack = |query: &str| {
        said(
            "slack-enterprise",
            &call("GET", &format!("/api/admin.roles.listAssignments?{query}"), &[BEARER], ""),
            None,
        )
    };
    assert_eq!(slack("role_ids=Rl03,Rl04&entity_ids=T1&limit=200"), Vec::<String>::new());
    assert_eq!(slack("role_ids=Rl03&role_ids=Rl04").len(), 1, "they are joined with commas there");
    assert_eq!(slack("limit=201").len(), 1);
    let form = |body: &str| {
        said(
            "slack-enterprise",
            &call("POST", "/api/admin.roles.removeAssignments", &[BEARER, ("content-type", FORM)], body),
            None,
        )
    };
    assert_eq!(form("role_id=Rl03&entity_ids=T1,T2&user_ids=U1"), Vec::<String>::new());
    assert!(form("role_id=Rl03&entity_ids=T1&user_ids=U1,x1")[0].contains("body/user_ids/1: \"x1\" does not match"));
    let crowdstrike = |query: &str| {
        said("crowdstrike", &call("GET", &format!("/user-management/entities/roles/v1?{query}"), &[BEARER], ""), None)
    };
    assert_eq!(crowdstrike("ids=a&ids=b"), Vec::<String>::new());
    assert_eq!(crowdstrike("cid=x").len(), 2, "a required list, and an id of another form");
}

#[test]
fn the_path_is_below_the_providers_own_base() {
    let slack = |path: &str| said("slack-enterprise", &call("GET", path, &[BEARER], ""), None);
    assert_eq!(slack("/api/auth.test"), Vec::<String>::new());
    assert!(slack("/auth.test")[0].contains("there is no such path"));
    let form = ("content-type", FORM);
    let basic = ("authorization", "Basic eDp5");
    let token = call("POST", "/oauth2/token", &[form, basic], "grant_type=client_credentials&scope=api");
    assert_eq!(said("jumpcloud", &token, None), Vec::<String>::new(), "another host, without the base");
    let current = call("GET", "/api/rest/user/current", &[BEARER], "");
    assert_eq!(said("devicehive", &current, None), Vec::<String>::new(), "the word, not an id");
}

#[test]
fn linked_pages_may_have_any_parameters_where_none_are_known() {
    let page = call("GET", "/v1/users?cursor=x&size=50", &[BEARER], "");
    assert_eq!(said("blackline", &page, None), Vec::<String>::new());
    let removal = call("DELETE", "/v1/users/728/role-products?roleId=1&productId=A&size=50", &[BEARER], "");
    assert!(said("blackline", &removal, None)[0].contains("query.size"));
}

#[test]
fn a_provider_without_a_document_is_a_deviation() {
    assert_eq!(
        said("nobody", &removal(), None),
        ["DELETE /api/v1/users/101/roles/1: provider: there is no document of `nobody`"]
    );
}
