#!/usr/bin/env python3
"""Counts the processor instructions of fixed work under valgrind, and compares them with crates/instructions/counts.json.

A count differs by up to 1 % between runs of one build, so a difference of 10 % comes from the code or from the compiler. More
instructions fail, and so do fewer: a gain that is not recorded could be lost again unnoticed. With --record the file is written.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RECORDED = ROOT / "crates/instructions/counts.json"
# The two functions of crates/instructions/src/main.rs whose ends separate preparation from counted work. A mangled name has the
# length of each part before it.
SEPARATORS = ["*8prepared*", "*7counted*"]
TOLERANCE = 0.1
# The C library copies memory with what the processor has, which would count differently on another machine.
PLAIN_COPIES = {"GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX,-AVX2,-AVX_Fast_Unaligned_Load,-ERMS"}


# The crates whose code is counted are optimised as in a release. All others are those of the development build with the features of
# api-server, so that CI compiles none of them again.
OPTIMISED = ["domain", "portable", "adapters-http", "instructions"]
RELEASE = {"opt-level": 3, "codegen-units": 16, "debug": "false", "debug-assertions": "false", "overflow-checks": "false"}


def build():
    """Builds the program; returns its path."""
    command = ["cargo", "build", "--locked", "--quiet", "-p", "api-server", "-p", "instructions", "--bin", "instructions"]
    for crate in OPTIMISED:
        for setting, value in RELEASE.items():
            command += ["--config", f"profile.dev.package.{crate}.{setting}={value}"]
    subprocess.run(command, cwd=ROOT, env=os.environ | {"CARGO_INCREMENTAL": "0"}, check=True)
    return ROOT / os.environ.get("CARGO_TARGET_DIR", "target") / "debug/instructions"


def count(program):
    """The instructions of one operation of each workload, by name."""
    with tempfile.TemporaryDirectory() as directory:
        command = ["valgrind", "--tool=callgrind", "--demangle=no", f"--callgrind-out-file={directory}/counts"]
        command += [f"--dump-after={function}" for function in SEPARATORS]
        done = subprocess.run([*command, program], capture_output=True, text=True, env=os.environ | PLAIN_COPIES)
        if done.returncode:
            sys.exit(f"error: {program} failed under valgrind:\n{done.stderr}")
        # Files counts.1, counts.2 …: in turn what preparation and what the work took. The one without a number is the end.
        parts = sorted(Path(directory).glob("counts.*"), key=lambda path: int(path.suffix[1:]))
        totals = [int(re.search(r"^totals: (\d+)$", path.read_text(), re.M)[1]) for path in parts]
    workloads = [line.split("\t") for line in done.stdout.splitlines()]
    if len(totals) != 2 * len(workloads):
        sys.exit(f"error: callgrind wrote {len(totals)} parts for {len(workloads)} workloads")
    return {name: round(total / int(operations)) for total, (operations, name) in zip(totals[1::2], workloads)}


def compare(recorded, counted):
    """Prints a table; returns the names of the workloads that differ."""
    different = []
    width = max(map(len, recorded | counted))
    print(f"{'':{width}} {'recorded':>13} {'counted':>13} {'change':>8}")
    for name in list(recorded | counted):
        before, now = recorded.get(name), counted.get(name)
        change = (now / before - 1) if before and now else None
        if change is None or abs(change) > TOLERANCE:
            different.append(name)
        cells = [f"{number:,}" if number else "-" for number in (before, now)]
        shown = "" if change is None else f"{change:+.1%}"
        print(f"{name:{width}} {cells[0]:>13} {cells[1]:>13} {shown:>8}{'  <--' if name in different else ''}")
    return different


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--record", action="store_true", help="write the counts of the present code")
    record = arguments.parse_args().record
    recorded = json.loads(RECORDED.read_text()) if RECORDED.exists() else {}
    counted = count(build())
    different = compare(recorded, counted)
    if record:
        RECORDED.write_text(json.dumps(counted, indent=2) + "\n")
        print(f"{RECORDED.relative_to(ROOT)} is written")
    elif different:
        sys.exit(
            f"error: {len(different)} counts differ by more than {TOLERANCE:.0%}: mend the code, or record them with "
            "`just instructions --record` and say in the commit why they changed"
        )


if __name__ == "__main__":
    main()
