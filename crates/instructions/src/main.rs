//! Fixed work whose processor instructions `scripts/instructions.py` counts.
//!
//! A workload has no clock, no randomness and no I/O, so its count depends on the code and the compiler, not on the machine's load.
//! Only hash maps have random seeds, which move a count by far less than the tolerance.

mod messages;
mod progress;
mod ranking;
mod syncs;

use std::hint::black_box;

/// Work that is prepared and then counted.
pub(crate) struct Workload {
    name: &'static str,
    /// How many of the named operations one run does. The count of one operation is recorded.
    operations: u32,
    prepare: Box<dyn Fn() -> PreparedRun>,
}

type PreparedRun = Box<dyn FnOnce()>;

impl Workload {
    /// `prepare` makes the input of a run, which is not counted; `run` is counted, and so is dropping its input and result.
    fn new<I: 'static, O>(
        name: &'static str,
        operations: u32,
        prepare: impl Fn() -> I + 'static,
        run: impl Fn(I) -> O + Copy + 'static,
    ) -> Self {
        let prepare = move || -> PreparedRun {
            let input = prepare();
            Box::new(move || drop(black_box(run(black_box(input)))))
        };
        Self { name, operations, prepare: Box::new(prepare) }
    }
}

/// Runs each workload, and prints a line for each in the order in which they were counted.
fn main() {
    for workload in [syncs::workloads(), progress::workloads(), ranking::workloads()].into_iter().flatten() {
        counted(prepared(&workload));
        println!("{}\t{}", workload.operations, workload.name);
    }
}

/// Callgrind writes what it counted whenever this function or [`counted`] ends.
#[inline(never)]
fn prepared(workload: &Workload) -> PreparedRun {
    // A first run, so that what a process does only once is not counted.
    (workload.prepare)()();
    (workload.prepare)()
}

#[inline(never)]
fn counted(run: PreparedRun) {
    run();
}
