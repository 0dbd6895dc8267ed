# Two commands for a newcomer: `make demo` and `make test`. Both set up everything they need in .venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Without bytecode, every start of Keras and TensorFlow costs 8 CPU-seconds in place of 2.6.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test lint types format bench bench-tables bench-lines soak fuzz estimators memory commands map docs lock clean

# A study of its own, from the start each time.
DEMO := --storage sqlite:///demo/perceptuna.db

demo: $(VENV)/installed
	@mkdir -p demo
	@$(BIN)/perceptuna delete demo --yes $(DEMO) >/dev/null 2>&1 || true
	$(BIN)/perceptuna run demo --data digits --space small --trials 24 --epochs 12 --workers 2 $(DEMO)

# In two processes, each file of tests in one: much of their time is waiting for programs that they start. Files are
# begun in the order of tests/conftest.py: pytest-xdist would leave those of few tests, the longest, for the end.
test: $(VENV)/installed
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

lint: $(VENV)/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/installed
	$(BIN)/mypy

format: $(VENV)/installed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# Quick forms, under five minutes; without --quick they take their time. CIFAR-10 joins where $CIFAR10_JPEG names it.
bench: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check keras-tuner
	$(BIN)/python -m benchmarks.training --quick --sets digits,table569 --batches 32,512
	$(BIN)/python -m benchmarks.trials --quick
	$(BIN)/python -m benchmarks.studies --quick --sets digits
	$(BIN)/python -m benchmarks.startup --quick

# Networks and trees on the tables of a folder: `make bench-tables TABLES=FOLDER OPTIONS=--quick`. Without --quick it
# takes hours, and goes on where it was ended. PyTorch's usual build for Linux brings CUDA, several GB: name another by
# TORCH=…, such as torch==2.13.0+cpu where the index has it.
TORCH ?= torch
RIVALS := $(VENV)-rivals

bench-tables: $(VENV)/installed $(RIVALS)/installed
	$(BIN)/python -m benchmarks.tables --tables "$(TABLES)" $(OPTIONS)

$(RIVALS)/installed:
	$(PYTHON) -m venv $(RIVALS)
	$(RIVALS)/bin/python -m pip install --quiet --disable-pip-version-check "$(TORCH)" lightgbm optuna pandas pytabkit scikit-learn
	touch $@

# How many lines three jobs take here and in three rivals, each of which is run; KerasTuner lies in a folder of its own.
bench-lines: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --upgrade --target $(VENV)-keras-tuner keras-tuner kt-legacy
	PYTHONPATH=$(VENV)-keras-tuner $(BIN)/python -m benchmarks.lines

# Kills studies at random instants and looks for what is lost; a quarter of an hour or more. Tests run a short form.
soak: $(VENV)/installed
	$(BIN)/python -m benchmarks.soak

# Gives every reader and option what nobody should give them, and looks for tracebacks; ten minutes. Tests run a short form.
fuzz: $(VENV)/installed
	$(BIN)/python -m benchmarks.fuzz

# All that scikit-learn checks of an estimator; five minutes. Tests run a short form.
estimators: $(VENV)/installed
	PERCEPTUNA_ALL_CHECKS=1 $(BIN)/python -m pytest tests/python/test_python_scikit_learn.py

# A worker's memory over 500 trials, and the estimate that --memory-limit goes by.
memory: $(VENV)/installed
	$(BIN)/python -m benchmarks.memory

# The command reference, from the commands themselves.
commands: $(VENV)/installed
	$(BIN)/python docs/commands.py

# The map of rooms and files, from their docstrings.
map: $(VENV)/installed
	PYTHONPATH=. $(BIN)/python docs/map.py

# The documentation as a site, in site/; fails where a link leads nowhere.
docs: $(VENV)/installed
	$(BIN)/python docs/site_pages.py
	$(BIN)/zensical build --strict --clean
	@echo "look at it: open site/index.html in a browser; its search works there, too"

$(VENV)/installed: requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14) and "perceptuna needs Python 3.11 to 3.13, but $(PYTHON) is " + sys.version.split()[0] + "; name another with PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	$(BIN)/python -m compileall -q perceptuna search spaces storage
	touch $@

# Names, versions and hashes only: no registry is written down, so any mirror serves.
lock:
	$(PYTHON) -m venv $(VENV)-lock
	$(VENV)-lock/bin/python -m pip install --quiet uv
	$(VENV)-lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
		--no-emit-index-url --extra postgresql --extra tensorboard --group dev pyproject.toml --output-file requirements.lock
	rm -r $(VENV)-lock

clean:
	rm -rf $(VENV) $(RIVALS) $(VENV)-keras-tuner demo site .mypy_cache .pytest_cache .ruff_cache
