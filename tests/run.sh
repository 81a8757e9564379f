#!/usr/bin/env bash
# What a change has to pass, stage by stage, with the time each took: `tests/run.sh [stage...]`, all of them by default.
set -eEuo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# All stages share one target directory, and no stage sets RUSTFLAGS: nothing is compiled twice for the sake of a flag.

format() {
    component rustfmt
    cargo fmt --check
}

lints() {
    component clippy
    cargo clippy --all-targets --locked -- -D warnings
    # What a plain `cargo test` leaves out, `--all-targets` does too.
    cargo clippy --test ecosystem --locked -- -D warnings
}

documentation() {
    RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --locked
}

compilation() {
    cargo test --no-run --locked
    cargo test --no-run --locked --test ecosystem
}

suite() {
    cargo test --locked
}

# What `suite` does with some worlds: reading is true and frugal, whatever happens. A failure names its seed, and
# HSS_EXPORTER_PROOF_FIRST=<seed> HSS_EXPORTER_PROOF_SEEDS=1 tries that one again.
proof() {
    HSS_EXPORTER_PROOF_SEEDS="${HSS_EXPORTER_PROOF_SEEDS:-10000}" cargo test --release --locked --test suite reading::
}

# With Debian's promtool, Prometheus and Alertmanager. Most of the time these tests wait, so all of them run side by side,
# and not one a core. Without the programs they fail.
ecosystem() {
    cargo test --locked --test ecosystem -- --test-threads=32
}

# A minimal toolchain lacks these two.
component() {
    cargo "${1/rustfmt/fmt}" --version >/dev/null 2>&1 || rustup component add "$1"
}

main() {
    local stages=("$@") stage
    if [ "${#stages[@]}" -eq 0 ]; then
        stages=(format lints documentation compilation suite ecosystem)
    fi
    trap 'printf "== %s: failed after %d s\n" "$stage" "$SECONDS" >&2' ERR
    for stage in "${stages[@]}"; do
        printf '== %s\n' "$stage"
        SECONDS=0
        case "$stage" in
            format | lints | documentation | compilation | suite | proof | ecosystem) "$stage" ;;
            *) printf 'there is no such stage\n' >&2 && false ;;
        esac
        printf '== %s: passed in %d s\n' "$stage" "$SECONDS"
    done
}

main "$@"
