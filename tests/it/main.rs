//! The one integration binary.

mod connectors;
