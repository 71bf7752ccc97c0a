#!/usr/bin/env bash
# Measures the lines that the tests run, and writes the figures into README.md: of the domain by its own tests, and of the workspace by
# all tests except the stories, whose programs are other processes. Needs cargo-tarpaulin.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

reports=$(mktemp -d)
trap 'rm -rf "$reports"' EXIT

# The percentage of lines that run, after the tests that the arguments name.
measure() {
    cargo tarpaulin --engine llvm --timeout 900 --skip-clean --target-dir target/coverage --out Json --output-dir "$reports" \
        --exclude-files 'tests/*' '*/tests/*' '*/benches/*' '*_tests.rs' 'crates/domain/src/testing*' 'fuzz/*' 'crates/instructions/*' "$@" >&2
    python3 -c 'import json, sys; print("{:.1f}".format(json.load(open(sys.argv[1]))["coverage"]))' "$reports/tarpaulin-report.json"
}

domain=$(measure -p domain --include-files 'crates/domain/src/*')
workspace=$(measure --workspace --exclude tests)
line="Tests run $domain % of the lines of the domain and, without the stories, $workspace % of the whole."
sed -i "/<!-- coverage -->/,/<!-- \/coverage -->/c <!-- coverage -->\n$line\n<!-- /coverage -->" README.md
echo "$line"
