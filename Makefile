PYTHON ?= python3
BIN := .venv/bin

# Hundreds of tests start a Python of their own, which compiles anew what nobody keeps compiled.
unexport PYTHONDONTWRITEBYTECODE
export UV_COMPILE_BYTECODE = 1

.PHONY: test lint types format format-check check install lock environments client manifest skills-today skills-verified

# One command that sets up and runs the tests.
test: install environments
	$(BIN)/python -m pytest -n auto --dist worksteal

install: .venv/.installed

.venv/.installed: requirements-dev.lock
	{ uv venv -q --clear --python $(PYTHON) .venv \
		&& uv pip install -q --python $(BIN)/python --require-hashes -r $<; } 2> /dev/null \
	|| { $(PYTHON) -m venv --clear .venv \
		&& $(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r $<; }
	touch $@

# The environments that the tests run small projects in.
environments:
	$(PYTHON) tests/environments.py

# The pinned Claude Code, for the end-to-end tests of the plugin; without it they are skipped.
client:
	$(PYTHON) tests/client/install.py

# What the real server answers at the start, for the front to answer before it runs.
manifest: install
	$(BIN)/python -m tests.manifest

# Tries the code of the skills with the newest releases, and prints what broke.
skills-today: install
	$(BIN)/python -m tests.skills.verified today

# Runs it as it is locked, and says so with a date in skills/VERIFIED.md.
skills-verified: install
	$(BIN)/python -m tests.skills.verified write

lint:
	$(BIN)/ruff check .

types:
	$(BIN)/mypy

format-check:
	$(BIN)/ruff format --check .

format:
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

check: lint types format-check

lock:
	uv pip compile pyproject.toml --generate-hashes --no-emit-index-url --universal --python-version 3.11 --custom-compile-command "make lock" -o requirements.lock
	uv pip compile pyproject.toml --group dev --generate-hashes --no-emit-index-url --universal --python-version 3.11 --custom-compile-command "make lock" -o requirements-dev.lock
