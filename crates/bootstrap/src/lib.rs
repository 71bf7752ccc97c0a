//! What both programs share before they are programs: configuration, telemetry, the clock, the database and the prices.

pub mod database;
pub mod out;
pub mod passwords;
pub mod prices;
pub mod service;
pub mod settings;
pub mod signals;
pub mod startup;
pub mod store;
pub mod system;
pub mod telemetry;

pub use settings::Settings;
pub use startup::StartupError;
