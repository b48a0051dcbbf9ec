//! The stored records by themselves: what they print, their words, their ids and times.

use offramp::storage::{AccountRecord, AccountStatus, Envelope, Scope, TokenRecord, new_id, timestamp};

#[test]
fn debug_leaves_sealed_bytes_and_hashes_out() {
    let account = AccountRecord {
        id: "1".to_owned(),
        environment: "default".to_owned(),
        integration: "sample".to_owned(),
        tenant_id: None,
        context: serde_json::Map::new(),
        sealed: vec![211; 5],
        status: AccountStatus::Active,
        created_at: String::new(),
        updated_at: String::new(),
    };
    let token = TokenRecord {
        id: "2".to_owned(),
        name: "ci".to_owned(),
        hash: [211; 32],
        scopes: vec![Scope::Call],
        environment: "default".to_owned(),
        envelope: Envelope::Bare,
        created_at: String::new(),
        expires_at: None,
    };
    let printed = format!("{account:?} {token:?}");
    assert!(!printed.contains("211"), "{printed}");
    assert!(printed.contains("sealed_bytes: 5"), "{printed}");
}

#[test]
fn words_are_the_contracts_and_a_wrong_one_is_answered_with_the_set() {
    for status in AccountStatus::ALL {
        assert_eq!(serde_json::to_value(status).expect("JSON"), status.as_str());
        assert_eq!(status.as_str().parse(), Ok(status));
    }
    for scope in Scope::ALL {
        assert_eq!(serde_json::to_value(scope).expect("JSON"), scope.as_str());
        assert_eq!(scope.as_str().parse(), Ok(scope));
    }
    for envelope in Envelope::ALL {
        assert_eq!(serde_json::to_value(envelope).expect("JSON"), envelope.as_str());
        assert_eq!(envelope.as_str().parse(), Ok(envelope));
    }
    let error = "Call".parse::<Scope>().expect_err("not a scope");
    assert_eq!(error.to_string(), "`Call` is no scope; it must be one of call, admin, audit");
}

#[test]
fn ids_sort_by_age_and_times_have_milliseconds() {
    let ids: Vec<_> = (0..1000).map(|_| new_id()).collect();
    assert!(ids.is_sorted());
    let now = timestamp();
    assert_eq!(now.len(), "2026-11-21T07:00:00.000Z".len(), "{now}");
    assert!(now.ends_with('Z') && now.parse::<jiff::Timestamp>().is_ok(), "{now}");
}
