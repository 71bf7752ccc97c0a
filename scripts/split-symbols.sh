#!/usr/bin/env bash
# Moves the symbols of each given program into a file beside it, `PROGRAM.debug`: the program is half as large. Where the file lies beside
# the program, backtraces and debuggers still find names and lines. Needs objcopy and strip of binutils.
set -euo pipefail

for program; do
    objcopy --only-keep-debug --compress-debug-sections=zlib "$program" "$program.debug"
    strip --strip-all "$program"
    # objcopy notes the name without its directory.
    objcopy --add-gnu-debuglink="$program.debug" "$program"
done
