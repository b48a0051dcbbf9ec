//! The HTTP face: what comes in is decoded here, what goes out is rendered here. What a request
//! means, and what becomes of it, is left to the layers above.

mod accounts;
mod audit;
pub mod decode;
mod error;
mod extract;
mod health;
mod idempotency;
mod kept_stream;
mod limits;
mod openapi;
mod respond;
mod router;
mod tokens;
mod unassign;

use axum::body::Body;
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;

use crate::model::RequestError;
use error::ApiError;

pub use openapi::document;
pub use router::router;

/// What every handler may know of the server it runs in.
#[derive(Clone, Copy, Debug)]
pub struct Site {
    pub limits: decode::Limits,
}

/// Reads a request's body, up to the limit.
async fn read_body(body: Body, limit_bytes: usize) -> Result<Bytes, ApiError> {
    match Limited::new(body, limit_bytes).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => {
            let message = format!("the body is larger than {limit_bytes} bytes");
            Err(RequestError { too_large: true, ..RequestError::new(message) }.into())
        }
        Err(error) => Err(RequestError::new(format!("the body did not arrive whole: {error}")).into()),
    }
}

/// Reads a JSON body of ours.
async fn parse_body<T: DeserializeOwned>(body: Body, limit_bytes: usize) -> Result<T, ApiError> {
    let body = read_body(body, limit_bytes).await?;
    serde_json::from_slice(&body).map_err(|error| RequestError::new(format!("body: {error}")).into())
}
