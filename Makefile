# Two commands set everything up on a fresh Linux machine:
#   make trial   start a real Kubernetes here, prove what is known on it, write the report
#   make test    run every test, the live ones included (make test-all: each fault against every check, each release)
# While working: make check (no lab, under a minute and a half).

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
REPORT ?= seatrial-report.html
LABS   ?= 3

.PHONY: trial test test-all check offline live fuzz bench docs pins clean

trial: $(BIN)/seatrial
	@$(PYTHON) tools/packages.py lab
	@$(BIN)/seatrial trial --lab --save seatrial-run.json --report $(REPORT)

# The live tests wait for clusters most of the time, several labs at once, and the others run beside them.
test: $(BIN)/seatrial
	@$(PYTHON) tools/packages.py lab browser
	@$(MAKE) --no-print-directory lint
	@$(MAKE) --no-print-directory --jobs=2 offline live

test-all: $(BIN)/seatrial
	@$(BIN)/pip install -q --disable-pip-version-check -c tools/constraints.txt -e '.[go]'
	@SEATRIAL_TEST_MATRIX=whole SEATRIAL_TEST_SYSTEMS=all SEATRIAL_TEST_VERSIONS=1.36,1.35,1.34 \
		$(MAKE) --no-print-directory test LABS=2

check: $(BIN)/seatrial lint
	@$(BIN)/pytest tests -m "not live and not browser" -n 2 -q

.PHONY: lint
lint: $(BIN)/seatrial
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check -q .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m tools.docs --check

# Told as a whole, since the live tests may be telling what they do meanwhile.
offline: $(BIN)/seatrial
	@said=$$($(BIN)/pytest tests -m "not live" -n 1 -q 2>&1); code=$$?; echo "$$said"; exit $$code

live: $(BIN)/seatrial
	@$(BIN)/pytest tests/live -n $(LABS) --durations=15

# More than 100,000 cases of bad input.
fuzz: $(BIN)/seatrial
	@SEATRIAL_TEST_PROFILE=nightly $(BIN)/pytest tests/fuzz -n 2 -q --durations=0

bench: $(BIN)/seatrial
	@$(BIN)/python -m benchmarks

docs: $(BIN)/seatrial
	@$(BIN)/python -m tools.docs

$(BIN)/seatrial: pyproject.toml tools/constraints.txt
	@$(PYTHON) tools/packages.py python
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install -q --disable-pip-version-check -c tools/constraints.txt -e '.[dev]'
	@$(PYTHON) tools/packages.py --has go >/dev/null || $(BIN)/pip install -q --disable-pip-version-check -c tools/constraints.txt -e '.[go]'
	@touch $@

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build dist
