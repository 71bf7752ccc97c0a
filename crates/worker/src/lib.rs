//! What runs beside the server: for now, the commands of an operator.

pub mod cleanup;
pub mod import;
pub mod rebuild;
