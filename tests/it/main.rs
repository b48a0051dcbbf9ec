//! The one integration binary.

mod connectors;
mod decode;
mod decode_bodies;
mod decode_encodings;
mod decode_refusals;
mod decode_roundtrip;
mod sim_guardhouse;
mod sim_jumpcloud;
mod sim_slack_enterprise;
mod storage;
mod storage_records;
mod transport;
mod vault;
