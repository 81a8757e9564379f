# Every target works from a fresh clone on a Debian machine that has Rust.

# Where rustup puts cargo, for shells that do not look there.
export PATH := $(PATH):$(HOME)/.cargo/bin

.DEFAULT_GOAL := help
.PHONY: help demo build test lint proof bench docs pictures machine

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: machine ## a simulated cloud and the exporter on this machine; no account, no network
	cargo run --release --locked -- demo

build: machine ## the binary, as target/release/hss-exporter
	cargo build --release --locked

test: ## everything a change has to pass: format, lints, documentation, the suite, and all of it with the real Prometheus
	@tests/machine.sh tests
	@tests/run.sh

lint: machine ## format and lints only
	@tests/run.sh format lints

proof: machine ## reading is true, in ten thousand random worlds: "What may be late" in ARCHITECTURE.md
	@tests/run.sh proof

bench: ## what a page costs, beside nginx and promhttp, and how many requests reading takes: docs/performance.md
	@tests/machine.sh bench
	cargo bench --locked --bench page
	cargo bench --locked --bench reading

docs: machine ## writes the generated pages: docs/metrics.md
	@mkdir -p docs target
	cargo run --locked -- metrics > target/metrics.md
	mv target/metrics.md docs/metrics.md

pictures: machine ## takes the pictures in docs/images anew, from half an hour of the demo; needs prometheus and chromium
	cargo build --locked
	python3 docs/images/draw

machine: # what the build needs from the machine
	@tests/machine.sh
