//! `offramp vault` beside a gateway that serves.

use crate::process::{Folder, Server, finished, provider};
use std::process::Output;

use super::*;

async fn run(folder: &Folder, arguments: &[&str]) -> Output {
    finished(folder.offramp(arguments)).await
}

/// What it wrote on standard output; it must have ended well.
async fn says(folder: &Folder, arguments: &[&str]) -> String {
    let output = run(folder, arguments).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The rows of `offramp vault status`: key, state, accounts.
async fn status(folder: &Folder) -> Vec<[String; 3]> {
    let table = says(folder, &["vault", "status"]).await;
    let rows = table.lines().skip(1).map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (first, last) = (words[0].to_owned(), words[words.len() - 1].to_owned());
        [first, words[1..words.len() - 1].join(" "), last]
    });
    rows.collect()
}

fn key_file(folder: &Folder) -> KeyFile {
    KeyFile::at(folder.path().join("data/vault.key"))
}

async fn serves(server: &Server, token: &str, account: &str) {
    let answer = server.unassign(token, account, "").send().await.unwrap();
    assert_eq!(answer.status(), 200, "{}\n{}", answer.text().await.unwrap(), server.said());
}

#[tokio::test]
async fn a_key_is_replaced_and_the_old_one_dropped_while_requests_are_served() {
    let provider = provider(2).await;
    let folder = Folder::new();
    let account = folder.add_account(&provider).await;
    let mut server = folder.serve().await;
    let token = server.shown_token().unwrap();
    let old = key_file(&folder).load().unwrap().unwrap().ids()[0];

    let commands = async {
        let said = says(&folder, &["vault", "rotate"]).await;
        let keys = key_file(&folder).load().unwrap().unwrap().ids();
        assert_eq!((keys.len(), keys[1]), (2, old));
        assert!(said.contains(&keys[0].to_string()) && said.contains("sealed 1 account anew"), "{said}");
        let (new, old) = (keys[0].to_string(), old.to_string());
        let rows = status(&folder).await;
        assert_eq!(
            rows,
            [[new.as_str(), "in use", "1"], [old.as_str(), "at hand", "0"]].map(|row| row.map(str::to_owned))
        );
        // An account that is connected by the server from now on is under the new key.
        let context = serde_json::json!({"base_url": provider.base_url(), "token": "secret"});
        let body = serde_json::json!({"integration": "plain", "context": context}).to_string();
        let url = format!("{}/integrated-account", server.base_url);
        let answer = crate::process::client().post(url).bearer_auth(&token).body(body).send().await.unwrap();
        assert_eq!(answer.status(), 201);
        assert_eq!(status(&folder).await[0], [new.as_str(), "in use", "2"].map(str::to_owned));
        let said = says(&folder, &["vault", "prune"]).await;
        assert!(said.contains(&format!("dropped key {old}")), "{said}");
        assert_eq!(status(&folder).await, [[new.as_str(), "in use", "2"].map(str::to_owned)]);
    };
    let requests = async {
        loop {
            serves(&server, &token, &account).await;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::select! {
        () = commands => {}
        () = requests => {}
    }
    serves(&server, &token, &account).await;
    server.terminate().await;
    assert_eq!(server.ended().await, Some(0), "{}", server.said());
    let said = server.said();
    assert!(!said.contains("ERROR") && !said.contains("WARN"), "{said}");
    let again = folder.serve().await;
    serves(&again, &token, &account).await;
}

#[tokio::test]
async fn a_rotation_that_is_killed_leaves_everything_openable() {
    let provider = provider(2).await;
    let folder = Folder::new();
    let account = folder.add_account(&provider).await;
    let server = folder.serve().await;
    let token = server.shown_token().unwrap();
    for after_ms in [5, 15, 25, 35, 60, 500, 1100] {
        let mut child = folder.offramp(&["vault", "rotate"]).spawn().unwrap();
        tokio::time::sleep(Duration::from_millis(after_ms)).await;
        child.kill().await.unwrap();
        let missing = status(&folder).await.into_iter().find(|[_, state, _]| state == "missing");
        assert_eq!(missing, None, "killed after {after_ms} ms");
        serves(&server, &token, &account).await;
        let again = folder.serve().await;
        serves(&again, &token, &account).await;
    }
    says(&folder, &["vault", "rotate"]).await;
    says(&folder, &["vault", "prune"]).await;
    assert_eq!(status(&folder).await.len(), 1);
    serves(&server, &token, &account).await;
}

#[tokio::test]
async fn with_the_keys_in_the_environment_it_says_what_comes_next() {
    let provider = provider(2).await;
    let folder = Folder::new();
    folder.add_account(&provider).await;
    let old = fs::read_to_string(key_file(&folder).path()).unwrap();
    fs::remove_file(key_file(&folder).path()).unwrap();
    let with = |keys: String, arguments: &'static [&'static str]| {
        let mut command = folder.offramp(arguments);
        command.env("OFFRAMP_VAULT_KEY", keys);
        finished(command)
    };
    let said = |output: &Output| {
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        format!("{out}{err}")
    };
    let only = with(old.clone(), &["vault", "rotate"]).await;
    assert!(only.status.success() && said(&only).contains("OFFRAMP_VAULT_KEY=new,old"), "{}", said(&only));
    let both = with(format!("{},{old}", text(5)), &["vault", "rotate"]).await;
    assert!(both.status.success() && said(&both).contains("sealed 1 account anew"), "{}", said(&both));
    let status = with(format!("{},{old}", text(5)), &["vault", "status"]).await;
    assert!(said(&status).contains(&id(5).to_string()), "{}", said(&status));
    let prune = with(format!("{},{old}", text(5)), &["vault", "prune"]).await;
    assert!(!prune.status.success() && said(&prune).contains("OFFRAMP_VAULT_KEY"), "{}", said(&prune));
    let alone = with(text(5), &["account", "list"]).await;
    assert!(alone.status.success(), "{}", said(&alone));
    assert!(!key_file(&folder).path().exists());
}

#[tokio::test]
async fn without_its_key_it_does_not_start_and_says_which_one_and_where() {
    let provider = provider(2).await;
    let folder = Folder::new();
    folder.add_account(&provider).await;
    let used = key_file(&folder).load().unwrap().unwrap().ids()[0].to_string();
    let aside = folder.path().join("data/aside");
    fs::rename(key_file(&folder).path(), &aside).unwrap();
    for arguments in [&["serve"][..], &["account", "list"]] {
        let output = run(&folder, arguments).await;
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{said}");
        for part in
            ["data/vault.key", &used, "1 account ", "OFFRAMP_VAULT_KEY", "vault_key_file", "offramp vault status"]
        {
            assert!(said.contains(part), "no {part:?} in: {said}");
        }
        assert!(!key_file(&folder).path().exists(), "a new key would hide that the right one is gone");
    }
    let status = run(&folder, &["vault", "status"]).await;
    let said = String::from_utf8(status.stdout).unwrap();
    assert!(status.status.code() == Some(1) && said.contains(&used) && said.contains("missing"), "{said}");
    // The wrong key, in the file and in the environment.
    key_file(&folder).load_or_create().unwrap();
    let wrong = key_file(&folder).load().unwrap().unwrap().ids()[0].to_string();
    for (key, at_hand) in [(None, wrong), (Some(text(5)), id(5).to_string())] {
        let mut command = folder.offramp(&["serve"]);
        command.envs(key.map(|key| ("OFFRAMP_VAULT_KEY", key)));
        let output = finished(command).await;
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{said}");
        for part in [used.as_str(), &at_hand, "OFFRAMP_VAULT_KEY", "vault_key_file"] {
            assert!(said.contains(part), "no {part:?} in: {said}");
        }
    }
    // Put back, behind the other one.
    let both = fs::read_to_string(key_file(&folder).path()).unwrap() + &fs::read_to_string(&aside).unwrap();
    fs::write(key_file(&folder).path(), both).unwrap();
    folder.serve().await;
}

#[tokio::test]
async fn a_key_that_is_missing_while_it_serves_costs_that_account_alone() {
    let provider = provider(2).await;
    let folder = Folder::new();
    let account = folder.add_account(&provider).await;
    let server = folder.serve().await;
    let token = server.shown_token().unwrap();
    let other = {
        let url = format!("sqlite:{}", folder.path().join("data/offramp.db").display());
        let storage = SqliteStorage::open(&url).await.unwrap();
        let mut record = storage.accounts().await.unwrap().remove(0);
        record.id = new_id();
        record.sealed = vault(&[9]).seal(&record.id, br#"{"token":"secret"}"#).unwrap();
        storage.insert_account(&record).await.unwrap();
        storage.close().await;
        record.id
    };
    let answered = async |account: &str| server.unassign(&token, account, "").send().await.unwrap().status().as_u16();
    let becomes = async |account: &str, status: u16| {
        let started = std::time::Instant::now();
        while answered(account).await != status {
            assert!(started.elapsed() < Duration::from_secs(5), "{}", server.said());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    becomes(&other, 500).await;
    assert!(server.said().contains(&id(9).to_string()), "{}", server.said());
    assert_eq!(answered(&account).await, 200);
    // The key comes: no restart is needed.
    let both = fs::read_to_string(key_file(&folder).path()).unwrap() + &text(9);
    fs::write(key_file(&folder).path(), both).unwrap();
    becomes(&other, 200).await;
}
