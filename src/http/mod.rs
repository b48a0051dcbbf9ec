//! The HTTP face: what comes in is decoded here, what goes out is rendered here. What a request
//! means, and what becomes of it, is left to the layers above.

pub mod decode;
