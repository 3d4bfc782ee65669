# Two commands do all the set-up: `make demo` and `make test`.
# Tests that have no database, or look at nothing of it: once is enough.
elsewhere := bucket:: build:: contract:: deploy:: desk:: hostile:: interop:: motor:: tidy:: wallet::

.PHONY: help prepare prepare-test prepare-bench demo build fmt lint doc gate test crash soak bench clean

# Where cargo builds, if somebody has told it to build elsewhere.
built := $(or $(CARGO_TARGET_DIR),target)/release

help: ## Show the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

prepare: ## Install (as root) or name the system packages the build needs
	@sh deploy/prepare

prepare-test:
	@sh deploy/prepare test

demo: prepare ## Show the main job; ARGS=--keep leaves the gateway up, ARGS=--json prints JSON
	@cargo build --release --locked --bin claimgate
	@$(built)/claimgate demo $(ARGS)

build: prepare ## Build the gateway for use
	cargo build --release --locked --bin claimgate

fmt: ## Format the code
	cargo fmt --all

lint:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	cargo clippy -p claimgate-packet --locked -- -D warnings
	cargo clippy -p claimgate-gateway --no-default-features --locked -- -D warnings

doc:
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked --quiet

gate: ## Dependencies: bans, licences, sources, advisories
	@sh deploy/gate

test: prepare-test lint doc gate ## Everything that must hold
	cargo build --locked --bin claimgate
	sh deploy/with-postgres cargo test --workspace --locked --no-fail-fast
	CLAIMGATE_TEST_DATABASE=postgres sh deploy/with-postgres cargo test --locked -p claimgate-tests --test it -- \
		$(addprefix --skip ,$(elsewhere))

crash: prepare-test ## Kill gateways and the database 200 times each under load; KILLS= and SEED= say otherwise
	@cargo build --locked --bin claimgate
	@cargo run --locked -q -p claimgate-tests --example crash -- $(or $(KILLS),200) $(or $(SEED),1)

soak: prepare-test ## Steady load for SECONDS= (120) on each database; prints memory, open files, log and queues
	@cargo build --locked --bin claimgate
	@cargo run --locked -q -p claimgate-tests --example soak -- $(or $(SECONDS),120)

prepare-bench:
	@sh deploy/prepare bench

bench: prepare-bench ## A gateway under load beside its limits (target/bench.json); SECONDS= and CLAIMS= for a trial
	cargo build --release --locked --bin claimgate
	sh deploy/with-postgres cargo bench --locked -p claimgate-tests --bench gateway
	cargo bench --locked -p claimgate-packet --features seal --bench cost --bench proof
	cargo bench --locked -p claimgate-adapters --bench police --bench wallet
	cargo bench --locked -p claimgate-tests --bench latency --bench convert --bench bound --bench proof --bench lag --bench receipt

clean:
	cargo clean
