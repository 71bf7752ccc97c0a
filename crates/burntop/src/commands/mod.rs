//! One file per command.

pub(crate) mod completions;
pub(crate) mod doctor;
pub(crate) mod explain;
pub(crate) mod login;
pub(crate) mod logout;
pub(crate) mod service;
pub(crate) mod stats;
pub(crate) mod statusline;
pub(crate) mod sync;
pub(crate) mod whoami;
