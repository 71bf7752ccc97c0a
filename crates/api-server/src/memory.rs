//! How the C library's allocator treats memory that was freed.
//!
//! glibc gives every thread that allocates an arena of its own and keeps what was freed there: after a few syncs of
//! whole histories on all threads, several times what is in use. Its limits are read once, before `main`, so the
//! program starts itself again with them; other C libraries do not read them.

use std::os::unix::process::CommandExt;
use std::process::Command;

/// The limits: two arenas, and large blocks go back to the system when they are freed. Measured in `docs/PERFORMANCE.md`.
const LIMITS: [(&str, &str); 3] =
    [("MALLOC_ARENA_MAX", "2"), ("MALLOC_MMAP_THRESHOLD_", "131072"), ("MALLOC_TRIM_THRESHOLD_", "131072")];

/// Makes this process one that gives memory back, unless an operator has set such limits already. Where it cannot start
/// itself again, it goes on as it is.
pub(crate) fn limit() {
    let is_set = LIMITS.iter().any(|(name, _)| std::env::var_os(name).is_some());
    if is_set || !cfg!(target_env = "gnu") {
        return;
    }
    if let Ok(program) = std::env::current_exe() {
        // Returns only when it failed.
        let _ = Command::new(program).args(std::env::args_os().skip(1)).envs(LIMITS).exec();
    }
}
