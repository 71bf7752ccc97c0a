#!/usr/bin/env bash
# Builds the Debian package of both programs and prints its path. Needs cargo-deb. The argument is the build profile, by default
# `dist`; a finished build of that profile is used again.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
profile=${1:-dist}
programs=${CARGO_TARGET_DIR:-target}/$profile

cargo build --locked --profile "$profile" -p api-server -p worker >&2
rm -rf target/package
mkdir -p target/package/{bash,fish,zsh}
for program in api-server worker; do
    "$programs/$program" man target/package/man1
    "$programs/$program" completions bash >"target/package/bash/$program"
    "$programs/$program" completions fish >"target/package/fish/$program.fish"
    "$programs/$program" completions zsh >"target/package/zsh/_$program"
done
# The package has the symbols in files of their own, with which backtraces in logs name files and lines.
cargo deb --quiet --locked --no-build --separate-debug-symbols --profile "$profile" -p api-server
