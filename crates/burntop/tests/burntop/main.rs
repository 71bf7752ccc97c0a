//! The program against fixture homes and a small server over real HTTP.

mod damage;
mod fake_server;
mod fixture_home;
mod handover;
mod login;
mod offline;
mod privacy;
#[cfg(unix)]
mod service;
mod sync;
mod telemetry;
mod terminal;
