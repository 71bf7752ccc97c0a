#!/usr/bin/env bash
# Builds api-server, starts it with an embedded PostgreSQL in a temporary directory and without rate limits, runs the given command with
# BURNTOP_API set to the server's address and BURNTOP_LOG to the file of its log, and stops the server.
# Fails if the command fails, or if the server ends early, logs errors or does not stop with status 0.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if [ $# -eq 0 ]; then
    echo "usage: $0 command [argument…]" >&2
    exit 2
fi

cargo build --locked --quiet -p api-server
program=${CARGO_TARGET_DIR:-target}/debug/api-server

home=$(mktemp -d)
# For root PostgreSQL runs as another user, which must be able to enter the directory.
chmod 711 "$home"
log=$home/log
server=

cleanup() {
    if [ -n "$server" ]; then
        kill "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
    fi
    rm -rf "$home"
}
trap cleanup EXIT

# The provider is a port without a listener: a sign-in through it can begin but not complete.
env -u DATABASE_URL \
    GITHUB_CLIENT_ID=attack GITHUB_CLIENT_SECRET=attack GITHUB_URL=http://127.0.0.1:9 GITHUB_API_URL=http://127.0.0.1:9 \
    PORT=0 METRICS_BIND='' PRICING_URL='' BURNTOP_DATA_DIR="$home/data" \
    BURNTOP__RATE_LIMITS__AUTH_PER_MINUTE=0 BURNTOP__RATE_LIMITS__FAILED_LOGINS_PER_MINUTE=0 \
    BURNTOP__RATE_LIMITS__SYNC_PER_MINUTE=0 BURNTOP__RATE_LIMITS__DEFAULT_PER_MINUTE=0 \
    "$program" >"$log" 2>&1 &
server=$!

# Prints the end of the log, and fails.
tell() {
    printf 'error: %s; the end of its log:\n' "$1" >&2
    tail -n 40 "$log" >&2
    exit 1
}

# The listening address; the one that the server prints may be that of a proxy.
ready() {
    address=$(grep -aoE -m 1 'ready( address=|","address":")[0-9.:]+' "$log") && address=http://${address##*[=\"]}
}
for _ in {1..600}; do
    ready && break
    kill -0 "$server" 2>/dev/null || tell "the server ended during its start"
    sleep 0.1
done
ready || tell "the server is not ready after a minute"
export BURNTOP_API=$address BURNTOP_LOG=$log

"$@" || {
    status=$?
    echo "the end of the server's log:" >&2
    grep -aE 'ERROR|panicked' "$log" | tail -n 20 >&2 || true
    exit "$status"
}

kill -0 "$server" 2>/dev/null || tell "the server ended during the command"
if grep -aE ' ERROR |"level":"ERROR"|panicked at' "$log" >/dev/null; then
    grep -aE ' ERROR |"level":"ERROR"|panicked at' "$log" | head -n 20 >&2
    tell "the server logged errors"
fi
kill "$server"
status=0
wait "$server" || status=$?
server=
[ "$status" -eq 0 ] || tell "the server ended with status $status"
