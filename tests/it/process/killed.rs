//! `kill -9` in the middle of load: whatever was sent has an intent, and what was left open is settled as it is.

use std::collections::{BTreeMap, BTreeSet};
use std::time::SystemTime;

use futures_util::{StreamExt, stream};
use offramp::sandbox::Fault;

use super::*;

const USERS: usize = 240;
const AT_ONCE: usize = 24;
/// The process is killed once so many removals were done.
const KILLED_AFTER: usize = 60;

/// A provider at which every user holds role 7 until it is taken away, and when that was.
#[derive(Default)]
struct Holding {
    gone: Mutex<BTreeMap<String, SystemTime>>,
}

impl Holding {
    fn gone(&self) -> BTreeMap<String, SystemTime> {
        self.gone.lock().unwrap().clone()
    }
}

impl Simulator for Holding {
    fn slug(&self) -> &'static str {
        "plain"
    }

    fn handle(&self, call: &Call) -> Reply {
        let user = call.segments().get(1).map(|user| (*user).to_owned()).unwrap_or_default();
        let mut gone = self.gone.lock().unwrap();
        if call.method == "DELETE" {
            gone.entry(user).or_insert_with(SystemTime::now);
            return Reply::json(200, &json!({}));
        }
        let roles = if gone.contains_key(&user) { json!([]) } else { json!([{"id": "7"}]) };
        Reply::json(200, &json!({"id": user, "roles": roles}))
    }

    fn memberships(&self) -> BTreeSet<String> {
        BTreeSet::new()
    }

    fn demo(&self) -> Demo {
        Demo { context: Json::Null, query: Vec::new(), body: Json::Null }
    }
}

impl Folder {
    async fn audit(&self, arguments: &[&str]) -> (bool, String) {
        let output = finished(self.offramp(&[&["audit"], arguments].concat())).await;
        (output.status.success(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_under_load_it_has_sent_nothing_without_an_intent_and_every_intent_is_settled() {
    let holding = Arc::new(Holding::default());
    let provider = SimServer::start(Arc::clone(&holding) as Arc<dyn Simulator>).await.unwrap();
    let folder = Folder::new();
    let account = folder.add_account(&provider).await;
    // Half of the removals are done at once and answered late, the others never arrive.
    let slow = Duration::from_millis(40);
    provider.faults.always("DELETE", "/users/1", Fault::Slow(slow));
    provider.faults.always("DELETE", "/users/2", Fault::HangBefore(slow));

    let mut server = folder.serve().await;
    let token = server.shown_token().unwrap();
    let (url, users) = (format!("{}{UNASSIGN}?integrated_account_id={account}&verify=once", server.base_url), users());
    let load = tokio::spawn(async move {
        let asked = users.into_iter().map(|user| {
            let ask = client().post(&url).bearer_auth(&token);
            ask.body(json!({"id": user, "roles": [{"id": "7"}]}).to_string()).send()
        });
        stream::iter(asked).buffer_unordered(AT_ONCE).filter(|answer| std::future::ready(answer.is_ok())).count().await
    });
    timeout(PATIENCE, async {
        while holding.gone().len() < KILLED_AFTER {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
    .await
    .expect("the load reaches the provider");
    server.child.start_kill().unwrap();
    assert_eq!(server.ended().await, None, "killed, it has no exit code");
    let answered = load.await.unwrap();
    assert!(answered < USERS, "it was killed when all was over");
    provider.faults.clear();
    // What had left has arrived.
    tokio::time::sleep(2 * slow).await;

    let again = folder.serve().await;
    assert!(again.ready().await);
    let (good, said) = folder.audit(&["verify"]).await;
    assert!(good, "{said}");
    let (_, open) = folder.audit(&["open"]).await;
    assert!(!open.trim().is_empty(), "nothing was in flight when it was killed");
    let gone = holding.gone();
    let (good, said) = folder.audit(&["settle", "--older-than-s", "0"]).await;
    assert!(good && said.contains(" settled, 0 still unknown"), "{said}");
    assert_eq!(holding.gone(), gone, "it only reads");
    let (_, open) = folder.audit(&["open"]).await;
    assert_eq!(open.trim(), "");
    let (good, said) = folder.audit(&["verify"]).await;
    assert!(good, "{said}");
    let (_, lines) = folder.audit(&["export"]).await;
    let entries: Vec<Json> = lines.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    every_loss_has_its_intent(&entries, &gone);
    every_end_is_as_it_is(&entries, &gone);
}

/// Half of them begin with 1, the others with 2.
fn users() -> Vec<String> {
    (0..USERS).map(|number| format!("{}{number:03}", 1 + number % 2)).collect()
}

fn every_loss_has_its_intent(entries: &[Json], gone: &BTreeMap<String, SystemTime>) {
    assert!(gone.len() >= KILLED_AFTER);
    for (user, when) in gone {
        let intent = entries.iter().find(|entry| entry["kind"] == "intent" && entry["user"] == user.as_str());
        let intent = intent.unwrap_or_else(|| panic!("user {user} lost the role without an intent"));
        let recorded: jiff::Timestamp = intent["at"].as_str().unwrap().parse().unwrap();
        assert!(SystemTime::from(recorded) <= *when, "user {user}: {recorded} is later than {when:?}");
        assert_eq!(intent["roles"][0]["id"], "7");
    }
}

fn every_end_is_as_it_is(entries: &[Json], gone: &BTreeMap<String, SystemTime>) {
    let intents = entries.iter().filter(|entry| entry["kind"] == "intent");
    let mut settled = 0;
    for intent in intents {
        let of_it = |entry: &&Json| entry["request_id"] == intent["request_id"] && entry["kind"] != "intent";
        let ends: Vec<&Json> = entries.iter().filter(of_it).collect();
        let user = intent["user"].as_str().unwrap();
        let end = ends.last().unwrap_or_else(|| panic!("user {user}: the intent has no end"));
        match end["outcome"].as_str().unwrap() {
            "removed" => assert!(gone.contains_key(user), "user {user} is said to have lost the role"),
            "failed" => assert!(!gone.contains_key(user), "user {user} is said to have kept the role"),
            "unknown" => assert_eq!(end["kind"], "result", "user {user}: settled as unknown"),
            other => panic!("user {user}: {other}"),
        }
        settled += usize::from(end["kind"] == "settled");
    }
    assert!(settled > 0);
}
