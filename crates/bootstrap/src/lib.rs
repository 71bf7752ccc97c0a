//! The parts that both programs share: configuration, telemetry, metrics, clock, ids, the adapters, the
//! database and the price book.

pub mod adapters;
pub mod database;
pub mod manual;
pub mod metrics;
pub mod out;
pub mod passwords;
pub mod postgres_release;
pub mod prices;
pub mod registration;
pub mod service;
pub mod settings;
pub mod signals;
pub mod startup;
pub mod store;
pub mod system;
pub mod telemetry;
#[cfg(feature = "otlp")]
mod traces;
pub mod version;

pub use settings::Settings;
pub use startup::StartupError;
