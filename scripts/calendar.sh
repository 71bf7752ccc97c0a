#!/usr/bin/env bash
# Runs the tests half a minute before midnight UTC of special days: each weekday, the last day of a year, and the days on which daylight
# saving time begins and ends in Berlin and in New York. Prints the failures of each day.
#
# Each instant has a mount namespace in which /etc/ld.so.preload loads clock_shift.c into all programs, including PostgreSQL and
# programs with an empty environment. Needs root and a C compiler.
# Arguments select instants by a part of their text; without arguments all are run.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

[ "$(id -u)" = 0 ] || { echo "error: mount namespaces need root" >&2; exit 1; }

INSTANTS=(
    '2026-11-30 23:59:30' # Monday
    '2026-12-01 23:59:30'
    '2026-12-02 23:59:30'
    '2026-12-31 23:59:30' # Thursday, the last day of a year
    '2026-12-04 23:59:30'
    '2026-12-05 23:59:30'
    '2027-03-14 23:59:30' # Sunday; summer begins in New York
    '2027-03-28 23:59:30' # Sunday; summer begins in Berlin
    '2027-10-31 23:59:30' # Sunday; summer ends in Berlin
    '2027-11-07 23:59:30' # Sunday; summer ends in New York
)

# Runs each test program at the instant with a new cluster, because a running one would keep the clock of the program before.
run_at() {
    local instant=$1 programs=$2 home failed=0
    home=$(mktemp -d "${TMPDIR:-/tmp}/burntop-calendar.XXXXXX")
    chmod 711 "$home"
    mount -t tmpfs none "$home"
    chmod 711 "$home"
    mkdir "$home/upper" "$home/work"
    cc -O2 -shared -fPIC -o "$home/clock_shift.so" scripts/clock_shift.c
    mount -t overlay overlay -o "lowerdir=/etc,upperdir=$home/upper,workdir=$home/work" /etc
    local then
    then=$(date -u -d "$instant" +%s)
    export TZ=UTC BURNTOP_TEST_CLUSTER=$home/cluster
    while IFS=$'\t' read -r directory program; do
        echo $((then - $(date +%s))) >/etc/clock-shift
        echo "$home/clock_shift.so" >/etc/ld.so.preload
        if ! (cd "$directory" && "$program") >"$home/log" 2>&1; then
            failed=1
            printf '%s: %s\n' "$instant" "${program##*/}"
            grep -aE '^test .*FAILED|panicked' "$home/log" || tail -n 20 "$home/log"
        fi
        rm -f /etc/ld.so.preload
        if [ -e "$home/cluster/data/postmaster.pid" ]; then
            kill -QUIT "$(head -n 1 "$home/cluster/data/postmaster.pid")" || true
        fi
        rm -rf "$home/cluster"
    done <"$programs"
    printf '%s UTC: %s\n' "$instant" "$([ $failed = 0 ] && echo ok || echo failed)"
    return $failed
}

if [ "${1-}" = --at ]; then
    run_at "$2" "$3"
    exit
fi

# The build uses the true clock, because cargo compares the times of files.
cargo build --workspace
programs=$(mktemp)
trap 'rm -f "$programs"' EXIT
cargo test --workspace --no-run --message-format=json 2>/dev/null |
    python3 -c '
import json, os, sys
for line in sys.stdin:
    message = json.loads(line)
    if message.get("reason") == "compiler-artifact" and message.get("executable") and message["profile"]["test"]:
        print(os.path.dirname(message["manifest_path"]) + "\t" + message["executable"])
' >"$programs"

failed=0
for instant in "${INSTANTS[@]}"; do
    selected=$(($# == 0))
    for part in "$@"; do
        [[ $instant != *"$part"* ]] || selected=1
    done
    [ "$selected" = 1 ] || continue
    unshare --mount "$0" --at "$instant" "$programs" || failed=1
done
exit "$failed"
