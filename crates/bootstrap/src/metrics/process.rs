//! Metrics of the process, under the names that all programs with Prometheus metrics use. Most are read from `/proc`, so other
//! systems than Linux only have the start time.

use domain::clock::Clock;
use metrics::{describe_counter, describe_gauge, gauge};
use time::OffsetDateTime;

use crate::system::SystemClock;

/// Describes the metrics, and records the start of the process, which has just begun.
pub(super) fn describe() {
    describe_gauge!("process_start_time_seconds", "When the process started, in seconds since 1970");
    describe_counter!("process_cpu_seconds_total", "CPU time of the process, in whole seconds");
    describe_gauge!("process_resident_memory_bytes", "Resident memory");
    describe_gauge!("process_virtual_memory_bytes", "Virtual memory");
    describe_gauge!("process_threads", "Threads");
    describe_gauge!("process_open_fds", "Open file descriptors");
    describe_gauge!("process_max_fds", "The most open file descriptors");
    let started = SystemClock.now() - OffsetDateTime::UNIX_EPOCH;
    gauge!("process_start_time_seconds").set(started.as_seconds_f64());
}

/// Records the current values.
pub(super) fn record() {
    #[cfg(target_os = "linux")]
    linux::record();
}

#[cfg(target_os = "linux")]
mod linux {
    use std::fs;

    use metrics::{counter, gauge};
    use rustix::param::{clock_ticks_per_second, page_size};
    use rustix::process::{Resource, getrlimit};

    pub(super) fn record() {
        if let Some(used) = fs::read_to_string("/proc/self/stat").ok().and_then(|stat| Used::parse(&stat)) {
            counter!("process_cpu_seconds_total").absolute(used.cpu_ticks / clock_ticks_per_second().max(1));
            gauge!("process_virtual_memory_bytes").set(float(used.virtual_bytes));
            gauge!("process_resident_memory_bytes").set(float(used.resident_pages.saturating_mul(page_size() as u64)));
            gauge!("process_threads").set(float(used.threads));
        }
        if let Ok(open) = fs::read_dir("/proc/self/fd") {
            // Without the one that reads the directory.
            gauge!("process_open_fds").set(float((open.count() as u64).saturating_sub(1)));
        }
        let most = getrlimit(Resource::Nofile).current;
        gauge!("process_max_fds").set(most.map_or(f64::INFINITY, float));
    }

    #[expect(clippy::cast_precision_loss, reason = "exact up to 2^53")]
    fn float(value: u64) -> f64 {
        value as f64
    }

    /// What a process uses, from its `stat` file (see `proc(5)`).
    #[derive(Debug, PartialEq, Eq)]
    struct Used {
        /// In user and kernel mode.
        cpu_ticks: u64,
        threads: u64,
        virtual_bytes: u64,
        resident_pages: u64,
    }

    impl Used {
        fn parse(stat: &str) -> Option<Self> {
            // The second field is the name of the program in parentheses, which may contain anything.
            let (_, rest) = stat.rsplit_once(") ")?;
            let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
            // `rest` begins with the third field.
            let field = |number: usize| fields.get(number - 3)?.parse().ok();
            let (user, system): (u64, u64) = (field(14)?, field(15)?);
            Some(Self {
                cpu_ticks: user + system,
                threads: field(20)?,
                virtual_bytes: field(23)?,
                resident_pages: field(24)?,
            })
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn stat_of_a_process_is_read_with_any_program_name() {
            let numbers: Vec<String> = (4..=52).map(|number| number.to_string()).collect();
            let used = Used { cpu_ticks: 14 + 15, threads: 20, virtual_bytes: 23, resident_pages: 24 };
            for name in ["api-server", "a b", ") S ("] {
                let stat = format!("1 ({name}) S {}", numbers.join(" "));
                assert_eq!(Used::parse(&stat).as_ref(), Some(&used), "{name}");
            }
            assert_eq!(Used::parse("1 (short) S 4 5"), None);
        }

        #[test]
        fn stat_of_this_process_has_memory_and_threads() {
            let used = Used::parse(&fs::read_to_string("/proc/self/stat").unwrap()).unwrap();
            assert!(used.threads > 0 && used.resident_pages > 0 && used.virtual_bytes > 0, "{used:?}");
        }
    }
}
