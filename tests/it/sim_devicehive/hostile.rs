//! Ids that are none, and paths that try to be others.

use offramp::sandbox::Simulator;
use reqwest::Method;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Site, unassign};

/// Sends the request target as it is, which a URL library would tidy up first; gives the status.
async fn raw(site: &Site, method: &str, target: &str) -> u16 {
    let (access, _) = site.hive.tokens(1, None).unwrap();
    let head = format!(
        "{method} {target} HTTP/1.1\r\nhost: sim\r\nauthorization: Bearer {access}\r\n\
         content-length: 0\r\nconnection: close\r\n\r\n"
    );
    let mut stream = TcpStream::connect(site.server.address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer.split(' ').nth(1).unwrap().parse().unwrap()
}

#[tokio::test]
async fn ids_of_a_path_that_are_no_whole_numbers_are_no_endpoint() {
    let site = Site::open().await;
    let before = site.hive.memberships();
    for (user, network) in [
        ("42.0", "7"),
        ("4e1", "7"),
        ("+42", "7"),
        ("0x2a", "7"),
        ("%2042", "7"),
        ("42%20", "7"),
        ("42", "seven"),
        ("42", ""),
        ("", "7"),
        ("42", "7%00"),
        ("42", "9223372036854775808"),
        ("%D9%A4%D9%A2", "7"),
        ("42", "7;8"),
        ("42,43", "7"),
        ("42", "%ff"),
        ("alice", "7"),
        ("current", "7"),
    ] {
        let path = format!("/api/rest/user/{user}/network/{network}");
        assert_eq!(raw(&site, "DELETE", &path).await, 404, "{path}");
    }
    assert_eq!(site.hive.memberships(), before);
}

#[tokio::test]
async fn paths_are_decoded_once_and_one_segment_at_a_time() {
    let site = Site::open().await;
    for path in [
        "/api/rest/user/42/network/7/",
        "//api/rest/user/42/network/7",
        "/api/rest/user/42%2Fnetwork%2F7",
        "/api/rest/user/43/../42/network/7",
        "/api/rest/user/43/%2e%2e/42/network/7",
        "/api/rest/user/%2534%2532/network/7",
        "/api/rest/users/42/network/7",
        "/api/rest/USER/42/network/7",
        "/user/42/network/7",
        "/",
    ] {
        assert_eq!(raw(&site, "DELETE", path).await, 404, "{path}");
    }
    assert!(site.hive.holds(42, 7));
    assert_eq!(raw(&site, "DELETE", "/api/rest/user/%34%32/network/%37").await, 204);
    assert!(!site.hive.holds(42, 7));
}

#[tokio::test]
async fn leading_zeros_are_the_same_number() {
    let site = Site::open().await;
    assert_eq!(site.call(Method::DELETE, "/api/rest/user/0042/network/07").await.status, 204);
    assert!(!site.hive.holds(42, 7));
}

#[tokio::test]
async fn a_body_or_a_query_does_not_change_whose_membership_is_taken() {
    let site = Site::open().await;
    let before = site.hive.memberships();
    let (access, _) = site.hive.tokens(1, None).unwrap();
    let request = site
        .request(Method::DELETE, "/api/rest/user/42/network/7?userId=43&networkId=8")
        .bearer_auth(access)
        .header("content-type", "application/json")
        .body(r#"{"userId":43,"networkId":8}"#);
    assert_eq!(super::read(request).await.status, 204);
    assert_eq!(site.lost(&before), ["user 42 is in network 7"]);
}

#[tokio::test]
async fn a_member_given_twice_counts_as_its_last() {
    let site = Site::open().await;
    let mut client = site.client().await;
    let before = site.hive.memberships();
    client.publish(r#"{"action":"user/unassignNetwork","userId":43,"userId":42,"networkId":8,"networkId":7}"#).await;
    assert!(client.message().await.payload.contains("success"));
    assert_eq!(site.lost(&before), ["user 42 is in network 7"]);
}

#[tokio::test]
async fn members_that_are_not_the_actions_own_are_ignored() {
    let site = Site::open().await;
    let mut client = site.client().await;
    let before = site.hive.memberships();
    let mut request = unassign(42, 7);
    request["networkIds"] = serde_json::json!([1, 9]);
    request["role"] = serde_json::json!(0);
    assert!(client.ask(request).await.contains("success"));
    assert_eq!(site.lost(&before), ["user 42 is in network 7"]);
}
