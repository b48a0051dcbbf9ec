//! Bad days of network and provider, planted in front of the simulator.

use std::time::Duration;

use offramp::sandbox::{Fault, Reply, Trigger};
use reqwest::Method;

use super::{Site, read};

const ROLE_2_OF_102: &str = "/api/v1/users/102/roles/2";

#[tokio::test]
async fn a_planted_204_without_effect_is_told_apart_by_the_read() {
    let site = Site::open().await;
    let lie = Fault::Answer(Reply::empty(204));
    site.server.faults.once("DELETE", "/roles/", lie);
    assert_eq!(site.unassign(102, 2).await.status, 204);
    assert_eq!(site.shown_roles(102).await, [1, 2, 3]);
    assert!(site.tenant.unassignments().is_empty());
}

#[tokio::test]
async fn a_401_in_the_middle_of_a_run_meets_only_the_call_it_is_planted_for() {
    let site = Site::open().await;
    let trigger = Trigger { method: "DELETE", path: "/api/v1/".to_owned(), skip: 1, times: 1 };
    site.server.faults.plant(trigger, Fault::Answer(Reply::empty(401)));
    assert_eq!(site.unassign(102, 1).await.status, 204);
    assert_eq!(site.unassign(102, 2).await.status, 401);
    assert!(site.tenant.holds(102, 2));
    assert_eq!(site.unassign(102, 2).await.status, 204);
}

#[tokio::test]
async fn a_429_takes_nothing() {
    let site = Site::open().await;
    let slower = Reply::empty(429).with_header("retry-after", "7");
    site.server.faults.once("DELETE", "/roles/", Fault::Answer(slower));
    let answer = site.unassign(102, 2).await;
    assert_eq!((answer.status, answer.header("retry-after")), (429, Some("7")));
    assert!(site.tenant.holds(102, 2));
}

#[tokio::test]
async fn a_502_may_hide_a_removal_that_happened() {
    let site = Site::open().await;
    let page = Reply::text(502, "Bad Gateway");
    site.server.faults.once("DELETE", "/roles/", Fault::ActThenAnswer(page.clone()));
    assert_eq!(site.unassign(102, 2).await.status, 502);
    assert_eq!(site.shown_roles(102).await, [1, 3]);

    site.server.faults.once("DELETE", "/roles/", Fault::Answer(page));
    assert_eq!(site.unassign(102, 3).await.status, 502);
    assert_eq!(site.shown_roles(102).await, [1, 3]);
}

#[tokio::test]
async fn a_time_out_may_hide_a_removal_that_happened() {
    let site = Site::open().await;
    let token = site.token().await;
    let silence = Duration::from_secs(5);
    for (fault, held_after) in [(Fault::HangBefore(silence), true), (Fault::HangAfter(silence), false)] {
        site.server.faults.once("DELETE", "/roles/", fault);
        let request = site
            .request(Method::DELETE, ROLE_2_OF_102)
            .bearer_auth(&token)
            .header("content-type", "application/json")
            .timeout(Duration::from_millis(300));
        assert!(request.send().await.unwrap_err().is_timeout());
        assert_eq!(site.tenant.holds(102, 2), held_after);
    }
}

#[tokio::test]
async fn a_wrong_tenant_answers_every_address_with_an_html_404() {
    let site = Site::open().await;
    let token = site.token().await;
    site.tenant.settings(|s| s.wrong_tenant = true);
    for (method, path) in [
        (Method::DELETE, ROLE_2_OF_102),
        (Method::GET, "/api/v1/users/102"),
        (Method::GET, "/api/v1/roles/2"),
        (Method::POST, "/connect/token"),
    ] {
        let answer = read(site.request(method, path).bearer_auth(&token)).await;
        assert_eq!(answer.status, 404, "{path}");
        assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
        assert_eq!(
            answer.body,
            "<!DOCTYPE html>\n<html><head><title>404</title></head>\
             <body><h1>404</h1><p>There is no tenant at this address.</p></body></html>\n"
        );
    }
    assert!(site.tenant.holds(102, 2));
}
