//! All accounts under a new key, and the old ones dropped.

use offramp::gateway::keys::{KeyUse, KeysError, prune, rewrap, rotate};

use super::*;

#[tokio::test]
async fn a_new_key_seals_every_account_and_the_old_one_can_be_dropped() {
    let place = Place::new();
    let storage = place.storage().await;
    let old = place.ids();
    accounts(&storage, &place.vault()).await;
    let before = storage.accounts().await.unwrap();

    let rotated = rotate(&storage, &place.file, AT_ONCE).await.unwrap();

    assert_eq!((&rotated.old, rotated.rewrapped.accounts), (&old, ACCOUNTS));
    assert_eq!(place.ids(), [&[rotated.new], old.as_slice()].concat());
    let used = KeyUse::of(&storage).await.unwrap();
    assert_eq!(used.accounts, [(rotated.new, ACCOUNTS)].into());
    for (before, after) in before.iter().zip(storage.accounts().await.unwrap()) {
        assert_eq!(after, AccountRecord { sealed: after.sealed.clone(), ..before.clone() });
    }
    assert_eq!(prune(&storage, &place.file, AT_ONCE).await.unwrap(), old);
    assert_eq!(place.ids(), [rotated.new]);
    all_open(&storage, &place.vault()).await;
    assert_eq!(prune(&storage, &place.file, AT_ONCE).await.unwrap(), []);
}

#[tokio::test]
async fn a_key_that_still_seals_something_is_not_dropped() {
    let place = Place::new();
    let storage = place.storage().await;
    let old = place.vault();
    rotate(&storage, &place.file, AT_ONCE).await.unwrap();
    let keys = place.ids();
    accounts(&storage, &Vault::new(old_ring(&keys, &place)).unwrap()).await;
    let error = prune(&storage, &place.file, AT_ONCE).await.unwrap_err();
    assert!(matches!(error, KeysError::InUse(key, ACCOUNTS) if key == old.key_id()), "{error}");
    assert!(error.to_string().contains(&old.key_id().to_string()), "{error}");
    assert!(error.to_string().contains("--rewrap-only"), "{error}");
    assert_eq!(place.ids(), keys);
    rewrap(&storage, &place.vault()).await.unwrap();
    prune(&storage, &place.file, AT_ONCE).await.unwrap();
    all_open(&storage, &place.vault()).await;
}

/// The key that is last in the file, alone.
fn old_ring(keys: &[KeyId], place: &Place) -> KeyRing {
    let text = fs::read_to_string(place.file.path()).unwrap();
    KeyRing::from_text(text.lines().nth(keys.len() - 1).unwrap()).unwrap()
}

#[tokio::test]
async fn secrets_that_are_replaced_meanwhile_are_not_lost() {
    let place = Arc::new(Place::new());
    let inner = place.storage().await;
    let serving = place.vault();
    let ids = accounts(&inner, &serving).await;
    let storage = Unreliable::new(Arc::new(inner));
    let (elsewhere_of, id) = (Arc::clone(&place), ids[1].clone());
    storage.fail(move |method, index| {
        if (method, index) == ("swap_account_secrets", 1) {
            let secret = format!("{id} with another refresh token");
            let sealed = serving.seal(&id, secret.as_bytes()).unwrap();
            elsewhere(&elsewhere_of, async |other| assert!(other.set_account_secrets(&id, &sealed).await.unwrap()));
        }
        false
    });

    let rotated = rotate(&storage, &place.file, AT_ONCE).await.unwrap();

    assert_eq!(rotated.rewrapped.accounts, ACCOUNTS);
    assert_eq!(KeyUse::of(&storage).await.unwrap().accounts, [(rotated.new, ACCOUNTS)].into());
    let sealed = storage.account_secrets(&ids[1]).await.unwrap().unwrap();
    let opened = place.vault().open(&ids[1], &sealed).unwrap();
    assert!(opened.ends_with(b"with another refresh token"), "{opened:?}");
}

#[tokio::test]
async fn an_account_that_goes_meanwhile_is_no_failure() {
    let place = Arc::new(Place::new());
    let inner = place.storage().await;
    let ids = accounts(&inner, &place.vault()).await;
    let storage = Unreliable::new(Arc::new(inner));
    let elsewhere_of = Arc::clone(&place);
    storage.fail(move |method, index| {
        if (method, index) == ("swap_account_secrets", 0) {
            elsewhere(&elsewhere_of, async |other| {
                assert!(other.delete_account("default", &ids[0]).await.unwrap());
            });
        }
        false
    });
    let rotated = rotate(&storage, &place.file, AT_ONCE).await.unwrap();
    assert_eq!((rotated.rewrapped.accounts, rotated.rewrapped.failed), (ACCOUNTS - 1, vec![]));
}

#[tokio::test]
async fn whoever_goes_on_sealing_with_the_old_key_is_noticed() {
    let place = Arc::new(Place::new());
    let inner = place.storage().await;
    let old = vault(&[1]);
    let ids = accounts(&inner, &old).await;
    let storage = Unreliable::new(Arc::new(inner.clone()));
    let elsewhere_of = Arc::clone(&place);
    storage.fail(move |method, _| {
        if method == "swap_account_secrets" {
            let sealed = old.seal(&ids[2], ids[2].as_bytes()).unwrap();
            elsewhere(&elsewhere_of, async |other| {
                assert!(other.set_account_secrets(&ids[2], &sealed).await.unwrap());
            });
        }
        false
    });
    let error = rewrap(&storage, &vault(&[2, 1])).await.unwrap_err();
    assert!(matches!(error, KeysError::StillSealing { in_use } if in_use == id(2)), "{error}");
    all_open(&inner, &vault(&[2, 1])).await;
}

#[tokio::test]
async fn what_cannot_be_opened_is_named_and_the_rest_is_done() {
    let place = Place::new();
    let storage = place.storage().await;
    let ids = accounts(&storage, &place.vault()).await;
    let mut damaged = storage.account_secrets(&ids[0]).await.unwrap().unwrap();
    damaged[20] ^= 1;
    storage.set_account_secrets(&ids[0], &damaged).await.unwrap();
    let strange = vault(&[9]).seal(&ids[1], b"secret").unwrap();
    storage.set_account_secrets(&ids[1], &strange).await.unwrap();

    let rotated = rotate(&storage, &place.file, AT_ONCE).await.unwrap();

    assert_eq!(rotated.rewrapped.accounts, ACCOUNTS - 2);
    let failed: Vec<&String> = rotated.rewrapped.failed.iter().map(|(id, _)| id).collect();
    assert_eq!(failed, [&ids[0], &ids[1]]);
    assert_eq!(storage.account_secrets(&ids[0]).await.unwrap().unwrap(), damaged);
    assert_eq!(storage.account_secrets(&ids[1]).await.unwrap().unwrap(), strange);
}

#[tokio::test]
async fn two_rotations_at_once_lose_no_key() {
    let place = Place::new();
    let storage = place.storage().await;
    accounts(&storage, &place.vault()).await;
    let wait = std::time::Duration::from_millis(50);
    let (one, other) = tokio::join!(rotate(&storage, &place.file, wait), rotate(&storage, &place.file, wait));
    assert_eq!([one.is_ok(), other.is_ok()].iter().filter(|done| **done).count(), 1);
    assert_eq!(place.ids().len(), 2);
    all_open(&storage, &place.vault()).await;
}
