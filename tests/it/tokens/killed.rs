//! The real program, killed: whatever access token was used, the refresh token that came with it is in the vault.

use offramp::credentials::vault::KeyFile;
use offramp::sandbox::Fault;
use offramp::storage::sqlite::SqliteStorage;
use tokio::io::AsyncWriteExt;

use super::*;
use crate::process::{Folder, Server};

const ACCOUNT: &str = "{ id: {}, secret: { secret: true }, refresh: { secret: true } }";
const AUTH: &str = r#"  - scheme: oauth2_refresh_token
    token_url: /token
    client_id: "{{ account.id }}"
    client_secret: "{{ account.secret }}"
    refresh_token: "{{ account.refresh }}"
    keep: { refresh: refresh_token }"#;

struct Place {
    folder: Folder,
    provider: Arc<Provider>,
    server: SimServer,
    account: String,
}

impl Place {
    async fn new() -> Self {
        let script = |call: &Call, known: &mut Known| {
            if form(call)["refresh_token"] != known.refresh {
                return Reply::json(400, &json!({"error": "invalid_grant"}));
            }
            let access = known.issue();
            known.refresh = format!("refresh-token-{}", known.issued);
            Reply::json(200, &json!({"access_token": access, "expires_in": 3600, "refresh_token": known.refresh}))
        };
        let known = Known { refresh: "refresh-token-0".to_owned(), ..Known::default() };
        let provider = Arc::new(Provider { known: Mutex::new(known), script: Box::new(script) });
        let server = SimServer::start(provider.clone()).await.unwrap();
        let folder = Folder::new();
        let connector = folder.path().join("connectors/made-up");
        std::fs::create_dir(&connector).unwrap();
        std::fs::write(connector.join("connector.yaml"), definition(ACCOUNT, AUTH, "")).unwrap();
        let mut child =
            folder.offramp(&["account", "add", "made-up"]).stdin(std::process::Stdio::piped()).spawn().unwrap();
        let context =
            json!({"base_url": server.base_url(), "id": "c", "secret": "the-secret", "refresh": "refresh-token-0"});
        child.stdin.take().unwrap().write_all(context.to_string().as_bytes()).await.unwrap();
        let output = child.wait_with_output().await.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let account = String::from_utf8(output.stdout).unwrap().trim().to_owned();
        Self { folder, provider, server, account }
    }

    /// The number of the refresh token in the vault: that of the access token it came with.
    async fn kept(&self) -> usize {
        let data = self.folder.path().join("data");
        let storage = SqliteStorage::open(&format!("sqlite:{}", data.join("offramp.db").display())).await.unwrap();
        let vault = Vault::new(KeyFile::at(data.join("vault.key")).load().unwrap().unwrap()).unwrap();
        let sealed = storage.account_secrets(&self.account).await.unwrap().unwrap();
        let secrets: Value = serde_json::from_slice(&vault.open(&self.account, &sealed).unwrap()).unwrap();
        storage.close().await;
        number(secrets["refresh"].as_str().unwrap())
    }

    /// The highest number of an access token that was used.
    fn used(&self) -> usize {
        let journal = self.server.journal();
        journal
            .iter()
            .filter_map(|recorded| recorded.call.header("authorization"))
            .map(number)
            .max()
            .unwrap_or_default()
    }

    fn expire(&self) {
        self.provider.known.lock().unwrap().access.clear();
    }
}

fn number(token: &str) -> usize {
    token.rsplit('-').next().unwrap().parse().unwrap()
}

async fn kill(server: &mut Server) {
    server.child.kill().await.unwrap();
}

#[tokio::test]
async fn with_a_new_token_on_its_first_call() {
    let place = Place::new().await;
    let mut server = place.folder.serve().await;
    let token = server.shown_token().unwrap();
    // With a token at hand: that of the check is not kept.
    assert_eq!(server.unassign(&token, &place.account, "").send().await.unwrap().status(), 200);
    for _ in 0..3 {
        place.expire();
        let issued = place.provider.known.lock().unwrap().issued;
        // The call with the old token is refused, the first one with the new token hangs.
        place.server.faults.plant(
            offramp::sandbox::Trigger { method: "DELETE", path: String::new(), skip: 1, times: 1 },
            Fault::HangBefore(Duration::from_secs(20)),
        );
        let request = tokio::spawn(server.unassign(&token, &place.account, "").send());
        let started = std::time::Instant::now();
        while place.used() <= issued {
            assert!(started.elapsed() < Duration::from_secs(10), "{:?}", place.server.journal());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        kill(&mut server).await;
        assert!(request.await.unwrap().is_err());
        place.server.faults.clear();
        assert_eq!(place.kept().await, place.provider.known.lock().unwrap().issued);
        server = place.folder.serve().await;
        let answer = server.unassign(&token, &place.account, "").send().await.unwrap();
        assert_eq!(answer.status(), 200, "{}", server.said());
    }
}

#[tokio::test]
async fn at_any_moment() {
    let place = Place::new().await;
    let mut token = None;
    for round in 0..8_u64 {
        let mut server = place.folder.serve().await;
        let token = token.get_or_insert_with(|| server.shown_token().unwrap()).clone();
        let work = async {
            loop {
                place.expire();
                let all = (0..4).map(|_| server.unassign(&token, &place.account, "").send());
                for answer in futures_util::future::join_all(all).await {
                    assert_ne!(answer.unwrap().status(), 500);
                }
            }
        };
        // Not twice at the same place.
        let _ = tokio::time::timeout(Duration::from_millis(150 + round * 37), work).await;
        kill(&mut server).await;
        let kept = place.kept().await;
        assert!(place.used() <= kept, "used {}, kept {kept}", place.used());
        // One that was answered and not kept was never used. The provider would refuse the one before, by its own rule:
        // here it does not, so that there is a next round.
        place.provider.known.lock().unwrap().refresh = format!("refresh-token-{kept}");
    }
    assert!(place.used() > 8, "{}", place.used());
}
