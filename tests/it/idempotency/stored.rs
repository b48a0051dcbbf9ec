//! Keys in the database: who holds one, and until when.

use offramp::config::Config;
use offramp::storage::{KeyClaim, KeyEnd, KeyState};

use super::*;

const ID: [u8; 32] = [7; 32];

fn claim(holder: &str) -> KeyClaim {
    KeyClaim {
        id: ID,
        request: [1; 32],
        request_id: format!("request of {holder}"),
        holder: holder.to_owned(),
        lease: Duration::from_secs(10),
        keep: Duration::from_secs(60),
    }
}

async fn storage() -> SqliteStorage {
    SqliteStorage::open("sqlite::memory:").await.unwrap()
}

fn first(holder: &str) -> KeyState {
    KeyState::Claimed { again: false, request_id: format!("request of {holder}") }
}

#[tokio::test]
async fn a_key_has_one_holder() {
    let storage = storage().await;
    assert_eq!(storage.claim_key(&claim("a")).await.unwrap(), first("a"));
    assert_eq!(storage.claim_key(&claim("b")).await.unwrap(), KeyState::InFlight);
    let other = KeyClaim { request: [2; 32], ..claim("b") };
    assert_eq!(storage.claim_key(&other).await.unwrap(), KeyState::OtherRequest);
    let elsewhere = KeyClaim { id: [8; 32], ..claim("b") };
    assert_eq!(storage.claim_key(&elsewhere).await.unwrap(), first("b"));
}

#[tokio::test]
async fn a_key_ends_with_an_answer_open_or_as_if_it_had_not_been() {
    let storage = storage().await;
    storage.claim_key(&claim("a")).await.unwrap();
    assert!(storage.end_key(&ID, "a", KeyEnd::Forgotten).await.unwrap());
    assert_eq!(storage.claim_key(&claim("b")).await.unwrap(), first("b"));
    assert!(storage.end_key(&ID, "b", KeyEnd::Open).await.unwrap());
    let again = KeyState::Claimed { again: true, request_id: "request of b".to_owned() };
    assert_eq!(storage.claim_key(&claim("c")).await.unwrap(), again);
    assert!(storage.end_key(&ID, "c", KeyEnd::Answered(b"yes")).await.unwrap());
    assert_eq!(storage.claim_key(&claim("d")).await.unwrap(), KeyState::Answered(b"yes".to_vec()));
    let other = KeyClaim { request: [2; 32], ..claim("d") };
    assert_eq!(storage.claim_key(&other).await.unwrap(), KeyState::OtherRequest);
}

#[tokio::test]
async fn an_open_key_is_no_other_requests() {
    let storage = storage().await;
    storage.claim_key(&claim("a")).await.unwrap();
    storage.end_key(&ID, "a", KeyEnd::Open).await.unwrap();
    let other = KeyClaim { request: [2; 32], ..claim("b") };
    assert_eq!(storage.claim_key(&other).await.unwrap(), KeyState::OtherRequest);
}

#[tokio::test]
async fn a_lease_runs_out_unless_it_is_renewed() {
    let storage = storage().await;
    let short = KeyClaim { lease: Duration::from_millis(50), ..claim("a") };
    storage.claim_key(&short).await.unwrap();
    assert!(storage.renew_key(&ID, "a", Duration::from_millis(400)).await.unwrap());
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(storage.claim_key(&claim("b")).await.unwrap(), KeyState::InFlight);
    tokio::time::sleep(Duration::from_millis(400)).await;
    let again = KeyState::Claimed { again: true, request_id: "request of a".to_owned() };
    assert_eq!(storage.claim_key(&claim("b")).await.unwrap(), again);
}

#[tokio::test]
async fn a_key_whose_time_is_over_is_new_unless_somebody_is_at_work_on_it() {
    let storage = storage().await;
    let brief = KeyClaim { keep: Duration::ZERO, lease: Duration::from_millis(300), ..claim("a") };
    storage.claim_key(&brief).await.unwrap();
    assert_eq!(storage.forget_keys().await.unwrap(), 0);
    assert_eq!(storage.claim_key(&claim("b")).await.unwrap(), KeyState::InFlight);
    storage.end_key(&ID, "a", KeyEnd::Answered(b"yes")).await.unwrap();
    let other = KeyClaim { request: [2; 32], ..brief };
    let other = KeyClaim { request_id: "request of b".to_owned(), holder: "b".to_owned(), ..other };
    assert_eq!(storage.claim_key(&other).await.unwrap(), first("b"));
    assert!(storage.end_key(&ID, "b", KeyEnd::Open).await.unwrap());
    assert_eq!(storage.forget_keys().await.unwrap(), 1);
}

#[tokio::test]
async fn of_many_claims_at_once_one_holds() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("offramp.db").display());
    let storages = [SqliteStorage::open(&url).await.unwrap(), SqliteStorage::open(&url).await.unwrap()];
    let claims: Vec<KeyClaim> = (0..100).map(|index| claim(&index.to_string())).collect();
    let claimed = claims.iter().enumerate().map(|(index, claim)| storages[index % 2].claim_key(claim));
    let states = futures_util::future::join_all(claimed).await;
    let held = states.iter().filter(|state| matches!(state, Ok(KeyState::Claimed { again: false, .. }))).count();
    let waiting = states.iter().filter(|state| matches!(state, Ok(KeyState::InFlight))).count();
    assert_eq!((held, waiting), (1, 99), "{states:?}");
}

#[test]
fn no_setting_makes_a_lease_too_short_to_be_renewed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("offramp.toml");
    std::fs::write(&file, "[idempotency]\nlease_ms = 0\n").unwrap();
    let settings = Config::load(Some(&file)).unwrap().gateway_settings().idempotency;
    assert_eq!(settings, IdempotencySettings { lease: Duration::from_secs(1), ..IdempotencySettings::default() });
}
