#!/usr/bin/env bash
# Runs the tests at instants at which calendars differ: each weekday, the end of a year, both days of each change of daylight
# saving time in Berlin and New York, half a minute before midnight UTC. Programs and databases are under the same faked clock.
# Needs `faketime` (Debian: `apt-get install faketime`). Arguments go to the test programs; without any, all tests run.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

command -v faketime >/dev/null || { echo "error: faketime is missing: apt-get install faketime" >&2; exit 1; }

INSTANTS=(
    '2026-11-23 10:00:00' # Monday
    '2026-11-24 10:00:00'
    '2026-11-25 10:00:00'
    '2026-11-26 10:00:00'
    '2026-11-27 10:00:00'
    '2026-11-28 10:00:00'
    '2026-11-29 10:00:00' # Sunday
    '2026-12-31 23:59:30' # the end of a year
    '2027-03-14 06:59:30' # New York: 02:00 becomes 03:00
    '2027-03-28 00:59:30' # Berlin: 02:00 becomes 03:00
    '2027-10-31 00:59:30' # Berlin: 03:00 becomes 02:00
    '2027-11-07 05:59:30' # New York: 02:00 becomes 01:00
    '2026-12-02 23:59:30' # midnight in the middle of a week
)

# Built by the true clock: cargo compares times of files.
programs=$(cargo test --workspace --no-run --message-format=json 2>/dev/null |
    python3 -c '
import json, os, sys
for line in sys.stdin:
    message = json.loads(line)
    if message.get("reason") == "compiler-artifact" and message.get("executable") and message["profile"]["test"]:
        print(os.path.dirname(message["manifest_path"]) + "\t" + message["executable"])
')

failed=0
for instant in "${INSTANTS[@]}"; do
    cluster=$(mktemp -d "${TMPDIR:-/tmp}/burntop-calendar.XXXXXX")
    chmod 711 "$cluster"
    while IFS=$'\t' read -r directory program; do
        # The clock runs on from the instant; timers follow the true one, so that waiting is neither endless nor void.
        log=$cluster/log
        if (cd "$directory" && TZ=UTC FAKETIME_DONT_FAKE_MONOTONIC=1 BURNTOP_TEST_CLUSTER=$cluster/postgres \
            faketime "$instant" "$program" "$@") >"$log" 2>&1; then
            continue
        fi
        failed=1
        printf '%s: %s\n' "$instant" "${program##*/}"
        grep -aE '^test .*FAILED|panicked' "$log" || tail -n 20 "$log"
    done <<<"$programs"
    printf '%s UTC: done\n' "$instant"
    rm -rf "$cluster" 2>/dev/null || true
done
exit "$failed"
