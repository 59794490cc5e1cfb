# Two commands: `make run` sets everything up and serves the page; `make test` proves it works.
PYTHON ?= python3
BIN := .venv/bin
NPM := npm --prefix frontend --no-audit --no-fund --loglevel=error

.PHONY: run setup page test test-python test-page test-long lint bench soak clean

run: setup page
	$(BIN)/avatar-chat run $(if $(PORT),--port $(PORT))

setup: .venv/.runtime
PAGES := frontend/apps/chat/dist/index.html frontend/apps/monitor/dist/index.html
page: $(PAGES)

test: lint test-page test-python

# Where a browser's sound and pictures are judged as they come, nothing else may run beside.
ONE_BY_ONE := tests/e2e tests/kiosk
# What takes many minutes: rolling restarts behind nginx, everything that may break, a day in a
# Prometheus, screens without glass, faces made from pictures. Continuous integration runs it too.
LONG := tests/deploy tests/faults tests/monitoring tests/kiosk tests/nets/test_optimise.py \
  tests/avatar/test_create_http.py tests/avatar/test_create_real.py
PYTEST_BESIDE := $(BIN)/pytest -n 2 --dist loadfile --max-worker-restart 0
test-python: .venv/.dev page
	$(PYTEST_BESIDE) $(patsubst %,--ignore=%,$(LONG) $(ONE_BY_ONE))
	$(BIN)/pytest $(filter-out $(LONG),$(ONE_BY_ONE))

test-long: .venv/.dev page
	$(PYTEST_BESIDE) $(filter-out $(ONE_BY_ONE),$(LONG))
	$(BIN)/pytest $(filter $(ONE_BY_ONE),$(LONG))

test-page: frontend/node_modules/.installed
	$(NPM) test

lint: .venv/.dev frontend/node_modules/.installed
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(NPM) run lint
	$(NPM) run typecheck
	$(NPM) run generate -- --check

bench: .venv/.dev page
	$(BIN)/avatar-chat bench

# Visitors for an hour, or as long as told, and a report in docs/soak.md.
MINUTES ?= 60
VISITORS ?= 6
soak: .venv/.dev
	$(BIN)/python -m bench.soak --minutes $(MINUTES) --visitors $(VISITORS)

clean:
	rm -rf .venv .venv-faces frontend/node_modules frontend/apps/*/dist *.egg-info

# The installer itself comes by hash too; see requirements-installer.lock.
.venv/.installer: requirements-installer.lock
	$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(None if (3, 11) <= v[:2] <= (3, 12) \
	  else f"Python 3.11 or 3.12 is needed; this is {v[0]}.{v[1]}. Try: make PYTHON=python3.12 run")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

.venv/.runtime: requirements.lock pyproject.toml .venv/.installer
	$(BIN)/uv pip install --python $(BIN)/python --require-hashes --no-deps -r $<
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@

.venv/.dev: requirements-dev.lock .venv/.runtime
	$(BIN)/uv pip install --python $(BIN)/python --require-hashes --no-deps -r $<
	@touch $@

# What `avatar-chat avatar create` finds faces with: its pins go with nothing else here.
.PHONY: face-finder
face-finder: .venv-faces/.installed
.venv-faces/.installed: requirements-faces.lock .venv/.installer
	$(BIN)/uv venv --quiet --allow-existing --python $(BIN)/python .venv-faces
	$(BIN)/uv pip install --python .venv-faces/bin/python --require-hashes --no-deps -r $<
	@touch $@

# What Vite asks for; an older one fails in the middle of the build, without saying why.
NODE_IS_NEW = const [major, minor] = process.versions.node.split(".").map(Number); \
  if (major < 20 || minor < ({20: 19, 21: Infinity, 22: 12}[major] ?? 0)) \
    throw `Node 20.19, 22.12 or newer is needed; this is $${process.versions.node}.`
frontend/node_modules/.installed: frontend/package-lock.json
	@node -e '$(NODE_IS_NEW)'
	$(NPM) ci
	@touch $@

PAGE_SOURCES := $(shell find frontend/apps frontend/packages -type f \
  -not -path '*/node_modules/*' -not -path '*/dist/*' 2>/dev/null)

$(PAGES) &: frontend/node_modules/.installed $(PAGE_SOURCES)
	$(NPM) run build

# Renews the locks. They hold hashes and no addresses, and never torch (see the overrides file).
.PHONY: lock
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
  --no-emit-index-url --no-header --no-annotate --override requirements-overrides.txt
lock: .venv/.installer
	$(COMPILE) requirements-installer.in -o requirements-installer.lock
	$(COMPILE) pyproject.toml -o requirements.lock
	$(COMPILE) --extra dev pyproject.toml -c requirements.lock -o requirements-dev.lock
	$(subst overrides,faces-overrides,$(COMPILE)) requirements-faces.in -o requirements-faces.lock

# Rewrites what follows from the code: the contract, the settings page, the page's types.
.PHONY: docs
docs: .venv/.dev frontend/node_modules/.installed
	$(BIN)/python -m backend.protocol_docs > docs/protocol.md
	$(BIN)/python -m backend.settings_docs > docs/settings.md
	$(BIN)/python -m backend.metrics_docs > docs/metrics.md
	$(NPM) run generate
