//! The vault with several keys.

use offramp::credentials::vault::{MasterKeyError, VaultError, same_secrets, sealed_with};

use super::*;

/// Sealed in format 1 with the key 00 01 … 1f.
const FORMAT_1: &str = "AWMNzSlmxDNmuzPmYtuj/gVsU0ncYUlPyVY/Al+4iAblYLXCPWuwocrBfEBdrwPGl4yZdjiIN7Lg67gOE4\
    w/nPvMS+MROLXw59UAxTcbNIt8YSENc19yE2TLqIu0sHOSg+cP1wO+pFGbAm4RvmJ0CXf1iiJxPaeA4AVD";

#[test]
fn the_first_seals_and_every_one_opens() {
    let before = vault(&[1]).seal(ACCOUNT, SECRET).unwrap();
    let both = vault(&[2, 1]);
    assert_eq!(both.key_ids(), [id(2), id(1)]);
    assert_eq!(both.open(ACCOUNT, &before).unwrap().as_slice(), SECRET);
    let after = both.seal(ACCOUNT, SECRET).unwrap();
    assert_eq!(sealed_with(&after), Ok(id(2)));
    assert_eq!(vault(&[2]).open(ACCOUNT, &after).unwrap().as_slice(), SECRET);
    let error = vault(&[3, 1]).open(ACCOUNT, &after).unwrap_err();
    assert_eq!(error, VaultError::WrongKey { sealed_with: id(2), at_hand: vec![id(3), id(1)] });
    for key in [id(1), id(2), id(3)] {
        assert!(error.to_string().contains(&key.to_string()), "{error}");
    }
}

#[test]
fn a_value_that_names_another_key_of_the_ring_does_not_open() {
    let both = vault(&[1, 2]);
    let mut sealed = both.seal(ACCOUNT, SECRET).unwrap();
    let other = vault(&[2]).seal(ACCOUNT, SECRET).unwrap();
    sealed[1..9].copy_from_slice(&other[1..9]);
    assert_eq!(both.open(ACCOUNT, &sealed), Err(VaultError::Corrupt));
}

#[test]
fn another_key_leaves_the_secrets_bytes_as_they_are() {
    let before = vault(&[1]).seal(ACCOUNT, SECRET).unwrap();
    let after = vault(&[2, 1]).rewrap(ACCOUNT, &before).unwrap().unwrap();
    let secrets_at = before.len() - SECRET.len() - 28;
    assert_eq!(after.len(), before.len());
    assert_eq!(after[secrets_at..], before[secrets_at..]);
    assert_ne!(after[9..secrets_at], before[9..secrets_at]);
    assert_eq!(vault(&[2]).open(ACCOUNT, &after).unwrap().as_slice(), SECRET);
    assert!(vault(&[1]).open(ACCOUNT, &after).is_err());
    assert_eq!(vault(&[2]).open("another", &after), Err(VaultError::Corrupt));
    assert_eq!(vault(&[2, 1]).rewrap(ACCOUNT, &after), Ok(None));
    assert!(matches!(vault(&[2]).rewrap(ACCOUNT, &before), Err(VaultError::WrongKey { .. })));
    assert_eq!(vault(&[2, 1]).rewrap("another", &before), Err(VaultError::Corrupt));
}

#[test]
fn the_same_secrets_are_known_without_a_key() {
    let before = vault(&[1]).seal(ACCOUNT, SECRET).unwrap();
    let after = vault(&[2, 1]).rewrap(ACCOUNT, &before).unwrap().unwrap();
    assert!(same_secrets(&before, &after));
    assert!(!same_secrets(&before, &vault(&[1]).seal(ACCOUNT, SECRET).unwrap()));
    assert!(!same_secrets(b"short", b"other"));
    assert!(!same_secrets(&before, b""));
}

#[test]
fn format_1_is_sealed_in_the_present_format_when_its_key_goes() {
    let old: [u8; 32] = std::array::from_fn(|index| index as u8);
    let keys = format!("{},{}", text(7), STANDARD.encode(old));
    let sealed = base64::engine::general_purpose::STANDARD_NO_PAD.decode(FORMAT_1).unwrap();
    let both = Vault::new(KeyRing::from_text(&keys).unwrap()).unwrap();
    assert_eq!(both.open(ACCOUNT, &sealed).unwrap().as_slice(), SECRET);
    let after = both.rewrap(ACCOUNT, &sealed).unwrap().unwrap();
    assert_eq!((after[0], sealed_with(&after)), (2, Ok(id(7))));
    assert_eq!(vault(&[7]).open(ACCOUNT, &after).unwrap().as_slice(), SECRET);
}

#[test]
fn keys_are_separated_by_commas_or_lines_and_counted_once() {
    for separated in [
        format!("{},{}", text(1), text(2)),
        format!(" {} , {},\n", text(1), text(2)),
        format!("{}\n\n{}\r\n{}\n", text(1), text(2), text(1)),
    ] {
        assert_eq!(KeyRing::from_text(&separated).unwrap().ids(), [id(1), id(2)], "{separated:?}");
    }
    for none in ["", "\n", " , ,\n"] {
        assert!(matches!(KeyRing::from_text(none), Err(MasterKeyError::None)), "{none:?}");
    }
    let error = KeyRing::from_text(&format!("{},hunter2!", text(1))).unwrap_err();
    assert!(matches!(error, MasterKeyError::NotBase64) && !format!("{error} {error:?}").contains("hunter2"), "{error}");
}

#[test]
fn there_is_a_most_of_keys() {
    let many: Vec<u8> = (0..16).collect();
    let full = ring(&many);
    let error = full.led_by(key(99)).unwrap_err();
    assert!(matches!(error, MasterKeyError::TooMany { given: 17, most: 16 }), "{error}");
    assert!(error.to_string().contains("offramp vault prune"), "{error}");
}

#[test]
fn nothing_of_a_key_is_printed() {
    let place = Place::new();
    let locked = place.file.lock().unwrap();
    let draft = locked.draft(&ring(&[211, 212])).unwrap();
    let printed = format!("{:?} {:#?} {:?} {:?} {draft:?}", ring(&[211, 212]), vault(&[211, 212]), place.file, locked);
    for part in [text(211).as_str(), text(212).as_str(), "211", "d3d3", "0xd3"] {
        assert!(!printed.contains(part), "{printed}");
    }
    assert!(printed.contains(&id(211).to_string()) && printed.contains(&id(212).to_string()), "{printed}");
}
