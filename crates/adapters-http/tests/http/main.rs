//! The edge, tried over the wire against a real server.

mod edge;
mod errors;
mod support;
