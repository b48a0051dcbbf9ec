//! Offramp: a self-hosted unified-API gateway that takes a role away from a user in any
//! connected SaaS and proves it. The engine is here; what each provider wants is data, in `connectors/`.

pub mod credentials;
pub mod model;
pub mod sandbox;
pub mod storage;
