//! The one integration binary.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a panic is how a test fails")]

mod architecture;
mod broker;
mod connectors;
mod connectors_auth;
mod decode;
mod decode_bodies;
mod decode_encodings;
mod decode_refusals;
mod decode_roundtrip;
mod definitions;
mod expression;
mod gateway;
mod messages;
mod openapi;
mod process;
mod readme;
mod sim_guardhouse;
mod sim_jumpcloud;
mod sim_slack_enterprise;
mod sim_voucherify;
mod storage;
mod storage_records;
mod tokens;
mod transport;
mod vault;
