//! What the settings may say, and where a rule holds.

use offramp::config::{Config, DEFAULTS};
use offramp::storage::sqlite::SqliteStorage;
use offramp::suite::Unreliable;
use std::sync::Arc;

use super::*;
use crate::staged::{TOKEN, open};

fn within(is: &str, environment: Option<&str>, account: Option<&str>, connector: Option<&str>) -> Settings {
    let own = |text: Option<&str>| text.map(str::to_owned);
    let rule = Protected {
        is: is.to_owned(),
        environment: own(environment),
        account: own(account),
        connector: own(connector),
    };
    with(GuardSettings { protected_users: vec![rule], ..GuardSettings::default() })
}

#[tokio::test]
async fn a_rule_holds_where_it_says() {
    for settings in [
        within("102", Some("default"), Some("guardhouse"), Some("guardhouse")),
        within("102", None, Some("guardhouse"), None),
        within("102", Some("default"), None, None),
        within("102", None, None, Some("guardhouse")),
    ] {
        let stage = Stage::open(settings).await;
        is_refused(&stage.remove("102", &["2"]).await, "guard.protected_users", &["102"]);
    }
    for settings in [
        within("102", Some("test"), None, None),
        within("102", None, Some("another"), None),
        within("102", None, None, Some("jumpcloud")),
        within("102", Some("default"), Some("another"), Some("guardhouse")),
    ] {
        let stage = Stage::open(settings).await;
        is_removed(&stage.remove("102", &["2"]).await);
        assert_eq!(stage.calls(&["GET"]), 2, "a rule of another place costs no read");
    }
}

#[tokio::test]
async fn a_rule_that_would_protect_nothing_is_no_setting() {
    for (settings, says) in [
        (users(&["102", " "]), "guard.protected_users[1] is empty"),
        (roles(&[""]), "guard.protected_roles[0] is empty"),
        (within("102", None, None, Some("gaurdhouse")), "guard.protected_users[0].connector: there is no connector"),
    ] {
        let storage = SqliteStorage::open("sqlite::memory:").await.unwrap();
        let error = open(&Arc::new(Unreliable::new(Arc::new(storage))), settings, TOKEN).await.err().unwrap();
        assert!(error.to_string().contains(says), "{error}");
    }
}

/// The settings with this added in a file.
fn read(text: &str) -> Result<GuardSettings, String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("offramp.toml");
    std::fs::write(&file, text).unwrap();
    Config::load(Some(&file)).map(|config| config.guard).map_err(|error| error.to_string())
}

#[test]
fn an_entry_is_a_text_or_a_table() {
    let guard = read(
        r#"[guard]
        protected_users = ["ceo@example.com", { is = "101", connector = "guardhouse" }]
        protected_roles = [{ is = "Owner", environment = "default", account = "a" }]"#,
    );
    let guard = guard.unwrap();
    assert_eq!(guard.removals_per_account_per_hour, 0);
    assert_eq!(guard.protected_users[0], texts(&["ceo@example.com"])[0]);
    assert_eq!(guard.protected_users[1].connector.as_deref(), Some("guardhouse"));
    assert_eq!(guard.protected_roles[0].account.as_deref(), Some("a"));
    for wrong in ["protected_users = [101]", "protected_users = [{ is = \"x\", conector = \"y\" }]"] {
        let error = read(&format!("[guard]\n{wrong}")).unwrap_err();
        assert!(error.contains("a text, or a table with `is`"), "{error}");
    }
}

#[test]
fn by_default_nothing_is_limited_and_nothing_forbidden() {
    assert_eq!(read("").unwrap(), GuardSettings::default());
    for off in ["token_requests_per_minute = 0", "account_requests_per_minute = 0", "removals_per_account_per_hour = 0"]
    {
        assert!(DEFAULTS.contains(off), "{off}");
    }
}
