# One word per duty; `make help` lists them.
# PYTHON=… chooses the interpreter (3.11 or later), DATA=… the folder of the demo.

CANDIDATES := python3 python3.14 python3.13 python3.12 python3.11
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for python in $(CANDIDATES); do \
	"$$python" -c '$(NEW_ENOUGH)' 2>/dev/null && { command -v "$$python"; break; }; done)
BIN := .venv/bin
DATA ?= var
WEB := $(shell find web -name node_modules -prune -o -type f -print 2>/dev/null)
PARTS := pyproject.toml hatch_build.py tools/webmail.py $(WEB)

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help run test lint types architecture pytest web bench fuzz docs screenshots clean

help: ## list what can be made
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | expand -t 14

run: .make/installed ## start the demo: SMTP, IMAP, POP3 and a webmail on loopback
	@exec $(BIN)/pillarbox demo --data "$(DATA)"

test: packages lint types architecture pytest web ## install what the tests need and run everything

lint: .make/tested ## style and suspicious code
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .make/tested ## strict types
	$(BIN)/mypy $(wildcard src tests tools bench)

architecture: .make/tested ## the walls between the rooms
	$(BIN)/python -m pytest -q tests/architecture

pytest: .make/tested ## every test but those of the architecture
	$(BIN)/python -m pytest -q -n 2 --ignore tests/architecture tests

web: .make/tested ## types and tests of the webmail
	$(BIN)/python tools/webmail.py check

bench: .make/tested ## measure this commit on this machine
	$(BIN)/python -m bench

fuzz: .make/tested ## feed the parsers what nobody would write
	$(BIN)/python -m pytest -q -n 2 --timeout 0 -m hypothesis --hypothesis-profile fuzz tests

docs: .make/tested ## the pages that are printed from the code
	$(BIN)/python -m tools.pages

screenshots: .make/tested ## pictures of the webmail for the README
	$(BIN)/python tools/screenshots.py

clean: ## remove everything that was made, but not the demo's mail
	rm -rf .venv .make build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	rm -rf web/node_modules src/pillarbox/servers/http/static
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: packages
packages: .make/environment
	$(BIN)/python tools/packages.py

.make/environment: tools/environment.py
	@test -n "$(PYTHON)" || { echo "pillarbox: needs Python 3.11 or later (python3)"; exit 1; }
	@$(PYTHON) tools/environment.py .venv
	@mkdir -p .make && touch $@

.make/installed: .make/environment $(PARTS)
	@echo "Installing Pillarbox into .venv and building the webmail; this takes a minute the first time ..."
	@$(BIN)/python -m pip install -q -e .
	@touch $@

.make/tested: .make/environment $(PARTS)
	$(BIN)/python -m pip install -q -e '.[dev]'
	@$(BIN)/python tools/webmail.py node || $(BIN)/python -m pip install -q "$$($(BIN)/python tools/webmail.py wheel)"
	@touch $@ .make/installed
