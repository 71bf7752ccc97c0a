# Shows the recipes.
default:
    @just --list

# Serves with a database of its own, or the one DATABASE_URL names.
run *arguments:
    cargo run --release -p api-server -- {{arguments}}

# Runs all tests; they start a PostgreSQL of their own.
test *arguments:
    cargo test --workspace {{arguments}}

# Tries so many cases of each property that must hold, other ones each time.
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

# Runs everything that must be green.
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

# Writes the price book and the cases its prices are checked against; downloads what it has not yet.
price-book:
    python3 scripts/price_book.py
    python3 scripts/golden_prices.py

# Measures pricing and the reading of sync bodies, without a database.
bench:
    cargo bench -p domain --bench pricing
    cargo bench -p adapters-http --bench sync_body

# Measures whole servers, as docs/PERFORMANCE.md does; without arguments shows what there is.
load *arguments='--help':
    cargo run --profile dist -p loadgen -- {{arguments}}

# Breaks the rules of a context of the domain one by one, and says which breakage no test notices; needs cargo-mutants.
mutants context:
    cargo mutants -p domain -f 'crates/domain/src/{{context}}/*.rs' --timeout 20

# Measures which lines the tests run, and writes that into README.md; needs cargo-tarpaulin and python3.
coverage:
    scripts/coverage.sh

# Attacks a server with 10,000 and more requests made from openapi.json; needs python3.
attack length='long':
    bash scripts/attack.sh {{length}}

# Lets a client that is generated from openapi.json sign in, sync and read; needs node.
client-check:
    bash scripts/client-check.sh

# Sends letters to a mail server, and follows their links; needs python3.
mail-check:
    bash scripts/mail-check.sh

# Gives each fuzzing target so many seconds; needs a nightly toolchain and cargo-fuzz.
fuzz seconds='60':
    for target in sync_body model_name headers; do cargo +nightly fuzz run "$target" -- -max_total_time={{seconds}} -max_len=4096 -rss_limit_mb=1024 -timeout=5 || exit 1; done
