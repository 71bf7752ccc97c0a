//! Starts a private PostgreSQL from the binaries on this machine, or from a release that is downloaded once.
//!
//! A data directory has these files; only `cluster/` belongs to PostgreSQL:
//!
//! ```text
//! .burntop-data    the marker of a data directory of burntop
//! lock             held (flock) by the process that runs the cluster; contains its pid
//! password         the password of the database role, readable only by its owner
//! port             the loopback port used last, kept so that attached programs find it again
//! postmaster       pid and start of the server process, to recognise it later
//! postgres.log     the log of PostgreSQL
//! cluster/         the PostgreSQL cluster, owned by the user that runs it
//! postgresql/      downloaded releases of PostgreSQL, one directory a version
//! ```
//!
//! ```no_run
//! use embedded_postgres::{Cluster, ClusterOptions, DataDir, PathOrigin};
//!
//! # fn main() -> Result<(), embedded_postgres::Error> {
//! let dir = DataDir::resolve("./.burntop".as_ref(), PathOrigin::Default)?;
//! let cluster = Cluster::start(&dir, &ClusterOptions::default())?;
//! println!("{}", cluster.url());
//! cluster.stop()
//! # }
//! ```

mod account;
mod archive;
mod binaries;
mod cluster;
mod create;
mod directory;
mod error;
mod files;
mod postmaster;
mod release;
mod sql;
pub mod testing;

pub use account::Account;
pub use binaries::{Binaries, MINIMUM_MAJOR};
pub use cluster::{Cluster, ClusterOptions, Durability, attach};
pub use directory::{DataDir, PathOrigin};
pub use error::Error;
pub use release::{Download, DownloadedChunk, Release};

/// The database that each cluster is created with.
pub const DATABASE: &str = "burntop";

/// The role that owns the cluster and the database.
pub const ROLE: &str = "burntop";
