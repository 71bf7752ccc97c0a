//! Randomness: the id of a machine, names of temporary files, jitter.

/// A random number.
pub(crate) fn number() -> u64 {
    rand::random()
}

/// A random number from 0 up to 1.
pub(crate) fn fraction() -> f64 {
    rand::random()
}
