//! The one integration binary.

mod storage;
mod storage_records;
mod vault;
