//! Limits the memory that the C library's allocator keeps after it is freed.
//!
//! glibc gives each allocating thread an arena, and freed memory stays in its arena. After a few syncs of whole histories on all
//! threads, the arenas hold several times the memory in use. glibc reads its limits once, before `main`, so the program executes
//! itself again with them; other C libraries do not read them.

use std::os::unix::process::CommandExt;
use std::process::Command;

/// Two arenas, and large blocks return to the system when they are freed. Measured in `docs/PERFORMANCE.md`.
const LIMITS: [(&str, &str); 3] =
    [("MALLOC_ARENA_MAX", "2"), ("MALLOC_MMAP_THRESHOLD_", "131072"), ("MALLOC_TRIM_THRESHOLD_", "131072")];

/// Executes the program again with the limits, unless the operator has set one of them. If that fails, it continues without them.
pub(crate) fn limit() {
    let is_set = LIMITS.iter().any(|(name, _)| std::env::var_os(name).is_some());
    if is_set || !cfg!(target_env = "gnu") {
        return;
    }
    if let Ok(program) = std::env::current_exe() {
        // Returns only on failure.
        let _ = Command::new(program).args(std::env::args_os().skip(1)).envs(LIMITS).exec();
    }
}
