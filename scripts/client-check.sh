#!/usr/bin/env bash
# Generates a TypeScript client from openapi.json, compiles it, and signs in, syncs and reads with it.
# Uses the server at BURNTOP_API, or starts one.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if ! command -v npm >/dev/null || ! node -e 'process.exit(Number(process.versions.node.split(".")[0] < 20))' 2>/dev/null; then
    echo "SKIPPED: the check of a generated client needs node 20 or newer with npm"
    exit 0
fi
if [ -z "${BURNTOP_API:-}" ]; then
    exec scripts/with-server.sh scripts/client-check.sh
fi

cd scripts/client-check
npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
npm run --silent generate
npm run --silent compile
npm run --silent start
