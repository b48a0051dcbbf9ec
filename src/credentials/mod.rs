//! Accounts and their credentials: encrypted at rest, at work as headers. Knows nothing of the unified model.

mod account;
pub mod api_token;
mod keeper;
mod key_file;
mod key_ring;
mod mask;
mod master_key;
mod messages;
mod said;
mod session;
mod token;
pub mod vault;

pub use account::{Account, BaseUrl, Context, ContextError, KnownRole};
pub use keeper::{KeeperError, SecretKeeper, Secrets};
pub use mask::{MASK, Mask};
pub use messages::{MessageSession, OpenSession, Unanswered};
pub use said::Said;
pub use session::{AuthHeaders, Bearer, Session};
pub use token::SessionError;
