//! Secrets: the accounts' own, encrypted at rest, and the API tokens that let a caller in.
//! Where the sealed bytes and the hashes are kept is storage's business.

pub mod api_token;
mod master_key;
pub mod vault;
