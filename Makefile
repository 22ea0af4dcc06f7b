# eegssl's tasks. Each one sets up what it needs in .venv first, so that a fresh machine takes one
# command: it has to have Python 3.11 or later, make, and a network for pip. Nothing is taken from
# an environment that happens to be active (conda, another virtual environment, PYTHONPATH).
#
#   make clean setup PYTHON=python3.12           another interpreter than the first suitable one
#   make setup TORCH="torch==2.13.0 ..."         another build of torch: docs/install.md says how
#   make test ARGS="-k masking"                  further arguments for pytest

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup demo test test-all lint docs bench clean FORCE

PYTHON =
ARGS =
unexport PYTHON TORCH ARGS VIRTUAL_ENV CONDA_PREFIX __PYVENV_LAUNCHER__
unexport PYTHONPATH PYTHONHOME PYTHONSTARTUP PYTHONUSERBASE PYTHONOPTIMIZE PYTHONWARNINGS MYPYPATH
unexport PYTHONDONTWRITEBYTECODE
unexport PIP_USER PIP_TARGET PIP_PREFIX PIP_ROOT PIP_NO_DEPS PIP_PYTHON PIP_REQUIREMENT
unexport PIP_CONSTRAINT PIP_PRE PIP_UPGRADE PIP_REQUIRE_VIRTUALENV PIP_NO_BINARY PIP_DRY_RUN
unexport PYTEST_ADDOPTS PYTEST_PLUGINS
export PYTHONNOUSERSITE := 1

VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check --no-input -qq

# $(READY) is written last: it says that .venv is complete, of which torch, and for which folder.
# $(CHOICE) keeps a TORCH that was asked for, so that it need not be given again.
READY := $(VENV)/.ready
CHOICE := $(VENV)/.torch
PINNED_TORCH := $(shell sed -n 's/^\(torch==[^ ;]*\).*/\1/p' requirements.lock)
ifneq ($(origin TORCH),command line)
  TORCH := $(shell cat $(CHOICE) 2>/dev/null)
endif
TORCH_SPEC := $(or $(strip $(TORCH)),$(PINNED_TORCH))
STATE := $(TORCH_SPEC) in $(CURDIR)
WORKS := $(shell $(PY) -c 'print("yes")' 2>/dev/null)
ifeq ($(WORKS) $(shell cat $(READY) 2>/dev/null),yes $(STATE))
  COMPLETE := yes
else
$(READY): FORCE
endif

help: ## list these targets
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  make \1 \2/p' Makefile | awk '{ printf "  %s %-8s ", $$1, $$2; $$1 = $$2 = ""; print }'

setup: $(READY) ## make .venv: torch, the pinned packages, eegssl
	@echo "setup: $(VENV) is complete"

demo: $(READY) ## run the whole pipeline on a synthetic corpus (examples/quickstart.sh)
	@PATH="$(CURDIR)/$(VENV)/bin:$$PATH" bash examples/quickstart.sh

PYTEST = $(PY) -m pytest -n auto --dist loadfile --no-loadscope-reorder

test: $(READY) ## run the tests that touch every promise once
	@$(PYTEST) -m "not slow" $(ARGS)

test-all: $(READY) ## run all tests: also those marked slow, and with every figure drawn
	@$(PYTEST) $(ARGS)

lint: $(READY) ## ruff (rules and format) and mypy
	@failed=0; for check in "ruff check ." "ruff format --check ." mypy; do \
	  echo "lint: $$check"; $(PY) -m $$check || failed=1; \
	done; exit $$failed

docs: $(READY) ## build the documentation into docs/_build/html, warnings are errors
	@$(PY) -m sphinx -q -W --keep-going -b html docs docs/_build/html
	@echo "open docs/_build/html/index.html"

bench: $(READY) ## measure speed and memory, bench/bench_*.py one after the other
	@for script in bench/bench_*.py; do \
	  if [ -e "$$script" ]; then echo "== $$script"; $(PY) "$$script" || exit 1; \
	  else echo "there is no bench/bench_*.py yet"; fi; \
	done

clean: ## remove what can be made again (.venv, caches, built docs); run/ stays
	@rm -rf $(VENV) docs/_build dist .pytest_cache .ruff_cache .mypy_cache .hypothesis
	@find eegssl tests bench docs examples -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

# A complete .venv is brought up to date in place; one that an interrupted set-up left, or of
# another torch, or moved from another folder, is made anew.
$(READY): requirements.lock pyproject.toml
	@rm -f $@
	@if [ -n "$(COMPLETE)" ] && [ -x $(PY) ]; then echo "setup: bringing $(VENV) up to date"; \
	else $(make-venv); fi
	@$(if $(strip $(TORCH)),echo '$(strip $(TORCH))' > $(CHOICE),rm -f $(CHOICE))
	@echo "setup: installing $(TORCH_SPEC)"
	@$(PIP) install $(TORCH_SPEC)
	@echo "setup: installing what requirements.lock pins"
	@sed '/^torch==/d' requirements.lock > $(VENV)/without-torch.lock
	@$(PIP) install -r $(VENV)/without-torch.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@echo '$(STATE)' > $@

# Python 3.11 and 3.12 come first: pyedflib is compiled on later ones, which takes a C compiler.
CANDIDATES = $(if $(PYTHON),$(PYTHON),python3 python3.12 python3.11 python3.13 python3.14 python)
define make-venv
found=; \
for minor in 13 15; do for python in $(CANDIDATES); do \
  if [ -z "$$found" ] && "$$python" -c \
    "import sys; sys.exit(not (3, 11) <= sys.version_info < (3, $$minor))" 2>/dev/null; \
  then found="$$python"; fi; \
done; done; \
if [ -z "$$found" ]; then \
  echo "setup: no Python 3.11 to 3.14 among: $(CANDIDATES)." \
    "Install one, or name it: make setup PYTHON=/path/to/python3.12" >&2; exit 1; \
fi; \
if ! "$$found" -c 'import venv, ensurepip' 2>/dev/null; then \
  echo "setup: $$found cannot make virtual environments: its venv module is incomplete." \
    "On Debian or Ubuntu: sudo apt install $$("$$found" -c \
    'import sys; print("python%d.%d-venv" % sys.version_info[:2])')" >&2; exit 1; \
fi; \
echo "setup: making $(VENV) with $$("$$found" --version)"; \
"$$found" -m venv --clear $(VENV)
endef

FORCE:
