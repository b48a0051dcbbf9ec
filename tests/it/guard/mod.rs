//! The blast guard: whom and what it protects however a request names them, how many removals it lets through, and that
//! what it refuses is not sent, and recorded.

mod cap;
mod everywhere;
mod roles;
mod settings;
mod users;

use offramp::gateway::{GuardSettings, Protected, Settings};
use serde_json::{Value, json};

use crate::staged::{Answer, Stage, removal};

fn texts(texts: &[&str]) -> Vec<Protected> {
    texts.iter().map(|is| Protected { is: (*is).to_owned(), ..Protected::default() }).collect()
}

fn with(guard: GuardSettings) -> Settings {
    Settings { guard, ..Settings::default() }
}

fn users(protected: &[&str]) -> Settings {
    with(GuardSettings { protected_users: texts(protected), ..GuardSettings::default() })
}

fn roles(protected: &[&str]) -> Settings {
    with(GuardSettings { protected_roles: texts(protected), ..GuardSettings::default() })
}

fn cap(removals_per_account_per_hour: u32) -> Settings {
    with(GuardSettings { removals_per_account_per_hour, ..GuardSettings::default() })
}

/// A clear no of ours, that names the setting and these.
fn is_refused(answer: &Answer, setting: &str, names: &[&str]) {
    assert_eq!((answer.status, answer.kind()), (422, "refused"), "{answer:?}");
    assert_eq!(answer.headers["offramp-outcome"], "refused");
    assert_eq!(answer.headers["offramp-remote-calls"], "0");
    assert_eq!(answer.body["truto_is_remote_error"], false);
    assert!(answer.body.get("truto_error_insight").is_none(), "{answer:?}");
    assert_eq!(answer.body["unassignment"]["outcome"], "refused");
    for name in names.iter().chain([&setting]) {
        assert!(answer.message().contains(name), "{name}: {answer:?}");
    }
}

fn is_removed(answer: &Answer) {
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.headers["offramp-outcome"], "removed", "{answer:?}");
}
