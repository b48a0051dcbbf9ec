# The one entry point. `make ci` is what .ci/run calls.
.PHONY: help test faults mosquitto ci lint generated check-generated bench

help: ## Lists the targets.
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

test: mosquitto ## Runs all tests. They start what they need on free loopback ports, and stop it.
	cargo test --all-targets --locked

SEED = 1
faults: ## 10,000 requests under faults, over every connector; SEED=2 draws others. `make test` plays a short run.
	cargo run --locked --quiet -- connector faults --seed $(SEED) --requests 10000

mosquitto: ## Installs the message broker that one test speaks to, if it is missing.
	@test -x /usr/sbin/mosquitto \
	  || apt-get install -y --no-install-recommends mosquitto \
	  || { apt-get update && apt-get install -y --no-install-recommends mosquitto; } \
	  || { echo "mosquitto is missing; install it with: apt-get install --no-install-recommends mosquitto"; exit 1; }

lint: ## Formatting and clippy, as in CI.
	cargo fmt --check
	cargo clippy --all-targets --locked -- -D warnings

generated: ## Writes the generated files anew.
	cargo run --locked --quiet -- openapi > openapi/openapi.json
	cargo run --locked --quiet -- connector schema > openapi/connector.schema.json
	page=$$(mktemp) && { cargo run --locked --quiet -- connector test --all --markdown > $$page; status=$$?; \
	  test ! -s $$page || cat $$page > connectors/README.md; rm -f $$page; exit $$status; }

check-generated: ## Fails if a generated file is not what the code says; `make generated` mends it.
	@cargo run --locked --quiet -- openapi | diff -u openapi/openapi.json - \
	  || { echo "openapi/openapi.json is stale: run 'make generated' and commit it"; exit 1; }
	@cargo run --locked --quiet -- connector schema | diff -u openapi/connector.schema.json - \
	  || { echo "openapi/connector.schema.json is stale: run 'make generated' and commit it"; exit 1; }
	@cargo run --locked --quiet -- connector test --all --markdown | diff -u connectors/README.md - \
	  || { echo "connectors/README.md is stale: run 'make generated' and commit it"; exit 1; }

ci: lint check-generated test ## Everything CI runs.

bench: ## The gateway against its peers; see benches/run.sh for the settings.
	sh benches/run.sh
