//! Idempotency keys as they are stored: who is at work on one, and the sealed answer. What a key stands for, and what an
//! answer says, is the gateway's business.

use std::time::Duration;

use super::Hash;

/// What is asked for when a request comes with a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyClaim {
    /// Stands for the key within its scope.
    pub id: Hash,
    /// Stands for the request: a key is good for one.
    pub request: Hash,
    /// The request's own id, kept if this is the key's first attempt.
    pub request_id: String,
    /// Names the claim: only who holds a key may end it.
    pub holder: String,
    /// Whoever holds the key longer must renew the claim.
    pub lease: Duration,
    /// So long after its first attempt the key is forgotten.
    pub keep: Duration,
}

/// How a key stands after a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// The claim holds it.
    Claimed {
        /// An earlier attempt came to no known end: it may have acted.
        again: bool,
        /// Of the first attempt.
        request_id: String,
    },
    /// Somebody else is at work on it.
    InFlight,
    /// It has its answer.
    Answered(Vec<u8>),
    /// It was used for another request.
    OtherRequest,
}

/// How a claim ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyEnd<'a> {
    /// With this answer, from now on.
    Answered(&'a [u8]),
    /// Without one: the next claim is one `again`.
    Open,
    /// As if it had never been claimed.
    Forgotten,
}
