# MovieC: everything a person or a machine does with a checkout. Needs Python 3.11 or later and make.
# A line with two # behind a target is what `make help` says of it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# What the program needs, and what developing and testing it takes besides.
READY := $(VENV)/.ready
DEV := $(VENV)/.ready-dev
# Peers, the handbook's generator, the release's and the analysts' tools have environments of their own: none changes what the tests run with.
PEERS := .venv-bench
DOCS := .venv-docs
RELEASE := .venv-release
ANALYSTS := .venv-analysts
PIP := pip install --quiet --disable-pip-version-check
# Two builds of one commit give the same bytes: files carry its date.
export SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct 2>/dev/null || echo 1732838400)

.DEFAULT_GOAL := help
.PHONY: help demo test nightly drills check fix bench docs generated clean wheel release smoke lock audit analysts

help: ## say what there is to make
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 18

demo: $(READY) ## install, build a catalogue from the sample, serve it on 127.0.0.1:8000; ARGS=--no-serve stops after the build
	$(BIN)/moviec demo $(ARGS)

# File by file, on as many processes as there are cores, four at most; files with slow tests first, the rest in order.
test: $(DEV) ## run the tests; ARGS="tests/web -k keys" runs some
	$(BIN)/pytest --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder -m "not nightly" $(ARGS)

# Everything, properties on four times as many examples, long tests on both databases; drills have a target of their own.
nightly: $(DEV) ## run all tests, on every example
	MOVIEC_EXAMPLES=full $(BIN)/pytest --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder $(ARGS)

# What can break, broken on purpose, ten times each (ROUNDS=3: three times); `make test` runs a few rounds of some.
ROUNDS := full
drills: $(DEV) ## break what can break, ten times each; ROUNDS=3: three times
	MOVIEC_DRILLS=$(ROUNDS) $(BIN)/pytest --numprocesses auto --maxprocesses 4 -rP -m drill tests/drills $(ARGS)

check: $(DEV) ## what must pass before a commit: format, lint, types, import rules, tests
	$(BIN)/ruff format --check src tests bench tools
	$(BIN)/ruff check src tests bench tools
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(MAKE) --no-print-directory test

fix: $(DEV) ## format, and mend what the linter can mend
	$(BIN)/ruff format src tests bench tools
	$(BIN)/ruff check --fix src tests bench tools

# Writes bench/RESULTS.md: what each stage costs at several sizes, then what each script prints (docs/performance.md); what lacks
# the public deliveries or a peer says so. ARGS="--sizes 7000 --stages-only" takes minutes.
# The peers have an environment of their own: pyarrow loads pandas where it is installed, for half a second.
bench: $(DEV) $(PEERS)/.ready ## measure MovieC against its floors and peers
	$(PEERS)/bin/python bench/results.py $(ARGS)

$(PEERS)/.ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/$(PIP) -c constraints.txt -e '.[bench]'
	@touch $@

generated: $(DEV) ## make the pages and files anew that are made from the code
	$(BIN)/python -m moviec.catalog.dictionary docs/data-dictionary.md
	$(BIN)/python -m tools.parts licences docs/dependencies.md
	$(BIN)/python -m tools.parts image deploy/requirements.lock
	$(BIN)/python -m tools.commands docs/commands.md
	$(BIN)/python -m tools.drawings docs/pictures
	$(BIN)/python -m tools.exports

docs: generated $(DOCS)/.ready ## build the handbook as a searchable site in site/, which asks no other host
	$(DOCS)/bin/zensical build --strict --clean
	@echo "look at it: $(PYTHON) -m http.server --bind 127.0.0.1 --directory site 8001"

$(DOCS)/.ready: pyproject.toml
	$(PYTHON) -m venv $(DOCS)
	$(DOCS)/bin/$(PIP) $(shell sed -n 's/^docs = \[\(.*\)\]/\1/p' pyproject.toml | tr -d ',')
	@touch $@

wheel: $(DEV) ## build the wheel into dist/, in place of one that is there
	rm -f dist/moviec-*.whl
	$(BIN)/hatchling build --target wheel --directory dist

release: generated $(RELEASE)/.ready ## wheel, source archive and bill of materials in dist/, with their SHA-256
	rm -rf dist
	$(RELEASE)/bin/pyproject-build --outdir dist
	$(BIN)/python -m tools.parts sbom dist/moviec-$$($(BIN)/python -c 'import moviec; print(moviec.__version__)').cdx.json
	$(RELEASE)/bin/python -m tools.valid_bill dist/*.cdx.json
	cd dist && sha256sum * > SHA256SUMS && cat SHA256SUMS

smoke: wheel ## try the wheel in an empty environment: the lock, the demo, a server, an upgrade of a 0.1 home; PYTHON=python3.13
	PYTHON=$(PYTHON) sh tools/smoke.sh

# Versions come from constraints.txt; hashes of every file that an index has of them.
lock: $(DEV) $(RELEASE)/.ready ## pin every library by its bytes in requirements.lock
	$(RELEASE)/bin/uv pip compile pyproject.toml --no-header --no-annotate --universal --python-version 3.11 \
	  --extra excel --extra frames --extra mcp --extra postgres --extra remote --extra spark -c constraints.txt --generate-hashes -o requirements.lock
	sed -i '1i # Every library of an installation with all extras, pinned by its bytes: pip install --require-hashes -r requirements.lock\n# Made by: make lock' requirements.lock
	$(BIN)/python -m tools.parts image deploy/requirements.lock

audit: $(RELEASE)/.ready ## ask an advisory database about every library in requirements.lock; takes the open internet
	$(RELEASE)/bin/pip-audit --strict --require-hashes --disable-pip -r requirements.lock

$(RELEASE)/.ready: pyproject.toml
	$(PYTHON) -m venv $(RELEASE)
	$(RELEASE)/bin/$(PIP) $(shell sed -n 's/^release = \[\(.*\)\]/\1/p' pyproject.toml | tr -d ',')
	@touch $@

analysts: $(DEV) $(ANALYSTS)/.ready ## try what is in analysts/ in ClickHouse, dbt and a reader of DBML
	$(BIN)/pytest -n 0 tests/release/test_analysts.py $(ARGS)

$(ANALYSTS)/.ready: pyproject.toml
	$(PYTHON) -m venv $(ANALYSTS)
	$(ANALYSTS)/bin/$(PIP) $(shell sed -n 's/^analysts = \[\(.*\)\]/\1/p' pyproject.toml | sed 's/", "/" "/g')
	@touch $@

clean: ## remove environments, builds and caches
	rm -rf $(VENV) $(PEERS) $(DOCS) $(RELEASE) $(ANALYSTS) dist build site .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "MovieC needs Python 3.11 or later; this is $$($(PYTHON) -V). Say which with: make PYTHON=python3.13"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/$(PIP) -c constraints.txt -e .
	@touch $(READY)

$(DEV): $(READY)
	$(BIN)/$(PIP) -c constraints.txt -e '.[dev]'
	@touch $(DEV)
