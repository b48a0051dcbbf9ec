//! The vault, the master key's file and API tokens: what opens, what is refused, and what is never shown.

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use offramp::credentials::api_token::ApiToken;
use offramp::credentials::vault::{KeyFile, MasterKey, MasterKeyError, OVERHEAD, Vault, VaultError};
use proptest::prelude::*;
use secrecy::ExposeSecret;
use tempfile::TempDir;

const ACCOUNT: &str = "0198c0de-0000-7000-8000-000000000001";
const OTHER: &str = "0198c0de-0000-7000-8000-000000000002";
const SECRET: &[u8] = br#"{"client_secret":"s3cr3t"}"#;

fn key(byte: u8) -> MasterKey {
    MasterKey::from_base64(&STANDARD.encode([byte; 32])).expect("a key")
}

fn vault(byte: u8) -> Vault {
    Vault::new(key(byte)).expect("a vault")
}

proptest! {
    #[test]
    fn what_is_sealed_opens_for_the_same_account_alone(
        account in ".{0,40}", other in ".{0,40}", plaintext in prop::collection::vec(any::<u8>(), 0..600),
    ) {
        let vault = vault(1);
        let sealed = vault.seal(&account, &plaintext).unwrap();
        prop_assert_eq!(sealed.len(), plaintext.len() + OVERHEAD);
        prop_assert!(plaintext.len() < 8 || !sealed.windows(plaintext.len()).any(|window| window == plaintext));
        let opened = vault.open(&account, &sealed).unwrap();
        prop_assert_eq!(opened.as_slice(), plaintext.as_slice());
        if other != account {
            prop_assert_eq!(vault.open(&other, &sealed), Err(VaultError::Corrupt));
        }
    }

    #[test]
    fn bytes_that_were_never_sealed_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(vault(1).open(ACCOUNT, &bytes).is_err());
    }
}

#[test]
fn one_flipped_bit_anywhere_is_refused() {
    let vault = vault(1);
    let sealed = vault.seal(ACCOUNT, SECRET).expect("sealed");
    for bit in 0..sealed.len() * 8 {
        let mut changed = sealed.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        let error = vault.open(ACCOUNT, &changed).expect_err("a changed bit");
        match bit / 8 {
            0 => assert_eq!(error, VaultError::UnknownFormat(changed[0])),
            1..=8 => assert!(matches!(error, VaultError::WrongKey { .. }), "bit {bit}: {error}"),
            _ => assert_eq!(error, VaultError::Corrupt, "bit {bit}"),
        }
    }
}

#[test]
fn cut_short_or_longer_is_refused() {
    let vault = vault(1);
    let mut sealed = vault.seal(ACCOUNT, SECRET).expect("sealed");
    for length in 0..sealed.len() {
        assert_eq!(vault.open(ACCOUNT, &sealed[..length]), Err(VaultError::Corrupt), "{length} bytes");
    }
    sealed.push(0);
    assert_eq!(vault.open(ACCOUNT, &sealed), Err(VaultError::Corrupt));
}

#[test]
fn another_accounts_secrets_are_refused() {
    let vault = vault(1);
    let sealed = vault.seal(ACCOUNT, SECRET).expect("sealed");
    assert_eq!(vault.open(OTHER, &sealed), Err(VaultError::Corrupt));
}

#[test]
fn halves_of_two_sealed_values_do_not_fit() {
    let vault = vault(1);
    let first = vault.seal(ACCOUNT, SECRET).expect("sealed");
    let second = vault.seal(ACCOUNT, SECRET).expect("sealed");
    let secrets_at = first.len() - SECRET.len() - 28;
    let spliced = [&first[..secrets_at], &second[secrets_at..]].concat();
    assert_eq!(vault.open(ACCOUNT, &spliced), Err(VaultError::Corrupt));
}

#[test]
fn the_same_secret_never_looks_the_same() {
    let vault = vault(1);
    let sealed: HashSet<_> = (0..50).map(|_| vault.seal(ACCOUNT, SECRET).expect("sealed")[9..].to_vec()).collect();
    assert_eq!(sealed.len(), 50);
}

