# Lists the recipes.
default:
    @just --list

# Runs the server with an embedded database, or with the one that DATABASE_URL names.
run *arguments:
    cargo run --release -p api-server -- {{arguments}}

# Runs all tests; they start a private PostgreSQL.
test *arguments:
    cargo test --workspace {{arguments}}

# Runs each property test with this many cases, different ones each time.
properties cases='50000':
    PROPTEST_CASES={{cases}} PROPTEST_RNG_SEED=$(date +%s) cargo test -p domain -p adapters-http --lib --test '*_properties'

# Checks format, lints, dependencies.
lint:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- -D warnings
    cargo deny --offline check bans licenses sources

# Formats the code.
fmt:
    cargo fmt --all

# Builds the Debian package; needs cargo-deb.
package:
    scripts/package.sh

# Installs the Debian package in a clean Debian, and starts the programs there; needs root, debootstrap and the network.
package-check *arguments:
    scripts/package-check.sh {{arguments}}

# Runs all checks of CI.
ci:
    bash .ci/run

# Writes crates/adapters-postgres/src/schema.rs from the migrations.
schema:
    UPDATE_SCHEMA=1 cargo test -p adapters-postgres --test postgres schema

# Writes openapi.json from the routes.
openapi:
    cargo run -q -p api-server -- openapi > openapi.json.tmp
    mv openapi.json.tmp openapi.json

# Writes docs/CONFIGURATION.md from config/default.toml.
config-reference:
    cargo run -q -p api-server -- config --reference > docs/CONFIGURATION.md.tmp
    mv docs/CONFIGURATION.md.tmp docs/CONFIGURATION.md

# Writes the price book and the test cases of its prices; downloads missing tables.
price-book:
    python3 scripts/price_book.py
    python3 scripts/golden_prices.py

# Measures pricing, the parsing of sync bodies, the metrics of a request and scans of logs, without a database.
bench: instructions
    cargo bench -p collector --bench logs
    cargo bench -p domain --bench pricing
    cargo bench -p adapters-http --bench sync_body --bench request_metrics

# Counts the instructions of fixed work, and compares them with the recorded counts or, with --record, writes them; needs valgrind, python3.
instructions *arguments:
    scripts/instructions.py {{arguments}}

# Compares the command line with ccusage on generated logs, for docs/COLLECTOR.md; needs python3, and `--ccusage PROGRAM` from npm.
compare-ccusage *arguments:
    cargo build --release -p burntop
    scripts/compare_ccusage.py {{arguments}}

# Measures whole servers for docs/PERFORMANCE.md; without arguments lists the commands.
load *arguments='--help':
    cargo run --profile dist -p loadgen -- {{arguments}}

# Measures reads and small syncs on 1, 4 and 16 million messages of 10,000 accounts; hours on a small machine.
growth:
    for messages in 1000000 4000000 16000000; do for command in reads trickle; do just load $command --messages $messages || exit 1; done; done

# Measures reads at 10,000, 100,000 and 1,000,000 accounts with 2 million messages together.
growth-accounts:
    for people in 10000 100000 1000000; do just load reads --people $people || exit 1; done

# Writes a flame graph of the server under the load `trickle` or `auth-me`; needs perf and inferno.
flame load *arguments:
    cargo build --profile dist -p api-server -p worker -p loadgen
    scripts/flame.sh {{load}} {{arguments}}

# Measures refreshes and pages of boards of this many accounts, each with 100 roll-up rows.
boards people='10000':
    cargo bench --profile dev -p adapters-postgres --bench boards -- {{people}}

# Runs mutation tests of a context of the domain, and lists the mutants that no test catches; needs cargo-mutants.
mutants context:
    cargo mutants -p domain -f 'crates/domain/src/{{context}}/*.rs' --timeout 20

# Measures the lines that the tests run, and writes the figures into README.md; needs cargo-tarpaulin and python3.
coverage:
    scripts/coverage.sh

# Attacks a server with 10,000 or more requests generated from openapi.json; needs python3.
attack length='long':
    bash scripts/attack.sh {{length}}

# Generates a client from openapi.json, and signs in, syncs and reads with it; needs node.
client-check:
    bash scripts/client-check.sh

# Sends emails to a mail server, and follows their links; needs python3.
mail-check:
    bash scripts/mail-check.sh

# Runs each fuzz target for this many seconds; needs a nightly toolchain and cargo-fuzz.
fuzz seconds='60':
    for target in sync_body model_name headers; do cargo +nightly fuzz run "$target" -- -max_total_time={{seconds}} -max_len=4096 -rss_limit_mb=1024 -timeout=5 || exit 1; done
