//! Export and import of whole accounts.

mod export;
mod import;
mod rows;