#[test]
fn the_wrong_key_is_called_wrong_and_not_corrupt() {
    let (right, wrong) = (vault(1), vault(2));
    let sealed = right.seal(ACCOUNT, SECRET).expect("sealed");
    let error = wrong.open(ACCOUNT, &sealed).expect_err("another key");
    assert_eq!(error, VaultError::WrongKey { sealed_with: right.key_id(), at_hand: wrong.key_ids() });
    let message = error.to_string();
    assert!(
        message.contains(&right.key_id().to_string()) && message.contains(&wrong.key_id().to_string()),
        "{message}"
    );
}

/// Sealed by another AES-GCM implementation from the description of format 1 alone. It must open for as long as the
/// format is read.
#[test]
fn format_1_still_opens() {
    const SEALED: &str = "AWMNzSlmxDNmuzPmYtuj/gVsU0ncYUlPyVY/Al+4iAblYLXCPWuwocrBfEBdrwPGl4yZdjiIN7Lg67gOE4\
        w/nPvMS+MROLXw59UAxTcbNIt8YSENc19yE2TLqIu0sHOSg+cP1wO+pFGbAm4RvmJ0CXf1iiJxPaeA4AVD";
    let bytes: [u8; 32] = std::array::from_fn(|index| index as u8);
    let vault = Vault::new(MasterKey::from_base64(&STANDARD.encode(bytes)).expect("a key")).expect("a vault");
    // The first 8 bytes of the SHA-256 of the bytes 00 to 1f.
    assert_eq!(vault.key_id().to_string(), "630dcd2966c43366");
    let sealed = STANDARD_NO_PAD.decode(SEALED).expect("base64");
    assert_eq!(vault.open(ACCOUNT, &sealed).expect("opened").as_slice(), SECRET);
}

#[test]
fn a_key_is_read_as_openssl_prints_it() {
    let padded = STANDARD.encode([251; 32]);
    let id = key(251).id();
    for text in [padded.clone(), format!("{padded}\n"), format!("  {padded}\r\n"), STANDARD_NO_PAD.encode([251; 32])] {
        assert_eq!(MasterKey::from_base64(&text).expect("a key").id(), id, "{text:?}");
    }
}

#[test]
fn what_is_no_key_is_refused_for_its_own_reason() {
    for bytes in [0, 16, 31, 33, 64] {
        let error = MasterKey::from_base64(&STANDARD.encode(vec![7; bytes])).expect_err("not 32 bytes");
        assert!(matches!(error, MasterKeyError::Length { bytes: found } if found == bytes), "{error}");
        assert!(error.to_string().contains(&format!("has {bytes} bytes, 32 are needed")), "{error}");
    }
    let url_safe = URL_SAFE_NO_PAD.encode([251; 32]);
    for text in ["hunter2!", url_safe.as_str(), "AAAA AAAA", "é"] {
        let error = MasterKey::from_base64(text).expect_err("not base64");
        assert!(matches!(error, MasterKeyError::NotBase64), "{error}");
        assert!(!format!("{error} {error:?}").contains(text), "the text is not shown: {error}");
    }
}

#[test]
fn a_missing_key_file_is_created_once_for_the_owner_alone() {
    let folder = TempDir::new().expect("folder");
    let path = folder.path().join("data").join("master.key");
    let (first, created) = KeyFile::at(&path).load_or_create().expect("created");
    assert!(created);
    let mode = |path: &Path| fs::metadata(path).expect("it exists").permissions().mode() & 0o7777;
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(path.parent().expect("folder")), 0o700);
    let content = fs::read_to_string(&path).expect("text");
    assert_eq!(content.len(), 45);
    assert!(content.ends_with("=\n"));
    assert_eq!(MasterKey::from_base64(&content).expect("a key").id(), first.ids()[0]);
    assert_eq!(fs::read_dir(path.parent().expect("folder")).expect("folder").count(), 1, "no draft stays behind");

    let sealed = Vault::new(first).expect("a vault").seal(ACCOUNT, SECRET).expect("sealed");
    let (second, created) = KeyFile::at(&path).load_or_create().expect("loaded");
    assert!(!created);
    assert_eq!(fs::read_to_string(&path).expect("text"), content);
    assert_eq!(Vault::new(second).expect("a vault").open(ACCOUNT, &sealed).expect("opened").as_slice(), SECRET);
}

