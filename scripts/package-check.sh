#!/usr/bin/env bash
# Installs the Debian package in a clean Debian, starts the server and the worker there, and removes the package again. The argument is
# the package; without one it is built. Needs root, debootstrap and Debian's archive (DEBIAN_MIRROR names another mirror).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
if [ "$(id -u)" -ne 0 ] || ! command -v debootstrap >/dev/null; then
    echo "SKIPPED: this check needs root and debootstrap; the package was not installed" >&2
    exit 0
fi
package=$(realpath "${1:-$(scripts/package.sh)}")
root=$(mktemp -d)
chmod 755 "$root"
cleanup() {
    # The shell of the namespace ends its processes; the mounts end with it.
    rm -rf --one-file-system "$root"
}
trap cleanup EXIT

suite=$(. /etc/os-release && echo "${VERSION_CODENAME:-stable}")
debootstrap --variant=minbase --include=ca-certificates,curl,postgresql,systemd "$suite" "$root" \
    "${DEBIAN_MIRROR:-http://deb.debian.org/debian}" >"$root.log" 2>&1 ||
    { tail -n 20 "$root.log" >&2; exit 1; }
rm "$root.log"
cp "$package" "$root/burntop.deb"
cp scripts/packaging-check/inside.sh "$root/inside.sh"

# Namespaces of its own: the processes end with the shell, and the mounts and the network are its own.
unshare --mount --pid --fork --net --kill-child bash -euo pipefail -c '
    ip link set lo up
    mount -t proc proc "$1/proc"
    mount -t tmpfs tmpfs "$1/run"
    mount --rbind /dev "$1/dev"
    chroot "$1" bash /inside.sh
' -- "$root"
echo "the package installs, serves and is removed"
