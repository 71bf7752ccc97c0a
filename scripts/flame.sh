#!/usr/bin/env bash
# Writes a flame graph of the server under load: scripts/flame.sh trickle|auth-me [argument of loadgen…]
# Needs perf and inferno (`cargo install inferno`), and the programs: cargo build --profile dist -p api-server -p worker -p loadgen.
# BURNTOP_PROGRAMS names another directory of them. The graph is flame-<load>.svg in the current directory; FLAME_SVG names another file.
set -euo pipefail

case ${1-} in
    trickle) load=(trickle --rounds 1) ;;
    auth-me) load=(reads --only /auth/me) ;;
    *)
        echo "usage: $0 trickle|auth-me [argument of loadgen…]" >&2
        exit 2
        ;;
esac
name=$1
shift

svg=${FLAME_SVG:-flame-$name.svg}
programs=${BURNTOP_PROGRAMS:-$(dirname "${BASH_SOURCE[0]}")/../target/dist}
for tool in perf inferno-collapse-perf inferno-flamegraph "$programs/loadgen"; do
    command -v "$tool" >/dev/null || { echo "error: $tool is missing" >&2; exit 1; }
done

samples=$(mktemp -d)
loadgen=
cleanup() {
    if [ -n "$loadgen" ]; then
        kill "$loadgen" 2>/dev/null || true
    fi
    rm -rf "$samples"
}
trap cleanup EXIT

"$programs/loadgen" "${load[@]}" "$@" &
loadgen=$!
server=
until [ -n "$server" ]; do
    kill -0 "$loadgen" 2>/dev/null || { echo "error: loadgen ended before the server started" >&2; exit 1; }
    server=$(pgrep -P "$loadgen" -x api-server) || sleep 0.1
done
# Until the server ends. It is idle while the community is made, so nearly all samples are of the load. The programs have no frame
# pointers, so perf copies as much of the stack as it can, and unwinds it later. Deeper stacks begin with [unknown].
perf record --quiet --freq 99 --call-graph dwarf,65528 --pid "$server" --output "$samples/perf.data"
status=0
wait "$loadgen" || status=$?
loadgen=
[ "$status" -eq 0 ] || exit "$status"
perf script --no-inline --max-stack 1024 --input "$samples/perf.data" 2>/dev/null | inferno-collapse-perf | inferno-flamegraph --title "$name" >"$svg"
echo "$svg is written"
