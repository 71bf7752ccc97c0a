//! What every command has at hand.

use crate::failure::Failure;
use crate::output::Output;
use crate::paths::Paths;

pub(crate) struct Context {
    pub(crate) paths: Paths,
    pub(crate) output: Output,
}

impl Context {
    pub(crate) fn new(is_json: bool) -> Result<Self, Failure> {
        Ok(Self { paths: Paths::from_env()?, output: Output::new(is_json) })
    }
}
