# What people type. Everything a machine lacks is set up by `setup`; nothing here needs Node but `widget` and `check`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8000
# One more than there are cores: tests wait for browsers and for processes of ours.
WORKERS ?= $(shell echo $$(($$(nproc 2>/dev/null || echo 2) + 1)))

.PHONY: run test check bench widget setup chromium nginx messages dist clean

run: $(VENV)/.run
	LEADCAPTURE_PORT=$(PORT) $(BIN)/leadcapture demo

# Where Python is told to keep no bytecode, each of many processes would compile everything again.
test: setup chromium nginx
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(TESTS)

# The gate. `.ci/run` runs the same on a clean clone.
check: setup chromium widget/node_modules/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	cd widget && npm run --silent check
	cd widget && npm test --silent
	$(BIN)/python tests/check_static.py
	cd widget && npm run --silent sizes
	$(MAKE) --no-print-directory test

bench: setup
	$(BIN)/python -m tests.bench $(NAME)

widget: widget/node_modules/.installed
	cd widget && npm run --silent build

setup: $(VENV)/.dev

# Collects the texts of the server's pages and mails, brings the catalogues up to date and compiles them.
messages: setup
	$(BIN)/pybabel -q extract -F babel.cfg -k lazy_gettext -k _ -k _n:1,2 --no-location --sort-output --project=leadcapture \
		--copyright-holder="the LeadCapture developers" -o leadcapture/translations/messages.pot .
	$(BIN)/pybabel -q update --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date -i leadcapture/translations/messages.pot -d leadcapture/translations
	$(BIN)/pybabel -q compile -d leadcapture/translations

dist: setup
	rm -rf dist
	$(BIN)/python -m build --outdir dist

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit("LeadCapture needs Python 3.11 or newer; set PYTHON=…") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: $(VENV)/bin/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	touch $@

$(VENV)/.dev: $(VENV)/bin/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@ $(VENV)/.run

widget/node_modules/.installed: widget/package.json widget/package-lock.json
	@command -v npm >/dev/null || { echo "Building the widget needs Node 20 or newer with npm." >&2; exit 1; }
	cd widget && npm ci --no-audit --no-fund --loglevel=error
	touch $@

# Browser tests use a Chromium that is there; as root on Debian one is installed; else they say loudly that they were skipped.
chromium:
	@sh tests/e2e/install_chromium.sh

# The same of the nginx that deploy/nginx.conf is tried with.
nginx:
	@sh tests/ops/install_nginx.sh

clean:
	rm -rf $(VENV) dist build widget/node_modules
