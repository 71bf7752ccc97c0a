//! The table over real HTTP, against a server with scripted answers that records its requests.

mod fetching;
mod rows;
mod tables;
