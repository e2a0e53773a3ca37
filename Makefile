# Every command of this project; `make` alone lists them. ARGS goes to the program or to pytest:
#   make run ARGS="--filter proc:curl"        make test ARGS="-k names"
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help run test check lint types layers fast setup install uninstall bench soak dist fuzz \
	matrix screenshots manual format lock clean
ARGS ?=
python := .venv/bin/python

help: ## list these commands
	@sed -n 's/^\([a-z]*\):[^#]*## \(.*\)/make \1|\2/p' Makefile | \
		while IFS='|' read -r command what; do printf '  %-18s %s\n' "$$command" "$$what"; done

run: ## install what is missing, then open the dashboard
	@./setup.sh run
	@./setup.sh as-root .venv/bin/sock-tui $(ARGS)

setup: ## install what is missing, and leave .venv/bin/sock-tui ready
	@./setup.sh run

test: ## install what is missing, then every test: unit, screens, native capture, real kernels
	@./setup.sh test
	@./setup.sh as-root .venv/bin/python -m pytest $(ARGS)

check: lint types layers fast ## lint, types, layers and the fast tests, in less than a minute

lint: dev ## ruff's rules and format
	@$(python) -m ruff check .
	@$(python) -m ruff format --check .

types: dev ## mypy, strict
	@$(python) -m mypy

layers: dev ## which folder may import which
	@.venv/bin/lint-imports

fast: dev ## the tests that are quick and need neither root nor a virtual machine
	@$(python) -m pytest -n auto -m "not native and not guest and not pictures" $(ARGS)

format: dev ## format all Python as lint wants it
	@$(python) -m ruff check --fix-only .
	@$(python) -m ruff format .

install: ## put sock-tui where sudo finds it, under PREFIX (/usr/local)
	@PREFIX='$(PREFIX)' DESTDIR='$(DESTDIR)' .ci/install.sh install

uninstall: ## remove what install put there
	@PREFIX='$(PREFIX)' DESTDIR='$(DESTDIR)' .ci/install.sh uninstall

bench: ## every measurement in bench/, as root; their one table goes to bench/RESULTS.md
	@./setup.sh test
	@./setup.sh as-root .venv/bin/python bench/all.py $(ARGS)

soak: ## ten minutes of mixed load: memory, descriptors, threads; ARGS="--minutes 60"
	@./setup.sh test
	@./setup.sh as-root .venv/bin/python bench/soak.py $(ARGS)

dist: ## wheel, sdist, .debs and bills of materials into dist/, each tried in a bare Debian
	@.ci/dist.sh $(ARGS)

fuzz: ## every parser on bytes that Atheris makes up, a minute each; ARGS="--seconds 600" or a target
	@./setup.sh fuzz
	@$(python) -m tests.fuzz $(ARGS)

matrix: ## Debian 12, 13 and sid, and kernel 5.10, each set up bare and tried in a VM; ARGS="trixie sid"
	@./setup.sh test
	@./setup.sh as-root .venv/bin/python -m tests.matrix $(ARGS)

screenshots: dev ## draw the pictures that README shows
	@$(python) screenshots/generate.py

manual: dev ## write manual/sock-tui.1 from the flags, keys and settings as they are
	@$(python) -m manual.generate

lock: ## find the newest versions that fit together, and write constraints.txt
	@/usr/bin/python3 .ci/lock.py

clean: ## remove .venv and everything else that these commands made here
	@rm -rf .venv build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .import_linter_cache \
		.hypothesis .fuzz snapshot_report.html
	@find app probes widgets tests bench screenshots -name __pycache__ -prune -exec rm -rf {} + \
		2>/dev/null || true

.PHONY: dev
dev:
	@./setup.sh dev
