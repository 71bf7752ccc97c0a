#!/usr/bin/env bash
# Builds the command line for Linux without shared libraries, and checks that it compiles for the other systems whose standard library is
# installed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

installed() {
    [ -d "$(rustc --print target-libdir --target "$1" 2>/dev/null)" ]
}

fail() {
    printf 'error: %s\n' "$1" >&2
    exit 1
}

architecture=$(uname -m)
target=$architecture-unknown-linux-gnu
# The C code of SQLite and ring needs a compiler for musl.
if installed "$architecture-unknown-linux-musl" && command -v musl-gcc >/dev/null; then
    target=$architecture-unknown-linux-musl
fi

# A target of its own has a directory of its own, so the flags build nothing else anew.
export CARGO_INCREMENTAL=0 CARGO_PROFILE_DEV_DEBUG=none
RUSTFLAGS='-C target-feature=+crt-static' cargo build --locked -p burntop --target "$target"
program=${CARGO_TARGET_DIR:-target}/$target/debug/burntop
ldd "$program" 2>&1 | grep -qE 'statically linked|not a dynamic executable' || fail "$program needs shared libraries"
if command -v file >/dev/null; then
    file -b "$program" | grep -qE 'statically linked|static-pie linked' || fail "$program is not static"
fi
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
HOME=$home "$program" stats >/dev/null
echo "burntop for $target is static and runs"

for other in aarch64-apple-darwin x86_64-apple-darwin x86_64-pc-windows-msvc x86_64-pc-windows-gnu; do
    if installed "$other"; then
        cargo check --locked -p burntop --target "$other"
        echo "burntop compiles for $other"
    else
        echo "skipped: the standard library for $other is not installed (rustup target add $other)"
    fi
done
