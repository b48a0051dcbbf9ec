//! The fault schedule: a short run of it, and that it sees what it must.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use offramp::connector::embedded;
use offramp::storage::{
    AccountRecord, AccountStatus, AuditFilter, AuditHead, AuditRecord, Hash, KeyClaim, KeyEnd, KeyState, Reservation,
    Storage, StorageError, TokenRecord, TokenRemoval,
};
use offramp::suite::faults::{Disguise, Faulted, Kind, Schedule, run};
use offramp::suite::{Bench, scenarios};

use super::lies::{Twist, bench, lying};

const SHORT: u64 = 600;

fn schedule(requests: u64) -> Schedule {
    Schedule { seed: 1, requests, only: None, disguise: None }
}

async fn faulted(bench: Bench, schedule: &Schedule) -> Faulted {
    run(&Arc::new(bench), schedule).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn under_faults_nothing_is_said_that_is_not_so() {
    let bench = Bench::new(embedded().unwrap(), super::cases(&scenarios().unwrap())).unwrap();
    let faulted = faulted(bench, &schedule(SHORT)).await;
    println!("{}\n{}", faulted.table(), faulted.summary());
    assert_eq!(faulted.lies, 0, "{}", faulted.complaints());
    assert!(faulted.requests >= SHORT);
    let never: Vec<_> = Kind::ALL
        .into_iter()
        .filter(|kind| faulted.struck.iter().all(|((own, _), count)| own != kind || *count == 0))
        .collect();
    assert!(never.is_empty(), "these struck nobody: {never:?}");
    // Whoever says that a pair cannot be has a reason.
    assert!(faulted.impossible.values().all(|reason| !reason.is_empty()));
    let pairs = faulted.struck.len() + faulted.impossible.len();
    assert_eq!(pairs, Kind::ALL.len() * faulted.rows.len());
    assert!(faulted.elapsed < Duration::from_secs(60), "{:?}", faulted.elapsed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_round_is_played_again_by_its_number() {
    let again = async || faulted(bench(Twist::None), &Schedule { only: Some(7), ..schedule(0) }).await;
    let (one, two) = (again().await, again().await);
    let shown = |faulted: &Faulted| {
        let [told] = faulted.told.as_slice() else { panic!("one round was to be played") };
        let asked: Vec<String> = told.failure.requests.iter().map(|(request, _)| request.clone()).collect();
        (told.number, told.faults.clone(), asked)
    };
    assert_eq!(shown(&one), shown(&two));
    assert!(one.complaints().contains("--seed 1 --only 7 guardhouse"), "{}", one.complaints());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pair_that_is_met_too_seldom_fails() {
    let mut faulted = faulted(bench(Twist::None), &schedule(100)).await;
    assert!(faulted.is_good(), "{}", faulted.complaints());
    *faulted.struck.get_mut(&(Kind::HangUp, 0)).unwrap() = 0;
    faulted.at_least = 1;
    assert!(!faulted.is_good());
    assert!(faulted.complaints().contains("caller hangs up struck guardhouse 0 times"), "{}", faulted.complaints());
}

/// All that is found wrong in a short run with one connector.
async fn problems(bench: Bench, disguise: Option<Disguise>) -> String {
    let faulted = faulted(bench, &Schedule { disguise, ..schedule(80) }).await;
    assert!(!faulted.is_good());
    let problems = faulted.told.iter().flat_map(|told| told.failure.problems.clone());
    problems.collect::<Vec<_>>().join("\n")
}

#[track_caller]
fn found(problems: &str, lie: &str) {
    assert!(problems.contains(lie), "expected to be found: {lie}\nfound:\n{problems}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_claims_what_it_does_not_know_is_seen() {
    let claims = &[("unknown", "removed"), ("no", "yes")];
    let problems = problems(lying(bench(Twist::None), claims, Some(200)), None).await;
    found(&problems, "said removed, but it is held");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_denies_what_it_did_is_seen() {
    let problems = problems(lying(bench(Twist::None), &[("removed", "failed")], None), None).await;
    found(&problems, "said failed, but it was done");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_takes_another_membership_is_seen() {
    found(&problems(bench(Twist::TakesAnother), None).await, "lost what nobody named");
}

/// A database that does not keep what it was given, or not as it was.
struct Forger {
    inner: Arc<dyn Storage>,
    forges: Forges,
}

#[derive(Clone, Copy)]
enum Forges {
    /// Says that entries of this kind are written, and writes none.
    Swallows(&'static str),
    /// Drops the second entry.
    DropsOne,
    /// Shows a result as another.
    ChangesResults,
}

fn forging(forges: Forges) -> Option<Disguise> {
    Some(Arc::new(move |inner| Arc::new(Forger { inner, forges })))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_without_an_intent_is_seen() {
    let problems = problems(bench(Twist::None), forging(Forges::Swallows("intent"))).await;
    found(&problems, "a write reached the provider before any intent was recorded");
    found(&problems, "lost without an intent that names it: user 102 holds role 2");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_intent_without_a_result_is_seen() {
    let problems = problems(bench(Twist::None), forging(Forges::Swallows("result"))).await;
    found(&problems, "intents without a result, and nothing was broken off");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_is_missing_is_seen() {
    found(&problems(bench(Twist::None), forging(Forges::DropsOne)).await, "the chain does not hold at entry 2");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_that_is_not_so_is_seen() {
    let problems = problems(bench(Twist::None), forging(Forges::ChangesResults)).await;
    found(&problems, "(result): said failed, but it was done: user 102 holds role 2");
}

#[async_trait]
impl Storage for Forger {
    async fn append_audit(
        &self,
        chain: &(dyn Fn(AuditHead) -> Vec<AuditRecord> + Send + Sync),
    ) -> Result<(), StorageError> {
        let entries = chain(AuditHead::default());
        if let Forges::Swallows(kind) = self.forges
            && entries.iter().all(|entry| *entry.kind == *kind)
        {
            return Ok(());
        }
        self.inner.append_audit(chain).await
    }
    async fn audit_entries(&self, filter: &AuditFilter, limit: usize) -> Result<Vec<AuditRecord>, StorageError> {
        let mut entries = self.inner.audit_entries(filter, limit).await?;
        match self.forges {
            Forges::DropsOne => entries.retain(|entry| entry.seq != 2),
            Forges::ChangesResults => {
                for entry in entries.iter_mut().filter(|entry| *entry.kind == *"result") {
                    entry.roles = entry.roles.replace("removed", "failed");
                }
            }
            Forges::Swallows(_) => {}
        }
        Ok(entries)
    }
    async fn accounts(&self) -> Result<Vec<AccountRecord>, StorageError> {
        self.inner.accounts().await
    }
    async fn insert_account(&self, account: &AccountRecord) -> Result<(), StorageError> {
        self.inner.insert_account(account).await
    }
    async fn delete_account(&self, environment: &str, id: &str) -> Result<bool, StorageError> {
        self.inner.delete_account(environment, id).await
    }
    async fn set_account_status(&self, id: &str, status: AccountStatus) -> Result<bool, StorageError> {
        self.inner.set_account_status(id, status).await
    }
    async fn account_secrets(&self, id: &str) -> Result<Option<Vec<u8>>, StorageError> {
        self.inner.account_secrets(id).await
    }
    async fn set_account_secrets(&self, id: &str, sealed: &[u8]) -> Result<bool, StorageError> {
        self.inner.set_account_secrets(id, sealed).await
    }
    async fn swap_account_secrets(&self, id: &str, expected: &[u8], sealed: &[u8]) -> Result<bool, StorageError> {
        self.inner.swap_account_secrets(id, expected, sealed).await
    }
    async fn tokens(&self) -> Result<Vec<TokenRecord>, StorageError> {
        self.inner.tokens().await
    }
    async fn insert_token(&self, token: &TokenRecord) -> Result<(), StorageError> {
        self.inner.insert_token(token).await
    }
    async fn delete_token(
        &self,
        environment: &str,
        id: &str,
        keep_administrator: bool,
    ) -> Result<TokenRemoval, StorageError> {
        self.inner.delete_token(environment, id, keep_administrator).await
    }
    async fn removals(&self, account: &str, since: &str) -> Result<u64, StorageError> {
        self.inner.removals(account, since).await
    }
    async fn reserve_removals(&self, removals: &Reservation, since: &str, cap: u32) -> Result<bool, StorageError> {
        self.inner.reserve_removals(removals, since, cap).await
    }
    async fn settle_removals(&self, id: &str, sent: u32) -> Result<(), StorageError> {
        self.inner.settle_removals(id, sent).await
    }
    async fn redact_audit(&self, through: i64, user: Option<&str>) -> Result<u64, StorageError> {
        self.inner.redact_audit(through, user).await
    }
    async fn prune_audit(&self, through: i64) -> Result<u64, StorageError> {
        self.inner.prune_audit(through).await
    }
    async fn claim_key(&self, claim: &KeyClaim) -> Result<KeyState, StorageError> {
        self.inner.claim_key(claim).await
    }
    async fn renew_key(&self, id: &Hash, holder: &str, lease: Duration) -> Result<bool, StorageError> {
        self.inner.renew_key(id, holder, lease).await
    }
    async fn end_key(&self, id: &Hash, holder: &str, end: KeyEnd<'_>) -> Result<bool, StorageError> {
        self.inner.end_key(id, holder, end).await
    }
    async fn forget_keys(&self) -> Result<u64, StorageError> {
        self.inner.forget_keys().await
    }
    async fn revision(&self) -> Result<i64, StorageError> {
        self.inner.revision().await
    }
    async fn ping(&self) -> Result<(), StorageError> {
        self.inner.ping().await
    }
}
