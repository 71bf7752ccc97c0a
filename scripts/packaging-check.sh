#!/usr/bin/env bash
# Checks the files for Compose, Docker, reverse proxies and the Debian package, without building anything. Parts whose tools are missing
# are skipped with a line. scripts/package-check.sh installs the package.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

for script in config/systemd/burntop-run config/debian/*; do
    sh -n "$script"
done
if command -v python3 >/dev/null; then
    scripts/packaging-check/check.py
else
    echo "SKIPPED: python3 is not installed; Compose, Docker, Traefik and the Debian package were not checked"
fi
if docker compose version >/dev/null 2>&1; then
    POSTGRES_PASSWORD=x SECRET_KEY=x docker compose --env-file /dev/null config --no-env-resolution --quiet
    echo "docker compose accepts compose.yaml"
else
    echo "SKIPPED: docker compose is not installed; it did not check compose.yaml"
fi
if command -v caddy >/dev/null; then
    caddy validate --config config/caddy/Caddyfile --adapter caddyfile 2>&1 | tail -n 1
else
    echo "SKIPPED: caddy is not installed; it did not check its example"
fi
if command -v systemd-sysusers >/dev/null; then
    root=$(mktemp -d)
    trap 'rm -rf "$root"' EXIT
    mkdir "$root/etc"
    systemd-sysusers --root="$root" - <config/systemd/burntop.sysusers 2>/dev/null
    grep -q '^burntop:' "$root/etc/passwd"
    echo "systemd-sysusers creates the user"
else
    echo "SKIPPED: systemd-sysusers is not installed; it did not check the user of the services"
fi
