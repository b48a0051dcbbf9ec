//! The one integration binary.

mod connectors;
mod sim_guardhouse;
mod decode;
mod decode_bodies;
mod decode_encodings;
mod decode_refusals;
mod decode_roundtrip;
mod transport;
mod sim_jumpcloud;
