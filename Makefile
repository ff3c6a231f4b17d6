# The ways in. `make run` and `make test` install what is missing; each line says what it does and how long it takes.
SHELL := /bin/bash
.PHONY: run test build bench soak fmt

run: ## the demo on http://localhost:3000
	@source scripts/tools.sh && say "membangun Kimonet (pertama kali sekitar 10 menit, selanjutnya detik)" && cargo leptos build && exec target/debug/kimonet serve --demo

test: ## everything: formatting, lints, licences, both databases, protocols, browser
	@scripts/test.sh

build: ## target/release/kimonet and target/site
	@source scripts/tools.sh && cargo leptos build --release

bench: ## the numbers of the README
	@scripts/bench.sh

soak: ## long random histories, and kill -9 at full size
	@source scripts/tools.sh && RUSTFLAGS="--cfg erase_components" HISTORY_SEEDS=2000 KILL_CUSTOMERS=100000 cargo test --features ssr --lib --test kill -- --nocapture

fmt:
	@cargo fmt
