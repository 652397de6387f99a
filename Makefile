# MovieC: everything a person or a machine does with a checkout. Needs Python 3.11 or later and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# What the program needs, and what developing and testing it takes besides.
READY := $(VENV)/.ready
DEV := $(VENV)/.ready-dev
PEERS := .venv-bench

.PHONY: demo test nightly drills check fix bench docs clean wheel

# ARGS=--no-serve stops after the build.
demo: $(READY)
	$(BIN)/moviec demo $(ARGS)

# File by file, on as many processes as there are cores, four at most; files with slow tests first, the rest in order.
test: $(DEV)
	$(BIN)/pytest --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder -m "not nightly" $(ARGS)

# Everything, properties on four times as many examples, long tests on both databases; drills have a target of their own.
nightly: $(DEV)
	MOVIEC_EXAMPLES=full $(BIN)/pytest --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder $(ARGS)

# What can break, broken on purpose, ten times each (ROUNDS=3: three times); `make test` runs a few rounds of some.
ROUNDS := full
drills: $(DEV)
	MOVIEC_DRILLS=$(ROUNDS) $(BIN)/pytest --numprocesses auto --maxprocesses 4 -rP -m drill tests/drills $(ARGS)

check: $(DEV)
	$(BIN)/ruff format --check src tests bench
	$(BIN)/ruff check src tests bench
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(MAKE) --no-print-directory test

fix: $(DEV)
	$(BIN)/ruff format src tests bench
	$(BIN)/ruff check --fix src tests bench

# Writes bench/RESULTS.md: what each stage costs at several sizes, then what each script prints (docs/performance.md); what lacks
# the public deliveries or a peer says so. ARGS="--sizes 7000 --stages-only" takes minutes.
# The peers have an environment of their own: pyarrow loads pandas where it is installed, for half a second.
bench: $(READY) $(PEERS)/.ready
	$(PEERS)/bin/python bench/results.py $(ARGS)

$(PEERS)/.ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[bench]'
	@touch $@

# The pages that are made from the code.
docs: $(DEV)
	$(BIN)/python -m moviec.catalog.dictionary docs/data-dictionary.md

wheel: $(DEV)
	$(BIN)/pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir dist .

clean:
	rm -rf $(VENV) $(PEERS) dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "MovieC needs Python 3.11 or later; this is $$($(PYTHON) -V). Say which with: make PYTHON=python3.13"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $(READY)

$(DEV): $(READY)
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $(DEV)
