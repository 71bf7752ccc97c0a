//! Builds this crate anew when a migration changes: `embed_migrations!` does not tell cargo what it has read.

fn main() {
    println!("cargo::rerun-if-changed=../../migrations");
}
