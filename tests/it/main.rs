//! The one integration binary.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a panic is how a test fails")]

mod architecture;
mod audit;
mod broker;
mod canary;
mod connector_docs;
mod connector_schema;
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
mod lints;
mod many_definitions;
mod mapping;
mod messages;
mod openapi;
mod process;
mod provider_documents;
mod readme;
mod sim_blackline;
mod sim_crowdstrike;
mod sim_devicehive;
mod sim_elastic_cloud;
mod sim_guardhouse;
mod sim_jumpcloud;
mod sim_slack_enterprise;
mod sim_teamviewer;
mod sim_voucherify;
mod storage;
mod storage_records;
mod suite;
mod tenth;
mod tokens;
mod transport;
mod unified_users;
mod vault;
mod vault_keys;
