//! People and their profiles.

pub mod ports;
