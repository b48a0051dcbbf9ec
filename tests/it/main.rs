//! The one integration binary.

mod sim_jumpcloud;
