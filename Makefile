# Two commands do everything: `make run` and `make test`.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= 3.11
WORKSPACE ?= .imgclf
VENV := .venv
BIN := $(VENV)/bin
LOCK := requirements.lock
STAMP := $(VENV)/.installed
PEERS := .venv-peers
FLINK := $(CURDIR)/.flink
# Each takes some gigabytes of memory: TensorFlow, and a run of the pipeline that its tests look at.
TEST_PROCESSES ?= 2
PEERS_LOCK := tests/benchmarks/peers.lock
IMAGE ?= imgclf:latest
GPU_IMAGE ?= imgclf-gpu:latest
FLINK_IMAGE ?= imgclf-flink:latest
DATAFLOW_IMAGE ?= imgclf-dataflow:latest
UV := $(shell command -v uv 2>/dev/null || echo .uv/bin/uv)

help: ## List what there is.
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: $(STAMP) ## Create .venv and install exactly what requirements.lock pins.

# Bytecode is compiled at once: without it, importing TFX takes three times as long.
$(STAMP): $(LOCK) pyproject.toml tests/kubeflow/manifest-checks.lock | $(UV)
	@test -x $(BIN)/python || $(UV) venv --quiet --python $(PYTHON) $(VENV)
	@$(BIN)/python -c 'import sys; sys.exit(not (3, 10) <= sys.version_info < (3, 12))' || { \
		echo "$(VENV) is on another Python than 3.10 or 3.11: rm -r $(VENV), then make setup." >&2; exit 1; }
	@echo "Installing what $(LOCK) pins into $(VENV), once …"
	@$(UV) pip sync --quiet --python $(VENV) --require-hashes --compile-bytecode $(LOCK)
	@$(UV) pip install --quiet --python $(VENV) --no-deps --no-build-isolation --editable .
	@$(UV) pip install --quiet --python $(VENV) --no-deps --require-hashes --target $(VENV)/manifest-checks \
		--requirement tests/kubeflow/manifest-checks.lock
	@touch $@

.uv/bin/uv:
	@echo "Fetching uv …"
	@python3 -m venv .uv
	@.uv/bin/python -m pip install --quiet uv

run: setup ## Handwritten digits, from images to a pushed model.
	@$(BIN)/imgclf demo "$(WORKSPACE)/digits"
	@$(BIN)/imgclf run --images "$(WORKSPACE)/digits" --config pipeline/configs/digits.yaml --workspace "$(WORKSPACE)"

test: setup ## The tests that prove the product.
	$(BIN)/python -m pytest --numprocesses $(TEST_PROCESSES) --dist loadfile --no-loadscope-reorder

test-all: test ## Everything.
	$(BIN)/python -m pytest -m zoo

test-cluster: setup $(FLINK)/.installed ## The compiled pipeline step by step, a database server and Flink, which this installs.
	@command -v mariadbd >/dev/null || { apt-get -qq update; apt-get -qq install --yes --no-install-recommends mariadb-server; } >/dev/null
	IMGCLF_TEST_FLINK=$(FLINK) $(BIN)/python -m pytest -m cluster

# Flink as it is on PyPI, and Beam's jars: what kubeflow/flink/Dockerfile puts together.
$(FLINK)/.installed: tests/cluster/flink.lock kubeflow/flink/pom.xml kubeflow/flink/jars.sha256 | $(UV) $(STAMP)
	@{ command -v java && command -v mvn; } >/dev/null || { apt-get -qq update; apt-get -qq install --yes --no-install-recommends default-jre-headless maven; } >/dev/null
	@echo "Fetching Flink and Beam's jars into $(FLINK), once …"
	@rm -rf $(FLINK)
	@$(UV) pip install --quiet --python $(VENV) --no-deps --require-hashes --target $(FLINK)/packages --requirement tests/cluster/flink.lock
	@mvn --batch-mode --quiet --file kubeflow/flink/pom.xml dependency:copy-dependencies -DoutputDirectory=$(abspath $(FLINK))/beam
	@cd $(FLINK)/beam && sha256sum --check --strict --quiet $(CURDIR)/kubeflow/flink/jars.sha256
	@touch $@

check: setup ## Lint, formatting and types.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench-ingest: setup $(PEERS)/.installed ## Ingest beside its peers, measured: minutes, and 8 GB of peers. BENCH="many" …
	@$(BIN)/python -m tests.benchmarks.ingest_benchmark $(BENCH)

bench-train: setup ## Training beside a plain Keras script, measured: half an hour.
	@$(BIN)/python -m tests.benchmarks.train_benchmark

bench-start: setup ## What starting a stage costs where each is a process, measured: minutes.
	@$(BIN)/python -m tests.benchmarks.node_start

$(PEERS)/.installed: $(PEERS_LOCK) | $(UV)
	@test -x $(PEERS)/bin/python || $(UV) venv --quiet --python 3.11 $(PEERS)
	@echo "Installing what $(PEERS_LOCK) pins into $(PEERS), once …"
	@$(UV) pip sync --quiet --python $(PEERS) --require-hashes --compile-bytecode $(PEERS_LOCK)
	@touch $@

lock: | $(UV) ## Resolve pyproject.toml into requirements.lock, and the image's locks, anew.
	$(UV) pip compile pyproject.toml --quiet --upgrade --universal --python-version 3.10 --extra dev \
		--extra kubeflow --generate-hashes --no-emit-index-url --no-annotate --no-header \
		--output-file $(LOCK)
	$(IMAGE_COMPILE) --output-file kubeflow/requirements.lock
	$(IMAGE_COMPILE) --extra gpu --output-file kubeflow/requirements-gpu.lock
	$(UV) pip compile tests/kubeflow/manifest-checks.in --quiet --upgrade --no-deps --python-version 3.10 \
		--generate-hashes --no-emit-index-url --no-annotate --no-header \
		--output-file tests/kubeflow/manifest-checks.lock

# The image's packages are those of $(LOCK), without what only development and submitting take. The Python is one
# that python:3.11 is no older than: some packages have other versions for the first ones of 3.11.
IMAGE_COMPILE = $(UV) pip compile pyproject.toml --quiet --constraint $(LOCK) --python-version 3.11.9 \
	--python-platform linux --generate-hashes --no-emit-index-url --no-annotate --no-header

image: ## The container image of all stages, IMAGE=imgclf:latest.
	docker build $(DOCKER_ARGS) --target cpu --tag $(IMAGE) .

image-gpu: ## The same with CUDA, GPU_IMAGE=imgclf-gpu:latest.
	docker build $(DOCKER_ARGS) --target gpu --tag $(GPU_IMAGE) .

image-flink: ## Flink with Beam in it, FLINK_IMAGE=imgclf-flink:latest.
	docker build --file kubeflow/flink/Dockerfile --tag $(FLINK_IMAGE) .

image-dataflow: image ## The image of all stages for Dataflow's workers, DATAFLOW_IMAGE=imgclf-dataflow:latest.
	docker build --file kubeflow/dataflow/Dockerfile --build-arg STAGES=$(IMAGE) --tag $(DATAFLOW_IMAGE) .

DOCKER_ARGS = --file kubeflow/Dockerfile --build-arg REVISION=$$(git rev-parse HEAD)

clean: ## Remove what runs left in .imgclf; .venv stays.
	rm -rf .imgclf

.PHONY: help setup run test test-all test-cluster check bench-ingest bench-train bench-start lock image image-gpu image-flink image-dataflow clean
