//! Tokens that the command line makes, lists and revokes while a server runs.

use super::*;

/// A second, and what a busy machine adds to it.
const REVOKED_WITHIN: Duration = Duration::from_millis(1500);

/// What it prints, once it has ended well.
async fn printed(command: Command) -> String {
    let output = finished(command).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

async fn status(server: &Server, token: &str) -> u16 {
    let accounts = client().get(format!("{}/integrated-account", server.base_url)).bearer_auth(token);
    accounts.send().await.unwrap().status().as_u16()
}

/// Waits until the server answers so.
async fn until(server: &Server, token: &str, wanted: u16) -> Duration {
    let started = Instant::now();
    while status(server, token).await != wanted {
        assert!(started.elapsed() < PATIENCE, "never {wanted}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    started.elapsed()
}

#[tokio::test]
async fn a_token_revoked_by_another_process_lets_nobody_in_within_a_second() {
    let folder = Folder::new();
    let server = folder.serve().await;
    let create = ["token", "create", "--name", "ops team", "--scope", "admin", "--expires-in", "90d"];
    let token = printed(folder.offramp(&create)).await.trim().to_owned();
    until(&server, &token, 200).await;
    let list = printed(folder.offramp(&["token", "list"])).await;
    let row = list.lines().find(|line| line.contains("ops team")).unwrap_or_else(|| panic!("{list}"));
    assert!(row.contains(" admin ") && row.contains(" default "), "{row}");
    assert!(!list.contains(&token) && !list.contains("ofr_"), "{list}");
    let id = row.split_whitespace().next().unwrap();

    printed(folder.offramp(&["token", "revoke", id])).await;

    let took = until(&server, &token, 401).await;
    assert!(took < REVOKED_WITHIN, "{took:?}");
    assert!(!printed(folder.offramp(&["token", "list"])).await.contains("ops team"));
}

#[tokio::test]
async fn the_last_administrator_is_not_revoked_and_a_length_that_is_none_is_refused() {
    let folder = Folder::new();
    let server = folder.serve().await;
    let list = printed(folder.offramp(&["token", "list", "--environment", "default"])).await;
    let id = list.lines().nth(1).unwrap().split_whitespace().next().unwrap();

    let output = finished(folder.offramp(&["token", "revoke", id])).await;

    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("make another first"), "{said}");
    assert_eq!(status(&server, &server.shown_token().unwrap()).await, 200);
    for wrong in ["soon", "-5m", "1mo", "0s"] {
        let expiry = format!("--expires-in={wrong}");
        let output = finished(folder.offramp(&["token", "create", "--name", "x", &expiry])).await;
        assert!(!output.status.success(), "{wrong}");
    }
    assert_eq!(printed(folder.offramp(&["token", "list"])).await.lines().count(), 2);
}
