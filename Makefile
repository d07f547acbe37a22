# Every target does its own set-up; needs only Python 3.11 or newer, make and git; `test` needs tmux too.

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready
LOCKS := requirements/run.txt requirements/dev.txt
COMPILE = $(BIN)/pip-compile --quiet --allow-unsafe --generate-hashes --strip-extras --no-header \
	--no-emit-index-url --no-emit-trusted-host --no-emit-find-links $(UPGRADE)
DEV_GROUP = import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["dependency-groups"]["dev"], sep="\n")
# Tests that share an engine are a group: one worker runs them in turn. There are three such groups; the rest is the fourth's.
PYTEST := $(BIN)/pytest --numprocesses 4 --dist loadgroup

.PHONY: help setup demo test test-fast test-lab test-matrix lint format lock proto bench screenshots recording clean
.DEFAULT_GOAL := help

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' Makefile

setup: $(STAMP) ## Make .venv from the lock (done once, and again when the lock changes)

$(STAMP): $(LOCKS) pyproject.toml scripts/make_venv.sh
	@scripts/make_venv.sh $(VENV) $(LOCKS)
	@touch $@

demo: $(STAMP) ## Open the app on a real build of app/ (brings its own engine where it can)
	@$(BIN)/dockcache-tui demo app

test: $(STAMP) ## Run the tests, the engine's too, and print how much of the code they reach
	@command -v tmux >/dev/null || { echo "make test needs tmux. Install it first." >&2; exit 1; }
	$(PYTEST) --cov --cov-report=term

test-fast: $(STAMP) ## Run the tests that need no engine
	$(PYTEST) -m "not engine and not matrix and not lab"

test-lab: $(STAMP) ## Run each experiment in each situation (a quarter of an hour)
	$(PYTEST) -m lab

test-matrix: $(STAMP) ## Run the wide tests: many cases, soaks, peers to compile (an hour and more)
	$(PYTEST) -m matrix --capture=no

lint: $(STAMP) ## Check rules, format, types, arrows between rooms, workflows and Dockerfiles
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/zizmor --offline --no-progress --persona=pedantic .github
	$(BIN)/hadolint app/Dockerfile app/original.Dockerfile

format: $(STAMP) ## Format and fix what ruff can
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

lock: $(STAMP) ## Lock the dependencies again (UPGRADE=--upgrade for newer ones)
	env -u PIP_FIND_LINKS $(COMPILE) --output-file requirements/run.txt pyproject.toml
	$(BIN)/python -c '$(DEV_GROUP)' | \
		env -u PIP_FIND_LINKS $(COMPILE) --constraint requirements/run.txt --output-file requirements/dev.txt -

proto: $(STAMP) ## Make BuildKit's stubs again from our .proto
	$(BIN)/python -m grpc_tools.protoc --proto_path tui --plugin=$(BIN)/protoc-gen-mypy --python_out tui --mypy_out tui \
		dockcache_tui/sources/buildkit/control.proto dockcache_tui/sources/buildkit/gateway.proto

bench: $(STAMP) ## Measure the big table, the service, archives, memory, owners, the snapshot of a build's files, and the explanation of a build
	$(BIN)/python benchmarks/table.py
	$(BIN)/python benchmarks/actions.py
	$(BIN)/python benchmarks/archives.py
	$(BIN)/python benchmarks/memory.py
	$(BIN)/python benchmarks/ownership.py
	$(BIN)/python benchmarks/snapshot.py
	$(BIN)/python benchmarks/explain.py

screenshots: $(STAMP) ## Take the README's pictures of the real app
	$(BIN)/python scripts/screenshots.py

recording: $(STAMP) ## Record a real builder and a rebuild for machines without an engine
	$(BIN)/python scripts/recording.py

clean: ## Remove what the targets made
	rm -rf $(VENV) dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
