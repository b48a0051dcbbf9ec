//! The key file: replaced whole or not at all, with its owner and its mode, by one at a time; and read again.

use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

use offramp::credentials::vault::{MasterKeyError, VaultError};

use super::*;

#[test]
fn it_is_replaced_whole_and_keeps_its_mode() {
    for mode in [0o600, 0o400] {
        let place = Place::new();
        fs::set_permissions(place.file.path(), fs::Permissions::from_mode(mode)).unwrap();
        let before = fs::metadata(place.file.path()).unwrap();
        let locked = place.file.lock().unwrap();
        let old = place.ids();
        locked.draft(&locked.keys().unwrap().led_by(key(7)).unwrap()).unwrap().put_in_place().unwrap();
        assert_eq!(place.ids(), [&[id(7)], old.as_slice()].concat());
        let after = fs::metadata(place.file.path()).unwrap();
        assert_eq!((after.mode() & 0o7777, after.uid(), after.gid()), (mode, before.uid(), before.gid()));
        assert_ne!(after.ino(), before.ino(), "it was not written over");
        assert_eq!(place.names().len(), 1, "{:?}", place.names());
    }
}

#[test]
fn a_draft_is_not_in_use_and_leaves_nothing_behind() {
    let place = Place::new();
    let old = place.ids();
    let locked = place.file.lock().unwrap();
    let draft = locked.draft(&ring(&[7])).unwrap();
    let names = place.names();
    assert_eq!(names.len(), 2, "{names:?}");
    for name in names {
        let mode = fs::metadata(place.folder.path().join(&name)).unwrap().mode() & 0o7777;
        assert_eq!(mode, 0o600, "{name:?}");
    }
    assert_eq!(place.ids(), old);
    drop(draft);
    assert_eq!(place.names().len(), 1);
}

#[test]
fn what_a_killed_command_left_is_in_nobodys_way() {
    let place = Place::new();
    let locked = place.file.lock().unwrap();
    std::mem::forget(locked.draft(&ring(&[7])).unwrap());
    locked.draft(&ring(&[8])).unwrap().put_in_place().unwrap();
    assert_eq!(place.ids(), [id(8)]);
    assert_eq!(place.names().len(), 1);
}

#[test]
fn a_link_to_it_stays_a_link() {
    let place = Place::new();
    let elsewhere = tempfile::tempdir().unwrap();
    let link = elsewhere.path().join("link.key");
    symlink(place.file.path(), &link).unwrap();
    let locked = KeyFile::at(&link).lock().unwrap();
    locked.draft(&ring(&[7])).unwrap().put_in_place().unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(place.ids(), [id(7)]);
}

#[test]
fn one_at_a_time_changes_it() {
    let place = Place::new();
    let locked = place.file.lock().unwrap();
    let error = place.file.lock().unwrap_err();
    assert!(matches!(error, MasterKeyError::Locked { .. }), "{error}");
    assert!(error.to_string().contains("vault.key"), "{error}");
    assert_eq!(place.ids().len(), 1, "reading needs no lock");
    drop(locked);
    drop(place.file.lock().unwrap());
}

#[test]
fn a_file_that_is_not_there_cannot_be_changed() {
    let folder = tempfile::tempdir().unwrap();
    let error = KeyFile::at(folder.path().join("vault.key")).lock().unwrap_err();
    assert!(matches!(error, MasterKeyError::NoFile { .. }), "{error}");
}

#[test]
fn a_key_that_is_not_known_yet_is_looked_for_in_it_at_once() {
    let place = Place::new();
    let serving = place.vault();
    let locked = place.file.lock().unwrap();
    locked.draft(&locked.keys().unwrap().led_by(key(7)).unwrap()).unwrap().put_in_place().unwrap();
    let sealed = vault(&[7]).seal(ACCOUNT, SECRET).unwrap();
    assert_eq!(serving.open(ACCOUNT, &sealed).unwrap().as_slice(), SECRET);
    assert_eq!(serving.key_id(), id(7));
    // A vault of the settings' keys has no file to look into.
    assert!(matches!(vault(&[1]).open(ACCOUNT, &sealed), Err(VaultError::WrongKey { .. })));
}

#[test]
fn it_is_read_again_and_what_is_no_key_file_changes_nothing() {
    let place = Place::new();
    let serving = place.vault();
    let first = serving.key_ids();
    assert!(!serving.reload().unwrap());
    fs::write(place.file.path(), format!("{}\n{}\n", text(7), text(8))).unwrap();
    assert!(serving.reload().unwrap());
    assert_eq!(serving.key_ids(), [id(7), id(8)]);
    assert_ne!(serving.key_ids(), first);
    for broken in ["", "hunter2!\n"] {
        fs::write(place.file.path(), broken).unwrap();
        assert!(serving.reload().is_err());
        assert_eq!(serving.key_ids(), [id(7), id(8)]);
    }
    fs::remove_file(place.file.path()).unwrap();
    assert!(matches!(serving.reload(), Err(MasterKeyError::NoFile { .. })));
    assert_eq!(serving.key_ids(), [id(7), id(8)]);
    assert!(!place.file.path().exists(), "reading makes no key");
}
