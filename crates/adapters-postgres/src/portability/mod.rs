//! Export and import of whole accounts.

mod export;
mod import;
mod rows;

/// The rows of a page, which bounds the memory of an export.
const PAGE: usize = 2_000;
