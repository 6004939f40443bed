# The commands of Tollgate's build: `make help` lists what there is.
#
# Checks, lints, tests and docs use the dev profile; what is run and measured is built in the release profile.
# ops/rocksdb.sh sees to it that RocksDB, which takes minutes, is compiled once for all of them.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:

CARGO_TARGET_DIR ?= $(shell ops/cache-dir.sh target)
TOLLGATE_TOOLS ?= $(shell ops/cache-dir.sh tools)
# Assigned once more, so that the script runs once and not at every mention.
export CARGO_TARGET_DIR := $(CARGO_TARGET_DIR)
export TOLLGATE_TOOLS := $(TOLLGATE_TOOLS)

CARGO := ops/rocksdb.sh cargo
RELEASE := --release --workspace
TESTS := ops/rocksdb.sh ops/tests.py
TOLLGATE := $(CARGO_TARGET_DIR)/release/tollgate
PROMTOOL := PATH="$(TOLLGATE_TOOLS):$$PATH" promtool

# What a person may set: make run DATA_DIR=/srv/tollgate, make one TEST=drain, make crash ROUNDS=1000,
# make fuzz SECONDS_EACH=600, make damage PLACES=5000, make books MESSAGES=100000 CASES=50,
# make simulate SEEDS=1000000, make answers EXAMPLES=100, make first-paint FIRST_PAINT_MS=200
DATA_DIR ?= data
TEST ?=
ROUNDS ?= 20
SECONDS_EACH ?= 60
PLACES ?= 1000
MESSAGES ?= 1000000
CASES ?= 400
EXAMPLES ?= 30
FIRST_PAINT_MS ?= 300
SEEDS ?= 100000

heading = @printf '\n\033[1m== %s ==\033[0m\n' '$(1)'

.PHONY: help
help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: attack
attack: build ## hostile clients against a daemon of its own, and what a gateway notices of them
	@ops/attack.sh $(TOLLGATE) $(TOLLGATE)-tools $(ATTACK)

.PHONY: demo
demo: build ## the main job, end to end, on a temporary data directory
	@$(TOLLGATE)-tools demo

.PHONY: run
run: build ## the daemon with the shipped config, keeping its books in DATA_DIR
	@$(TOLLGATE) run --data-dir '$(DATA_DIR)'

.PHONY: build
build: ## set up and compile
	@ops/setup.sh build
	@$(CARGO) build $(RELEASE) --bins

.PHONY: check
check: check-format check-lints ## while working: format, lints, and the unit tests of the crates that changed
	$(call heading,Unit tests of what changed)
	@$(TESTS) --changed

.PHONY: one
one: ## one test, or those with TEST in their name, with its output: make one TEST=drain
	@[ -n '$(TEST)' ] || { echo 'which? make one TEST=name' >&2; exit 1; }
	@$(TESTS) --one '$(TEST)'

.PHONY: test
test: set-up check-format shape check-web check-lints check-docs check-ops check-screens check-tests ## every check there is, stopping at the first that fails

.PHONY: test-long
test-long: crash fuzz damage books answers first-paint ## what takes longer than a change should wait for: all of it with the full counts

.PHONY: set-up
set-up:
	$(call heading,Set-up)
	@ops/setup.sh test
	@printf 'build cache: %s\n' '$(CARGO_TARGET_DIR)'

.PHONY: check-format
check-format:
	$(call heading,Format)
	@cargo fmt --all --check

.PHONY: check-lints
check-lints:
	$(call heading,Lints)
	@$(CARGO) clippy --workspace --all-targets -- -D warnings

.PHONY: check-web
check-web:
	$(call heading,Screens: types, lints, unit tests, and the built files)
	@ops/web.sh check

.PHONY: check-screens
check-screens:
	$(call heading,Screens in a browser)
	@$(CARGO) build --package tollgate-daemon --package tollgate-tools --bins
	@TOLLGATE_BINARIES='$(CARGO_TARGET_DIR)/debug' ops/web.sh run playwright test