#[test]
fn two_new_keys_differ() {
    let folder = TempDir::new().expect("folder");
    let (first, _) = KeyFile::at(folder.path().join("first")).load_or_create().expect("created");
    let (second, _) = KeyFile::at(folder.path().join("second")).load_or_create().expect("created");
    assert_ne!(first.ids(), second.ids());
}

#[test]
fn of_many_that_start_at_once_one_creates_the_key_and_all_get_it() {
    let folder = TempDir::new().expect("folder");
    let path = folder.path().join("master.key");
    let start = std::sync::Barrier::new(8);
    let keys: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    start.wait();
                    KeyFile::at(&path).load_or_create().expect("a key")
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    });
    assert_eq!(keys.iter().filter(|(_, created)| *created).count(), 1);
    assert_eq!(keys.iter().map(|(key, _)| key.ids()).collect::<HashSet<_>>().len(), 1);
    assert_eq!(fs::read_dir(folder.path()).expect("folder").count(), 1, "no draft stays behind");
}

#[test]
fn a_key_file_that_others_can_read_is_refused() {
    let folder = TempDir::new().expect("folder");
    let path = folder.path().join("master.key");
    let (key, _) = KeyFile::at(&path).load_or_create().expect("created");
    let set = |mode| fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("mode");
    for mode in [0o644, 0o640, 0o604, 0o620, 0o601, 0o777] {
        set(mode);
        let error = KeyFile::at(&path).load_or_create().expect_err("too open");
        assert!(matches!(error, MasterKeyError::TooOpen { mode: found, .. } if found == mode), "{error}");
        let message = error.to_string();
        assert!(message.contains(&format!("chmod 600 {}", path.display())), "{message}");
        assert!(message.contains(&format!("{mode:04o}")), "{message}");
    }
    for mode in [0o600, 0o400] {
        set(mode);
        assert_eq!(KeyFile::at(&path).load_or_create().expect("loaded").0.ids(), key.ids());
    }
}

#[test]
fn a_file_that_holds_no_key_is_refused_and_left_as_it_is() {
    let folder = TempDir::new().expect("folder");
    let path = folder.path().join("master.key");
    let long = format!("{}{}", STANDARD.encode([7; 32]), "\n".repeat(2000));
    for content in ["", "hunter2!", "AAAA", long.as_str()] {
        fs::write(&path, content).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("mode");
        let error = KeyFile::at(&path).load_or_create().expect_err("no key");
        assert!(
            matches!(error, MasterKeyError::Content { .. } | MasterKeyError::TooLong { .. }),
            "{content:.20}: {error}"
        );
        let message = format!("{error} {error:?}");
        assert!(message.contains("master.key"), "{message}");
        assert!(!message.contains("hunter2"), "{message}");
        assert_eq!(fs::read_to_string(&path).expect("text"), content);
    }
    fs::remove_file(&path).expect("removed");
    fs::create_dir(&path).expect("a folder in its place");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).expect("mode");
    let error = KeyFile::at(&path).load_or_create().expect_err("a folder");
    assert!(matches!(error, MasterKeyError::File { .. }), "{error}");
}

#[test]
fn debug_shows_no_key() {
    let encoded = STANDARD.encode([211; 32]);
    let printed = format!("{:?} {:?} {:#?}", key(211), vault(211), key(211));
    for part in [encoded.as_str(), "211", "d3d3", "D3D3", "0xd3"] {
        assert!(!printed.contains(part), "{printed}");
    }
    assert!(printed.contains(&key(211).id().to_string()), "the id is what one may see: {printed}");
}

#[test]
fn a_token_is_recognised_by_its_hash_and_never_printed() {
    let (token, hash) = ApiToken::generate();
    let text = token.expose_secret();
    let random = text.strip_prefix("ofr_").expect("the prefix");
    assert_eq!(random.len(), 43);
    assert_eq!(URL_SAFE_NO_PAD.decode(random).expect("base64url").len(), 32);
    assert_eq!(ApiToken::hash(text), hash);
    assert_ne!(ApiToken::hash(random), hash);
    assert!(!format!("{token:?}").contains(random));
    // FIPS 180-2, appendix B.1.
    assert_eq!(ApiToken::hash("abc")[..4], [0xba, 0x78, 0x16, 0xbf]);

    let hashes: HashSet<_> = (0..100).map(|_| ApiToken::generate().1).collect();
    assert_eq!(hashes.len(), 100);
}
