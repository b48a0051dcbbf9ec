//! Starting, being changed from outside, stopping and starting again.

use std::os::unix::fs::PermissionsExt;

use offramp::sandbox::Fault;

use super::*;

/// In a release build it is under a tenth of this.
const START_LIMIT: Duration = Duration::from_secs(2);
/// How soon a running server must see what another process did.
const SEEN_WITHIN: Duration = Duration::from_secs(3);

#[tokio::test]
async fn on_an_empty_folder_it_makes_its_key_and_a_token_and_says_what_comes_next() {
    let folder = Folder::new();

    let server = folder.serve().await;

    let said = server.said();
    assert!(said.contains("made data/vault.key (mode 0600)"), "{said}");
    assert!(said.contains(&format!("curl -sS {}/integrated-account ", server.base_url)), "{said}");
    assert!(said.contains(&format!("\"{}{UNASSIGN}?integrated_account_id=", server.base_url)), "{said}");
    let mode = |file: &str| std::fs::metadata(folder.path().join(file)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("data/vault.key"), 0o600);
    assert_eq!(mode("data/offramp.db"), 0o600);
    let accounts = client().get(format!("{}/integrated-account", server.base_url));
    let answer = accounts.bearer_auth(server.shown_token().unwrap()).send().await.unwrap();
    assert_eq!(answer.status(), 200);
}

#[tokio::test]
async fn from_nothing_to_ready_takes_a_moment() {
    let folder = Folder::new();
    let server = folder.serve().await;
    assert!(server.ready().await);
    let took = server.spawned.elapsed();
    assert!(took < START_LIMIT, "{took:?}");
}

#[tokio::test]
async fn a_request_in_flight_finishes_before_it_ends() {
    let provider = provider(0).await;
    let folder = Folder::new();
    let account = folder.add_account(&provider).await;
    let mut server = folder.serve().await;
    let token = server.shown_token().unwrap();
    provider.clear_journal();
    provider.faults.once("DELETE", "/users/", Fault::Slow(Duration::from_millis(800)));

    let request = tokio::spawn(server.unassign(&token, &account, "").send());
    timeout(PATIENCE, async {
        while provider.journal().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await
    .expect("the removal reaches the provider");
    server.terminate().await;

    let answer = request.await.unwrap().unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["offramp-outcome"], "removed");
    assert_eq!(answer.headers()["offramp-verified"], "yes");
    assert_eq!(server.ended().await, Some(0), "{}", server.said());
    assert!(!server.ready().await);
}

#[tokio::test]
async fn started_again_it_knows_its_account_and_its_tokens() {
    let provider = provider(0).await;
    let folder = Folder::new();
    let account = folder.add_account(&provider).await;
    let mut server = folder.serve().await;
    let token = server.shown_token().unwrap();
    server.terminate().await;
    assert_eq!(server.ended().await, Some(0), "{}", server.said());

    let again = folder.serve().await;

    // The administrator's token is shown once only.
    assert_eq!(again.shown_token(), None);
    let answer = again.unassign(&token, &account, "").send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let sent = provider.journal().into_iter().find(|recorded| recorded.call.method == "DELETE").unwrap();
    assert_eq!(sent.call.header("authorization"), Some("Bearer secret"));
}

#[tokio::test]
async fn an_account_and_a_token_made_by_another_process_are_seen() {
    let provider = provider(0).await;
    let folder = Folder::new();
    let server = folder.serve().await;

    let account = folder.add_account(&provider).await;
    let token = folder.create_token().await;

    let started = Instant::now();
    loop {
        let answer = server.unassign(&token, &account, "").send().await.unwrap();
        match answer.status().as_u16() {
            200 => break,
            // The token is not known yet, or the account is not.
            401 | 404 => assert!(started.elapsed() < SEEN_WITHIN, "not seen: {}", answer.status()),
            other => panic!("{other}: {}", answer.text().await.unwrap()),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
