//! The one integration binary.

mod sim_slack_enterprise;
