#!/usr/bin/env bash
# Runs in a clean Debian for scripts/package-check.sh. There is no service manager: the commands of the units are started by hand, as
# their user and with their environment.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
fail() { echo "error: $1" >&2; exit 1; }

dpkg --install /burntop.deb
[ "$(stat -c '%U %a' /etc/burntop/environment)" = "root 600" ] || fail "the secrets are readable for others"
grep -Eqx 'SECRET_KEY=[0-9a-f]{64}' /etc/burntop/environment || fail "there is no secret key"
getent passwd burntop >/dev/null || fail "the user was not created"
dpkg --verify burntop

# As in docs/OPERATIONS.md.
pg_ctlcluster "$(pg_lsclusters --no-header | awk '{print $1; exit}')" main start
cd /
as() { exec setpriv --reuid="$1" --regid="$1" --init-groups -- "${@:2}"; }
(as postgres createuser burntop)
(as postgres createdb --owner=burntop --encoding=UTF8 --template=template0 burntop)

install -d -o burntop -g burntop -m 700 /var/lib/burntop
start() {
    local unit=/usr/lib/systemd/system/$1.service settings
    mapfile -t settings < <(sed -n 's/^Environment=//p' "$unit"; cat /etc/burntop/environment)
    (cd /var/lib/burntop && as burntop env -i PATH="$PATH" PRICING_URL= "${settings[@]}" \
        $(sed -n 's/^ExecStart=//p' "$unit")) >"/var/log/$1.log" 2>&1 &
}
start burntop-api
server=$!
start burntop-worker
worker=$!
for path in health/ready health/worker; do
    for _ in {1..300}; do
        curl -fsS "http://127.0.0.1:8000/api/v1/$path" && break
        sleep 0.2
    done 2>/dev/null || true
    curl -fsS "http://127.0.0.1:8000/api/v1/$path" >/dev/null ||
        { tail -n 20 /var/log/burntop-*.log >&2; fail "/$path does not answer 200"; }
done
echo
/opt/burntop/bin/api-server --version

# A changed setting survives an installation of the same package, and so do the secrets.
echo '# changed' >>/etc/burntop/production.toml
secrets=$(sha256sum /etc/burntop/environment)
dpkg --install --force-confold /burntop.deb
tail -n 1 /etc/burntop/production.toml | grep -qx '# changed' || fail "the installation replaced the settings"
[ "$secrets" = "$(sha256sum /etc/burntop/environment)" ] || fail "the installation replaced the secrets"

kill "$server" "$worker"
wait "$server" || fail "the server ended with status $?"
wait "$worker" || fail "the worker ended with status $?"
dpkg --remove burntop
[ -e /etc/burntop/environment ] || fail "a removal removed the secrets"
dpkg --purge burntop
[ ! -e /etc/burntop ] || fail "a purge left /etc/burntop"
[ -d /var/lib/burntop ] || fail "a purge removed the data directory"
