//! The table over real HTTP, against a server that answers what a test tells it and notes what it was asked.

mod fetching;
mod rows;
mod tables;
