//! Accounts and their credentials: encrypted at rest, at work as headers. Knows nothing of the unified model.

mod account;
mod session;

pub use account::{Account, BaseUrl, Context, ContextError, KnownRole};
pub use session::{AuthHeaders, Bearer, Session, SessionError};
