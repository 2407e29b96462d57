# Every recipe is a plain command: none of them needs just.

# List the recipes
default:
    @just --list

# Compile everything
check:
    cargo check --locked --all-targets

# Format the code
fmt:
    cargo fmt

# Clippy, warnings denied
lint:
    cargo clippy --locked --all-targets -- -D warnings

# All tests, with the test servers
test:
    bash tests/run

# Speed and memory, as ratios against baselines of the same run
bench:
    cargo bench --locked

# The library's documentation
docs:
    cargo doc --locked --no-deps

# Licences, bans and sources of the dependencies
deny:
    cargo deny check licenses bans sources

# Fuzz one target for so many seconds
fuzz target="formatter" seconds="60":
    bash fuzz/run {{target}} {{seconds}}

# What CI runs
ci:
    bash .ci/run

# A first fleet, from the embedded example
demo:
    bash tools/demo

# A static release binary
dist:
    bash tools/dist
