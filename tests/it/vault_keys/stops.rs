//! A rotation that is cut off, at each of its steps: everything can be opened with the keys in the file, and whoever does it
//! again gets to the end.

use offramp::gateway::keys::{KeyUse, KeysError, prune, rewrap, rotate};

use super::*;

/// All can be opened, the rotation can be finished, and the old keys can be dropped then.
async fn recovers(place: &Place, storage: &SqliteStorage) {
    all_open(storage, &place.vault()).await;
    rewrap(storage, &place.vault()).await.unwrap();
    let used = KeyUse::of(storage).await.unwrap();
    assert_eq!(used.accounts, [(place.ids()[0], ACCOUNTS)].into());
    prune(storage, &place.file, AT_ONCE).await.unwrap();
    assert_eq!(place.ids().len(), 1);
    all_open(storage, &place.vault()).await;
    assert_eq!(place.names().len(), 1, "{:?}", place.names());
}

#[tokio::test]
async fn before_the_new_key_is_in_place() {
    let place = Place::new();
    let storage = place.storage().await;
    accounts(&storage, &place.vault()).await;
    let locked = place.file.lock().unwrap();
    std::mem::forget(locked.draft(&locked.keys().unwrap().led_by(key(7)).unwrap()).unwrap());
    drop(locked);
    assert_eq!(place.ids().len(), 1);
    rotate(&storage, &place.file, AT_ONCE).await.unwrap();
    recovers(&place, &storage).await;
}

#[tokio::test]
async fn while_others_have_not_read_the_new_key() {
    let place = Place::new();
    let storage = place.storage().await;
    accounts(&storage, &place.vault()).await;
    let waiting = rotate(&storage, &place.file, Duration::from_secs(3600));
    assert!(tokio::time::timeout(Duration::from_millis(50), waiting).await.is_err());
    assert_eq!(place.ids().len(), 2);
    recovers(&place, &storage).await;
}

#[tokio::test]
async fn at_each_account_before_and_after_it_was_changed() {
    for lost in [false, true] {
        for stop in 0..ACCOUNTS {
            let place = Arc::new(Place::new());
            let inner = place.storage().await;
            let old = place.ids();
            let ids = accounts(&inner, &place.vault()).await;
            let storage = Unreliable::new(Arc::new(inner.clone()));
            let elsewhere_of = Arc::clone(&place);
            storage.fail(move |method, index| {
                if method != "swap_account_secrets" || index != stop {
                    return false;
                }
                if lost {
                    elsewhere(&elsewhere_of, async |other| {
                        let sealed = other.account_secrets(&ids[stop]).await.unwrap().unwrap();
                        let anew = elsewhere_of.vault().rewrap(&ids[stop], &sealed).unwrap().unwrap();
                        assert!(other.swap_account_secrets(&ids[stop], &sealed, &anew).await.unwrap());
                    });
                }
                true
            });
            let error = rotate(&storage, &place.file, AT_ONCE).await.unwrap_err();
            let new = place.ids()[0];
            assert!(matches!(error, KeysError::HalfWay { new: named, .. } if named == new), "{error}");
            assert!(error.to_string().contains("--rewrap-only"), "{error}");
            let done = stop + usize::from(lost);
            let used = KeyUse::of(&inner).await.unwrap().accounts;
            assert_eq!(used.get(&new).copied().unwrap_or_default(), done, "stopped at {stop}, lost {lost}");
            assert_eq!(used.get(&old[0]).copied().unwrap_or_default(), ACCOUNTS - done);
            recovers(&place, &inner).await;
        }
    }
}

#[tokio::test]
async fn where_the_key_file_cannot_be_replaced_nothing_has_changed() {
    let place = Place::new();
    let storage = place.storage().await;
    let before = place.ids();
    accounts(&storage, &place.vault()).await;
    // A folder in the draft's place can neither be removed as a file nor written.
    fs::create_dir(place.folder.path().join(".vault.key.new")).unwrap();
    rotate(&storage, &place.file, AT_ONCE).await.unwrap_err();
    assert_eq!(place.ids(), before);
    assert_eq!(KeyUse::of(&storage).await.unwrap().accounts, [(before[0], ACCOUNTS)].into());
}
