//! Calls no decent client makes: the simulator answers each of them, and changes nothing.

use bytes::Bytes;
use offramp::sandbox::jumpcloud::{JumpCloud, seed};
use offramp::sandbox::{Call, Clock, ReplyBody, Simulator as _};

use super::{Bench, admin, members, remove, user};

const NOT_FOUND: &str = r#"{"code":404,"message":"Not Found","status":"Not Found"}"#;

/// Straight to the simulator, past every client that would tidy the path up.
fn raw(sim: &JumpCloud, method: &str, path: &str, body: &[u8]) -> (u16, String) {
    let headers = [("x-api-key", seed::API_KEY), ("content-type", "application/json")];
    let reply = sim.handle(&Call {
        method: method.to_owned(),
        path: path.to_owned(),
        query: String::new(),
        headers: headers.map(|(n, v)| (n.to_owned(), v.to_owned())).into(),
        body: Bytes::copy_from_slice(body),
    });
    let ReplyBody::Bytes(body) = reply.body else {
        panic!("a simulator of JSON sends no filler");
    };
    (reply.status, String::from_utf8(body.to_vec()).unwrap())
}

#[test]
fn paths_that_are_none_of_the_api_are_404() {
    let sim = JumpCloud::new(Clock::default());
    let before = sim.memberships();
    let jane = seed::JANE_ADMIN;
    for path in [
        "",
        "/",
        "*",
        "/api",
        "/api/",
        "/api/users/",
        "/v2/roles",
        "/api/v3/roles",
        "/api/users/..",
        "/api/users/%2e%2e",
        "/api/users/%",
        "/api/users/%zz",
        "/api/users/%ff%fe",
        &format!("/api/users/{jane}/"),
        &format!("/api/users/{jane}/roles"),
        &format!("//api/users/{jane}"),
        &format!("/api/systemusers/../users/{jane}"),
        &format!("/api/systemusers/..%2Fusers%2F{jane}"),
        &format!("/API/users/{jane}"),
    ] {
        for method in ["GET", "PUT", "DELETE", "POST"] {
            let answer = raw(&sim, method, path, b"{}");
            assert_eq!(answer, (404, NOT_FOUND.to_owned()), "{method} {path:?}");
        }
    }
    assert_eq!(sim.memberships(), before);
}

#[test]
fn ids_are_percent_decoded_exactly_once() {
    let sim = JumpCloud::new(Clock::default());
    // %35 is the 5 the id begins with; %2535 is a percent sign and 35.
    let once = format!("/api/users/%35{}", &seed::JANE_ADMIN[1..]);
    let twice = format!("/api/users/%2535{}", &seed::JANE_ADMIN[1..]);
    assert_eq!(raw(&sim, "GET", &once, b"").0, 200);
    assert_eq!(raw(&sim, "GET", &twice, b"").0, 404);
}

#[test]
fn methods_the_api_does_not_have_are_404() {
    let sim = JumpCloud::new(Clock::default());
    let before = sim.memberships();
    for (method, path) in [
        ("PATCH", admin(seed::JANE_ADMIN)),
        ("POST", admin(seed::JANE_ADMIN)),
        ("get", admin(seed::JANE_ADMIN)),
        ("DELETE", members(seed::ENGINEERING)),
        ("PUT", members(seed::ENGINEERING)),
        ("DELETE", "/api/users".to_owned()),
        ("GET", "/oauth2/token".to_owned()),
        ("GET", "/api/search/systemusers".to_owned()),
    ] {
        assert_eq!(raw(&sim, method, &path, b"{}").0, 404, "{method} {path}");
    }
    assert_eq!(sim.memberships(), before);
}

#[test]
fn bodies_that_are_no_json_object_are_400() {
    let sim = JumpCloud::new(Clock::default());
    let before = sim.memberships();
    let deep = "[".repeat(100_000);
    let deep_object = r#"{"roleNames":"#.repeat(10_000);
    let bodies: [&[u8]; 9] = [
        b"{",
        b"null",
        b"[]",
        b"7",
        b"\"x\"",
        b"\xff\xfe",
        b"{\"roleNames\":[\"\xff\"]}",
        deep.as_bytes(),
        deep_object.as_bytes(),
    ];
    for body in bodies {
        assert_eq!(raw(&sim, "PUT", &admin(seed::JANE_ADMIN), body).0, 400);
        assert_eq!(raw(&sim, "POST", &members(seed::ENGINEERING), body).0, 400);
        assert_eq!(raw(&sim, "POST", "/api/search/systemusers", body).0, 400);
        assert_eq!(raw(&sim, "POST", "/api/users", body).0, 400);
    }
    assert_eq!(sim.memberships(), before);
}

#[tokio::test]
async fn ids_of_ten_kilobytes_are_404() {
    let bench = Bench::new().await;
    let long = "5".repeat(10 << 10);
    bench.get(&user(&long)).await.is(404, NOT_FOUND);
    bench.get(&admin(&long)).await.is(404, NOT_FOUND);
    bench.delete(&admin(&long)).await.is(404, NOT_FOUND);
    bench.post(&members(seed::ENGINEERING), &remove(&long)).await.is(404, NOT_FOUND);
    let role = format!(r#"{{"roleNames":["{long}"]}}"#);
    assert_eq!(bench.put(&admin(seed::JANE_ADMIN), &role).await.status, 400);
}

#[tokio::test]
async fn a_body_that_is_not_called_json_is_415() {
    let bench = Bench::new().await;
    let body = r#"{"roleNames":["Read Only"]}"#;
    for content_type in ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", ""] {
        let answer = bench.call("PUT", &admin(seed::JANE_ADMIN), Some((content_type, body))).await;
        assert_eq!(answer.status, 415, "{content_type}");
    }
    assert_eq!(bench.sim.role_names(seed::JANE_ADMIN).unwrap().len(), 2);
    let utf8 = Some(("application/json; charset=utf-8", body));
    assert_eq!(bench.call("PUT", &admin(seed::JANE_ADMIN), utf8).await.status, 200);
}

#[tokio::test]
async fn a_client_that_takes_no_json_is_406() {
    let bench = Bench::new().await;
    let key = ("x-api-key", seed::API_KEY);
    let bench = bench.sending(&[key, ("accept", "text/html")]);
    let answer = bench.delete(&admin(seed::JANE_ADMIN)).await;
    answer.is(406, r#"{"code":406,"message":"Not Acceptable","status":"Not Acceptable"}"#);
    assert!(bench.sim.role_names(seed::JANE_ADMIN).is_some());
    for accept in ["application/json", "text/html, */*;q=0.1", "application/json;charset=utf-8"] {
        let bench = Bench::new().await.sending(&[key, ("accept", accept)]);
        assert_eq!(bench.get(&admin(seed::JANE_ADMIN)).await.status, 200, "{accept}");
    }
}

#[tokio::test]
async fn queries_full_of_garbage_are_answered() {
    let bench = Bench::new().await;
    for query in
        ["%", "%ff=%fe", "&&==&", "limit", "filter", "filter=:::", "filter=%24", "sort=-", "sort=a.b.c", "fields=%20"]
    {
        for path in ["/api/systemusers", "/api/users", "/api/v2/usergroups", "/api/v2/roles", "/api/organizations"] {
            let status = bench.get(&format!("{path}?{query}")).await.status;
            assert!([200, 400].contains(&status), "{path}?{query}: {status}");
        }
    }
}
