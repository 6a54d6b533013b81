# advisory-intake: `make` lists what there is to do.

CARGO   ?= cargo
PREFIX  ?= /usr/local
DESTDIR ?=
# Arguments for the demo: `make demo ARGS=--keep`, or `make demo KEEP=1`.
ARGS    ?=
KEEP    ?=
# Which tests: `make test TESTS=imap`.
TESTS   ?=
# Bounds of `make soak`: how often a gateway is killed, and how many messages there are.
ROUNDS   ?= 200
MESSAGES ?= 1000
# Seconds for each fuzz target: `make fuzz FUZZ_SECONDS=1200`.
FUZZ_SECONDS ?= 60

TARGET_DIR = $(or $(CARGO_TARGET_DIR),target)
BINARY     = $(TARGET_DIR)/release/advisory-intake
UNIT_DIR   = $(DESTDIR)$(PREFIX)/lib/systemd/system

.DEFAULT_GOAL := help
.PHONY: help demo test soak corpus fuzz setup-build setup-test fmt clippy lint ci bench build install uninstall fixtures clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 22

demo: setup-build ## Run the whole way on test mails in a temporary folder (KEEP=1 keeps it)
	$(CARGO) run --quiet --locked -- demo $(if $(KEEP),--keep) $(ARGS)

test: setup-build setup-test ## Run all tests, with real servers on this machine (TESTS=name for some)
	@if $(CARGO) nextest --version >/dev/null 2>&1; then \
		echo "$(CARGO) nextest run $(TESTS)"; \
		$(CARGO) nextest run --locked --no-fail-fast $(TESTS); \
	else \
		echo "$(CARGO) test $(TESTS)"; \
		$(CARGO) test --locked --no-fail-fast $(TESTS); \
	fi

soak: setup-build setup-test ## Kill and load the gateway for an hour or so (ROUNDS=200 MESSAGES=1000, TESTS=name for some)
	ADVISORY_INTAKE_ROUNDS=$(ROUNDS) ADVISORY_INTAKE_MESSAGES=$(MESSAGES) \
		$(CARGO) test --locked --test main -- --ignored --nocapture --test-threads=1 $(or $(TESTS),soak)

corpus: setup-build setup-test ## Hold the program to labelled mail in the folder CORPUS, of which no copy is here
	@test -d "$(CORPUS)" || { echo "Say where the mail is: make corpus CORPUS=folder (see tests/scenarios/corpus.rs)" >&2; exit 1; }
	ADVISORY_INTAKE_CORPUS="$(abspath $(CORPUS))" $(CARGO) test --locked --test main -- --nocapture scenarios::corpus:: scenarios::hostile::

fuzz: setup-build ## Fuzz each target for a minute (FUZZ_SECONDS=N for longer)
	@.ci/install-packages fuzz
	@FUZZ_SECONDS=$(FUZZ_SECONDS) fuzz/run

setup-build: ## Install the Debian packages that building needs
	@.ci/install-packages build
	@command -v $(CARGO) >/dev/null || { echo "There is no $(CARGO): install Rust from https://rustup.rs" >&2; exit 1; }

setup-test: ## Install the Debian packages that the tests need
	@.ci/install-packages test

fmt: ## Format the code
	$(CARGO) fmt

clippy: setup-build ## Check the code
	$(CARGO) clippy --locked --all-targets -- -D warnings

lint: clippy ## Check formatting and code
	$(CARGO) fmt --check

ci: ## Run what has to pass before a change is taken
	.ci/run

bench: setup-build ## Measure the cost of a message
	$(CARGO) bench --locked

build: setup-build ## Build the program for use
	$(CARGO) build --locked --release

install: ## Install what `make build` built (PREFIX, DESTDIR)
	@test -x $(BINARY) || { echo "There is no $(BINARY): run make build first" >&2; exit 1; }
	install -D -m 755 $(BINARY) $(DESTDIR)$(PREFIX)/bin/advisory-intake
	install -D -m 644 config/advisory-intake.toml $(DESTDIR)$(PREFIX)/share/doc/advisory-intake/advisory-intake.toml
	install -D -m 644 config/routing.toml $(DESTDIR)$(PREFIX)/share/doc/advisory-intake/routing.toml
	install -D -m 644 LICENSE $(DESTDIR)$(PREFIX)/share/doc/advisory-intake/LICENSE
	install -d $(UNIT_DIR)
	sed 's|/usr/bin/advisory-intake|$(PREFIX)/bin/advisory-intake|g; s|/usr/local/bin/advisory-intake|$(PREFIX)/bin/advisory-intake|g' \
		config/advisory-intake.service >$(UNIT_DIR)/advisory-intake.service
	chmod 644 $(UNIT_DIR)/advisory-intake.service
	install -d $(DESTDIR)$(PREFIX)/share/man/man1 $(DESTDIR)$(PREFIX)/share/bash-completion/completions \
		$(DESTDIR)$(PREFIX)/share/zsh/site-functions $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d
	$(BINARY) man --output $(DESTDIR)$(PREFIX)/share/man/man1
	$(BINARY) completions bash >$(DESTDIR)$(PREFIX)/share/bash-completion/completions/advisory-intake
	$(BINARY) completions zsh >$(DESTDIR)$(PREFIX)/share/zsh/site-functions/_advisory-intake
	$(BINARY) completions fish >$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/advisory-intake.fish

uninstall: ## Remove what `make install` installed; state and configuration stay
	rm -f $(DESTDIR)$(PREFIX)/bin/advisory-intake $(UNIT_DIR)/advisory-intake.service \
		$(DESTDIR)$(PREFIX)/share/man/man1/advisory-intake*.1 \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/advisory-intake \
		$(DESTDIR)$(PREFIX)/share/zsh/site-functions/_advisory-intake \
		$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/advisory-intake.fish
	rm -rf $(DESTDIR)$(PREFIX)/share/doc/advisory-intake

fixtures: setup-test ## Make the test mails anew (needs a few minutes)
	fixtures/make-mail.sh

clean: ## Remove what was built
	$(CARGO) clean
