//! The one integration binary.

mod connectors;
mod sim_guardhouse;
