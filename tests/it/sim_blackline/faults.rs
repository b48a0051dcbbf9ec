//! Bad days of network and provider: limits, errors in every form, and answers lost after the write.

use std::time::Duration;

use offramp::sandbox::blackline::ErrorForm;
use offramp::sandbox::blackline::seed::ALICE;
use offramp::sandbox::{Fault, Simulator as _};
use reqwest::Method;

use super::{Site, read};

const PATH: &str = "/v1/users/728/role-products?roleId=1&productId=A";

#[tokio::test]
async fn beyond_the_limit_is_429_without_a_header_that_says_when() {
    let site = Site::with(|s| s.calls_per_minute = Some(2)).await;
    let token = site.token().await;
    for _ in 0..2 {
        assert_eq!(read(site.request(Method::GET, "/v1/users").bearer_auth(&token)).await.status, 200);
    }
    let answer = read(site.request(Method::DELETE, PATH).bearer_auth(&token)).await;
    assert_eq!(answer.said(), (429, r#"{"message":"Too Many Requests"}"#));
    let mut names: Vec<_> = answer.headers.keys().map(reqwest::header::HeaderName::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["content-length", "content-type", "date"]);
    assert!(site.tenant.holds(ALICE, 1, "A"));
    site.clock.advance(Duration::from_secs(60));
    assert_eq!(read(site.request(Method::DELETE, PATH).bearer_auth(&token)).await.status, 204);
}

#[tokio::test]
async fn errors_may_be_json_text_a_page_or_nothing() {
    let site = Site::open().await;
    for (form, content_type, body) in [
        (ErrorForm::Json, Some("application/json; charset=utf-8"), r#"{"message":"Not Found"}"#),
        (ErrorForm::Text, Some("text/plain; charset=utf-8"), "Not Found"),
        (
            ErrorForm::Html,
            Some("text/html; charset=utf-8"),
            "<!DOCTYPE html>\n<html><head><title>404</title></head><body><h1>404</h1><p>Not Found</p></body></html>\n",
        ),
        (ErrorForm::Empty, None, ""),
    ] {
        site.tenant.settings(|s| s.error_form = form);
        let answer = site.remove(4711, 1, "A").await;
        assert_eq!((answer.said(), answer.header("content-type")), ((404, body), content_type), "{form:?}");
    }
}

#[tokio::test]
async fn a_conflict_changes_nothing() {
    let site = Site::open().await;
    let before = site.tenant.memberships();
    let conflict = site.tenant.error(409, "The role is in use.");
    site.server.faults.once("DELETE", "/role-products", Fault::Answer(conflict));
    assert_eq!(site.remove(ALICE, 1, "A").await.said(), (409, r#"{"message":"The role is in use."}"#));
    assert_eq!(site.tenant.memberships(), before);
}

#[tokio::test]
async fn an_error_page_of_5xx_may_hide_a_removal_that_happened() {
    let site = Site::with(|s| s.error_form = ErrorForm::Html).await;
    for status in [500, 502, 503, 504] {
        site.tenant.assign(ALICE, 1, "A");
        let page = site.tenant.error(status, "Please try again later.");
        site.server.faults.once("DELETE", "/role-products", Fault::ActThenAnswer(page));
        let answer = site.remove(ALICE, 1, "A").await;
        assert_eq!((answer.status, answer.header("content-type")), (status, Some("text/html; charset=utf-8")));
        assert!(!site.tenant.holds(ALICE, 1, "A"));
    }
    site.tenant.assign(ALICE, 1, "A");
    let page = site.tenant.error(500, "Please try again later.");
    site.server.faults.once("DELETE", "/role-products", Fault::Answer(page));
    assert_eq!(site.remove(ALICE, 1, "A").await.status, 500);
    assert!(site.tenant.holds(ALICE, 1, "A"));
}

#[tokio::test]
async fn a_time_out_may_hide_a_removal_that_happened() {
    let site = Site::open().await;
    let token = site.token().await;
    let silence = Duration::from_secs(5);
    for (fault, held_after) in [(Fault::HangBefore(silence), true), (Fault::HangAfter(silence), false)] {
        site.server.faults.once("DELETE", "/role-products", fault);
        let request = site.request(Method::DELETE, PATH).bearer_auth(&token).timeout(Duration::from_millis(300));
        assert!(request.send().await.unwrap_err().is_timeout());
        assert_eq!(site.tenant.holds(ALICE, 1, "A"), held_after);
    }
}
