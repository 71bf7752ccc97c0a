//! Starts a private PostgreSQL from the binaries on this machine.
//!
//! A data directory looks like this; only `cluster/` is PostgreSQL's own:
//!
//! ```text
//! .burntop-data    the marker: this directory is ours
//! lock             held (flock) by the process that runs the cluster; says its pid
//! password         the database user's password, readable by its owner alone
//! port             the loopback port used last, kept so that attached programs find it again
//! postmaster       number and start of the server process, by which it is recognised later
//! postgres.log     what PostgreSQL says
//! cluster/         the PostgreSQL cluster, owned by the account that runs it
//! ```
//!
//! ```no_run
//! use embedded_postgres::{Cluster, DataDir, Options, Origin};
//!
//! # fn main() -> Result<(), embedded_postgres::Error> {
//! let dir = DataDir::resolve("./.burntop".as_ref(), Origin::Default)?;
//! let cluster = Cluster::start(&dir, &Options::default())?;
//! println!("{}", cluster.url());
//! cluster.stop()
//! # }
//! ```

mod account;
mod binaries;
mod cluster;
mod create;
mod directory;
mod error;
mod files;
mod postmaster;
mod sql;
pub mod testing;

pub use account::Account;
pub use binaries::{Binaries, MINIMUM_MAJOR};
pub use cluster::{Cluster, Durability, Options, attach};
pub use directory::{DataDir, Origin};
pub use error::Error;

/// The database that every cluster is created with.
pub const DATABASE: &str = "burntop";

/// The role that owns the cluster and the database.
pub const ROLE: &str = "burntop";
