//! Who is who: registration, sign-in, sessions.

pub mod ports;
