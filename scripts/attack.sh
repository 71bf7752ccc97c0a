#!/usr/bin/env bash
# Attacks the API with requests generated from openapi.json (schemathesis, all checks). `attack.sh short` takes a minute or two and
# sends the same requests each time; `attack.sh long` sends 10,000 or more, different ones each time.
# Uses the server at BURNTOP_API, or starts one.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

length=${1:-long}
if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
    echo "SKIPPED: the attack needs python3 (3.10 or newer) with venv"
    exit 0
fi
if [ -z "${BURNTOP_API:-}" ]; then
    exec scripts/with-server.sh "scripts/attack.sh" "$length"
fi

# Tools are kept in a cache outside the repository.
venv=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/burntop/attack
requirements=scripts/attack/requirements.txt
if ! cmp -s "$requirements" "$venv/requirements.txt"; then
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" --quiet --disable-pip-version-check install --requirement "$requirements"
    # Copied last, so that an interrupted installation is repeated.
    cp "$requirements" "$venv/requirements.txt"
fi

export ATTACK_PASSWORD="not the one of the examples"
"$venv/bin/python" scripts/attack/people.py "$BURNTOP_API" "$ATTACK_PASSWORD"

reports=$(mktemp -d)
trap 'rm -rf "$reports"' EXIT
case $length in
short) arguments=(--seed 20261122 --max-examples 12) least=2000 ;;
long) arguments=(--max-examples 350) least=10000 ;;
*)
    echo "usage: $0 [short|long]" >&2
    exit 2
    ;;
esac

"$venv/bin/schemathesis" --config-file schemathesis.toml run openapi.json --url "$BURNTOP_API" \
    --phases examples,coverage,fuzzing,stateful "${arguments[@]}" \
    --report json --report-json-path "$reports/run.json"

# Fails if few requests were sent: a filter that excludes too much must be noticed.
"$venv/bin/python" - "$reports/run.json" "$least" <<'PYTHON'
import json
import sys

with open(sys.argv[1]) as file:
    sent = json.load(file)["test_cases"]["generated"]
least = int(sys.argv[2])
print(f"{sent} requests sent, at least {least} required")
sys.exit(sent < least)
PYTHON
