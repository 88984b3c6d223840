# Thin on purpose: each target prepares the machine (scripts/setup.sh, silent when nothing is missing)
# and then runs one npm script.
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)
RUN := npm run --silent

.PHONY: help demo dev test test-long check bench setup setup-test setup-long npm-packages

help:
	@echo 'make demo       train on simulated Ascend devices, from an empty machine to a model, in about a minute'
	@echo 'make test       unit and end-to-end tests'
	@echo 'make test-long  the tests that take minutes'
	@echo 'make check      format, lint, types, architecture'
	@echo 'make bench      measurements, each beside a peer'
	@echo 'make dev        a server on this machine that starts again when a source file changes'
	@echo 'make setup      only install what is missing'

demo: setup
	@$(RUN) demo

test: setup-test
	@$(RUN) test

test-long: setup-long
	@$(RUN) test:long

check: npm-packages
	@$(RUN) check

bench: setup-test
	@$(RUN) bench

dev: setup
	@scripts/dev.sh

setup:
	@scripts/setup.sh all

setup-test:
	@scripts/setup.sh test

setup-long:
	@scripts/setup.sh long

npm-packages:
	@scripts/setup.sh npm