.PHONY: web
web: ## build the screens again, after a change of web/src or docs/openapi.json
	@ops/web.sh build

.PHONY: show
show: build ## the product at work: operators, customers, resellers, a month of history, and a log-in for each role
	@ops/setup.sh show
	@cd ops && exec python3 -m show --binaries '$(CARGO_TARGET_DIR)/release'

.PHONY: check-docs
check-docs:
	$(call heading,Docs)
	@RUSTDOCFLAGS='-D warnings' $(CARGO) doc --workspace --no-deps

.PHONY: check-ops
check-ops:
	$(call heading,Prometheus rules)
	@$(PROMTOOL) check config --syntax-only ops/prometheus/prometheus.yml
	@$(PROMTOOL) check rules ops/prometheus/alerts.yml
	@$(PROMTOOL) test rules ops/prometheus/alerts_test.yml

.PHONY: shape
shape: ## sizes of crates and types, circles of modules, arrows between crates, old words
	$(call heading,Shape)
	@python3 ops/shape.py --check

.PHONY: check-tests
check-tests:
	$(call heading,Tests)
	@$(TESTS)

.PHONY: simulate
simulate: ## delivery in SEEDS random worlds (100,000); SEED=… shows what happens in one
	@SEEDS='$(SEEDS)' cargo test --release -p tollgate-delivery --lib -- --nocapture every_message_ends_once

.PHONY: crash
crash: ## kill -9 daemon and operators under load, ROUNDS times (20), and judge the books each time
	@ops/setup.sh build
	@ROUNDS='$(ROUNDS)' $(CARGO) test $(RELEASE) --test kill -- chain:: charging:: bundles:: --nocapture

.PHONY: damage
damage: ## flip bits and cut files of a recorded run at PLACES (1000) places: all that was acknowledged, or a refusal
	@PLACES='$(PLACES)' $(TESTS) storage/books::anchor

.PHONY: books
books: ## random days of resellers, MESSAGES (1000000) messages long, and CASES (400) random deliveries, disks and ledgers
	@TEST_TIMEOUT=14400 BOOKS_MESSAGES='$(MESSAGES)' TOLLGATE_CHAIN_MESSAGES='$(MESSAGES)' BOOKS_CASES='$(CASES)' \
		$(TESTS) storage/books::pockets::model storage/books::settlement storage/books::reference_ledger \
		storage/books::history storage/books::faults storage/books::change::faults engine/chain_ledger

.PHONY: first-paint
first-paint: build ## paint the first screen of each area within FIRST_PAINT_MS (300) ms, the median of five visits by a new browser
	@ops/setup.sh test
	@FIRST_PAINT_MS='$(FIRST_PAINT_MS)' TOLLGATE_BINARIES='$(CARGO_TARGET_DIR)/release' ops/web.sh run playwright test first-paint --workers 1

.PHONY: answers
answers: ## ask every route of the API EXAMPLES (30) random things more than the usual ones
	@TEST_TIMEOUT=14400 EXAMPLES='$(EXAMPLES)' $(TESTS) daemon/api::schemathesis

.PHONY: fuzz
fuzz: ## feed random bytes to every reader, SECONDS_EACH (60) per target
	@ops/setup.sh build
	@BOLERO_RANDOM_TEST_TIME_MS="$$(($(SECONDS_EACH) * 1000))" BOLERO_RANDOM_ITERATIONS=1000000000000 \
		$(CARGO) test $(RELEASE) --test 'fuzz_*' --test config --test import -- fuzz:: any_octets any_story any_body any_text --nocapture

.PHONY: bench
bench: build ## measure each stage and the whole path, and write benches/RESULTS.md
	@$(CARGO) bench --profile release --workspace --bench '*'
	@for what in whole-path chains relay api-load fair stages memory restart; do $(CARGO_TARGET_DIR)/release/measure "$$what"; done

.PHONY: fmt
fmt: ## format the sources
	@cargo fmt --all

include ops/package.mk
