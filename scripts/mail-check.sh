#!/usr/bin/env bash
# Starts a server that sends emails to aiosmtpd, parses them with Python's mail parser, and follows their links: verification, a
# forgotten password, one-click unsubscribing. Needs python3 with venv, and PyPI the first time.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
    echo "error: the check of emails needs python3 (3.10 or newer) with venv" >&2
    exit 1
fi

# Tools are kept in a cache outside the repository.
venv=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/burntop/mail-check
requirements=scripts/mail-check/requirements.txt
if ! cmp -s "$requirements" "$venv/requirements.txt"; then
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" --quiet --disable-pip-version-check install --requirement "$requirements"
    # Copied last, so that an interrupted installation is repeated.
    cp "$requirements" "$venv/requirements.txt"
fi

# A free port; the mail server listens on it before an email is sent.
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
export MAIL_CHECK_PORT=$port MAIL_CHECK_USER=burntop MAIL_CHECK_PASSWORD='p@ss:word/%'
export SMTP_URL="smtp://burntop:p%40ss%3Aword%2F%25@127.0.0.1:$port" MAIL_FROM='burntop <burntop@example.org>'
export PUBLIC_URL=https://api.example.org FRONTEND_URL=https://app.example.org
exec scripts/with-server.sh "$venv/bin/python" scripts/mail-check/check.py
