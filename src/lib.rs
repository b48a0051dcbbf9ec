//! Offramp: a self-hosted unified-API gateway that takes a role away from a user in any
//! connected SaaS and proves it. The engine is here; what each provider wants is data, in `connectors/`.

pub mod audit;
pub mod cli;
pub mod config;
pub mod connector;
pub mod credentials;
pub mod engine;
pub mod expression;
pub mod gateway;
pub mod http;
pub mod model;
pub mod sandbox;
pub mod storage;
pub mod suite;
pub mod transport;
