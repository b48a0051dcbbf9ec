//! The words of the contract as types: requests, outcomes, errors. No I/O and no provider here.

mod error;
mod outcome;
mod request;
mod user;

pub use error::{ErrorKind, RequestError};
pub use outcome::{HeldBefore, Outcome, Verified};
pub use request::{NamedRef, Options, ResponseFormat, RoleRef, UnassignRequest, VerifyMode};
pub use user::{FieldType, USER_FIELDS, USER_STATUSES};
