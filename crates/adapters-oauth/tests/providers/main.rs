//! The providers over real HTTP, against a server that answers what a test tells it and notes what it was asked.

mod failures;
mod github;
mod gitlab;
mod ours;
