//! Idempotency keys across `kill -9` and a new start.

use futures_util::future::join_all;
use offramp::sandbox::Fault;

use super::*;

const LEASE: (&str, &str) = ("OFFRAMP_IDEMPOTENCY__LEASE_MS", "1500");

impl Folder {
    async fn serve_with_short_lease(&self) -> Server {
        let mut command = self.offramp(&["serve"]);
        command.env(LEASE.0, LEASE.1);
        Server::start(command).await
    }
}

impl Server {
    async fn kill(&mut self) {
        self.child.start_kill().unwrap();
        assert_eq!(self.ended().await, None, "killed, it has no exit code");
    }

    /// Two hundred repeats at once: how many were given again, and the one outcome of all.
    async fn repeats(&self, token: &str, account: &str) -> (usize, String) {
        let client = client();
        let asked = (0..200).map(|_| async {
            let url = format!("{}{UNASSIGN}?integrated_account_id={account}", self.base_url);
            let ask = client.post(url).bearer_auth(token).header("idempotency-key", "k1");
            let answer = ask.body(r#"{"id":"1","roles":[{"id":"7"}]}"#).send().await.unwrap();
            assert_eq!(answer.status(), 200);
            let outcome = answer.headers()["offramp-outcome"].to_str().unwrap().to_owned();
            (answer.headers().contains_key("idempotency-replayed"), outcome, answer.bytes().await.unwrap())
        });
        let answers = join_all(asked).await;
        assert!(answers.iter().all(|(_, _, body)| *body == answers[0].2), "all alike");
        (answers.iter().filter(|(replayed, ..)| *replayed).count(), answers[0].1.clone())
    }
}

fn writes(provider: &SimServer) -> usize {
    provider.journal().iter().filter(|recorded| recorded.call.method == "DELETE").count()
}

#[tokio::test]
async fn an_answer_outlives_the_process_and_two_hundred_repeats_get_it() {
    let provider = provider(0).await;
    let folder = Folder::new();
    let account = folder.add_account(&provider).await;
    let mut server = folder.serve_with_short_lease().await;
    let token = server.shown_token().unwrap();
    assert_eq!(server.repeats(&token, &account).await, (199, "removed".to_owned()));
    assert_eq!(writes(&provider), 1);

    server.kill().await;
    let again = folder.serve_with_short_lease().await;

    assert_eq!(again.repeats(&token, &account).await, (200, "removed".to_owned()));
    assert_eq!(writes(&provider), 1);
}

#[tokio::test]
async fn killed_after_the_write_it_looks_before_it_writes_again() {
    let provider = provider(0).await;
    let folder = Folder::new();
    let account = folder.add_account(&provider).await;
    let mut server = folder.serve_with_short_lease().await;
    let token = server.shown_token().unwrap();
    provider.faults.once("DELETE", "/users/", Fault::Slow(Duration::from_secs(20)));
    let first = tokio::spawn(server.unassign(&token, &account, "").header("idempotency-key", "k1").send());
    timeout(PATIENCE, async {
        while writes(&provider) == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await
    .expect("the removal reaches the provider");

    server.kill().await;
    assert!(first.await.unwrap().is_err(), "nobody was answered");
    let again = folder.serve_with_short_lease().await;

    // The provider shows that the role is not held: nothing is left to write.
    assert_eq!(again.repeats(&token, &account).await, (199, "already_absent".to_owned()));
    assert_eq!(writes(&provider), 1);
}

#[tokio::test]
async fn two_servers_on_one_database_carry_it_out_once() {
    let provider = provider(0).await;
    let folder = Folder::new();
    let account = folder.add_account(&provider).await;
    let one = folder.serve().await;
    let token = one.shown_token().unwrap();
    let two = folder.serve().await;
    provider.faults.once("DELETE", "/users/", Fault::Slow(Duration::from_millis(200)));
    let (left, right) = tokio::join!(one.repeats(&token, &account), two.repeats(&token, &account));
    assert_eq!((left.0 + right.0, writes(&provider)), (399, 1));
}
