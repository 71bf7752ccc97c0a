//! The harness of the stories: real processes on databases of their own, accounts, and their requests.
//!
//! A story in `tests/<context>.rs` starts a [`Server`], registers a [`TestUser`] or two, [syncs](TestUser::sync) a [`Batch`] of
//! [`TestMessage`]s, and checks the answers of the API or the [`AccountRows`] in the database:
//!
//! ```no_run
//! # use tests::{Batch, Server, TestMessage, TestUser};
//! # async fn story() {
//! let server = Server::start().await;
//! let ada = TestUser::register(&server, "ada").await;
//! ada.sync(&Batch::of([TestMessage::new("m1").output(7)])).await;
//! assert_eq!(ada.overview().await["total_tokens"], 7);
//! # }
//! ```
//!
//! The programs are in the directory of this test's own build (`target/debug` for `cargo test`). A missing program, or one older than
//! its sources, is built first, so `cargo test -p tests` alone is enough. Databases are copies of a migrated template in the cluster
//! that all tests of the machine share. Each test gets an empty one within milliseconds, whether tests run as threads (`cargo test`)
//! or processes (`cargo nextest run`). A failing story prints the end of its server's log and its random seed.

#![expect(clippy::missing_panics_doc, reason = "a story that cannot go on fails")]

mod client;
mod database;
mod events;
mod facts;
mod id_tokens;
mod messages;
mod people;
mod programs;
mod provider;
mod random;
mod scrape;
mod server;
mod smtp;
mod time;
mod tls;
mod worker;

pub use client::{ApiResponse, Client};
pub use database::{Database, HeldLock};
pub use events::{Event, Events};
pub use facts::AccountRows;
pub use messages::{Batch, TestMessage};
pub use people::{PASSWORD, TestUser};
pub use programs::program;
pub use provider::{CLIENT_ID, CLIENT_SECRET, FakeProvider, ProviderFault, ProviderUser};
pub use random::{MODELS, Random};
pub use scrape::Scrape;
pub use server::{Server, wait_until};
pub use smtp::{FakeSmtp, ReceivedEmail, SmtpBehavior};
pub use time::{instant, is_summed_up_in, noon_zone, now};
pub use tls::{Identity, TlsStart};
pub use worker::Worker;
