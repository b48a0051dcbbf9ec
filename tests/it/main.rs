//! The one integration binary.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a panic is how a test fails")]

mod architecture;
mod connectors;
mod decode;
mod decode_bodies;
mod decode_encodings;
mod decode_refusals;
mod decode_roundtrip;
mod definitions;
mod expression;
mod gateway;
mod mapping;
mod openapi;
mod process;
mod readme;
mod sim_guardhouse;
mod sim_jumpcloud;
mod sim_slack_enterprise;
mod sim_voucherify;
mod storage;
mod storage_records;
mod transport;
mod vault;
