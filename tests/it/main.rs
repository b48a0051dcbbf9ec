//! The one integration binary.

mod sim_guardhouse;
