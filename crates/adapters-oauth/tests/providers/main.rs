//! The providers over real HTTP, against a server with scripted answers that records its requests.

mod failures;
mod github;
mod gitlab;
mod issuer;
mod oidc;
mod ours;
