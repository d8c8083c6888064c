# Two commands matter: `make demo` and `make test`. `make help` lists the rest.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.ONESHELL:

export DOTNET_CLI_TELEMETRY_OPTOUT := 1
export DOTNET_NOLOGO := 1
export DOTNET_CLI_USE_MSBUILD_SERVER := 0
export MSBUILDDISABLENODEREUSE := 1

CACHE := $(or $(AGENT_READINESS_CACHE),$(HOME)/.cache/agent-readiness)
CLUSTER := tests/cluster/cluster.sh
PROGRAMS := operator guardrail eval-runner kubectl-agents samples
PUBLISH := artifacts/publish

project_operator := operator/Controller
project_guardrail := operator/Guardrail
project_eval-runner := operator/EvalRunner
project_kubectl-agents := operator/Cli
project_samples := tests/Samples
file_operator := agent-readiness-operator
file_guardrail := guardrail
file_eval-runner := eval-runner
file_kubectl-agents := kubectl-agents
file_samples := agent-readiness-samples
# The guardrail is Native AOT; the others carry their .NET in one file.
# Profiles that the runtime takes for later compilations cost more than they bring in a program that mostly waits
# (docs/decisions/0015-one-pipeline.md).
flags_operator := --self-contained -p:PublishSingleFile=true -p:TieredPGO=false
flags_eval-runner := --self-contained -p:PublishSingleFile=true
flags_samples := --self-contained -p:PublishSingleFile=true
flags_kubectl-agents := --self-contained -p:PublishSingleFile=true

.PHONY: help
help: ## Show the targets
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-16s %s\n", $$1, $$2}'

.PHONY: build $(addprefix publish-,$(PROGRAMS))
build: $(addprefix publish-,$(PROGRAMS)) ## Build the programs into artifacts/bin

.PHONY: sdk
sdk:
	@command -v dotnet >/dev/null || { echo "The .NET SDK 10 is needed to build: https://dot.net/download" >&2; exit 1; }
	command -v gcc >/dev/null || command -v clang >/dev/null || { echo "gcc or clang is needed: Native AOT links the guardrail with it" >&2; exit 1; }

# One after the other: two publishes at once would write the same intermediate files of the libraries.
.NOTPARALLEL:
$(addprefix publish-,$(PROGRAMS)): publish-%: sdk
	@echo "==> $*"
	dotnet publish $(project_$*) -c Release -r linux-x64 $(flags_$*) -o $(PUBLISH)/$* --nologo -v quiet
	mkdir -p artifacts/bin
	cp -f $(PUBLISH)/$*/$(file_$*) artifacts/bin/

.PHONY: crds
crds: sdk ## Generate crds/ from the C# types
	dotnet run --project operator/Controller -- crds --output $(CURDIR)/crds

.PHONY: cluster cluster-down cluster-status
cluster: ## Start a Kubernetes cluster: kind where Docker answers, else a local one
	@$(CLUSTER) up
cluster-down: ## Stop it and remove every trace but the cache
	@$(CLUSTER) down
cluster-status: ## Show how it stands
	@$(CLUSTER) status

# The operator runs as the user of the kubeconfig. Its Lease and ledgers are in RUN_NAMESPACE; where an installed operator holds that Lease,
# this one waits as a follower. Agents' pods get grants only where the cluster can reach this machine at RUN_ADDRESS.
RUN_NAMESPACE := agent-readiness-system
RUN_ADDRESS := $(or $(shell hostname -I 2>/dev/null | cut -d' ' -f1),127.0.0.1)
.PHONY: run
run: sdk ## Run the operator on this machine against the current kubeconfig
	@export PATH="$(CACHE)/bin:$$PATH" GUARDRAIL_IMAGE=$${GUARDRAIL_IMAGE:-guardrail} EVAL_RUNNER_IMAGE=$${EVAL_RUNNER_IMAGE:-eval-runner}
	if [ -f artifacts/images.env ]; then set -a; . artifacts/images.env; set +a; fi
	kubectl apply --validate=false -f crds/
	kubectl get namespace $(RUN_NAMESPACE) >/dev/null 2>&1 || kubectl create namespace $(RUN_NAMESPACE)
	export POD_NAMESPACE=$(RUN_NAMESPACE) POD_NAME="$$(hostname)-$$$$" POD_IP=$(RUN_ADDRESS)
	export GRANTS_URL=https://$(RUN_ADDRESS):$${GRANTS_PORT:-8443} GRANTS_SECRET=agent-readiness-operator-grants
	dotnet run --project operator/Controller -- run

.PHONY: images
images: build cluster ## Build the images and load them into the cluster
	@tests/cluster/load-images.sh $(PUBLISH) artifacts/images.env

.PHONY: demo
demo: images ## Show the whole story on a real cluster
	@set -a; . artifacts/images.env; set +a
	export KUBECONFIG="$$($(CLUSTER) kubeconfig)" PATH="$(CACHE)/bin:$$PATH"
	dotnet run --project tests/Demo -c Release

.PHONY: storm
storm: images ## The cap storm: pods and operators killed, networks cut, and not a cent beyond the cap
	@set -a; . artifacts/images.env; set +a
	export KUBECONFIG="$$($(CLUSTER) kubeconfig)" PATH="$(CACHE)/bin:$$PATH"
	dotnet run --project tests/Storm -c Release -- $(STORM)

# UPGRADE_FROM names the commit or tag to come from.
.PHONY: test-upgrade
test-upgrade: images ## Upgrade from v0.1.0 to this tree and back, under load: nothing restarts, nothing is lost
	@UPGRADE_FROM='$(UPGRADE_FROM)' tests/upgrade/test-upgrade.sh

# FILTER="FullyQualifiedName~Ledger" runs only the tests that match, in whichever suite they are; see `dotnet test --filter`.
.PHONY: test test-unit test-api test-e2e lint golden
test: sdk ## Run lint and every test: units, API server, end to end (FILTER=... runs those that match)
	@FILTER='$(FILTER)' tests/run-tests.sh lint unit api e2e
test-unit: sdk ## Run the unit tests
	@FILTER='$(FILTER)' tests/run-tests.sh unit
test-api: sdk ## Run the tests against a real API server
	@FILTER='$(FILTER)' tests/run-tests.sh api
test-e2e: sdk ## Run the end-to-end tests on the cluster
	@FILTER='$(FILTER)' tests/run-tests.sh e2e
lint: sdk ## Check formatting, the length of lines and shell scripts
	@tests/lint.sh
golden: sdk ## Rewrite the golden files of the tests and the tables of docs/readiness.md, to be reviewed with git diff
	@UPDATE_GOLDEN=1 dotnet test tests/Controller.Tests --nologo -v quiet --filter FullyQualifiedName~TranscriptTests
	UPDATE_GOLDEN=1 dotnet test tests/Readiness.Tests --nologo -v quiet --filter FullyQualifiedName~CatalogueTests
	git --no-pager diff --stat tests docs/readiness.md

.PHONY: bench bench-budgets bench-evals bench-guardrail bench-screening
bench: publish-operator ## Measure the operator at scale and write docs/benchmarks.md
	@AGENT_READINESS_KUBERNETES="$$($(CLUSTER) binaries | tail -n 1)"
	export AGENT_READINESS_KUBERNETES
	dotnet run --project tests/Bench -c Release -- artifacts/bin/$(file_operator) docs/benchmarks.md $(BENCH_SIZES)
bench-budgets: publish-operator ## Measure grants and ledgers beside a compare-and-swap per call and write docs/benchmarks.md
	@AGENT_READINESS_KUBERNETES="$$($(CLUSTER) binaries | tail -n 1)"
	export AGENT_READINESS_KUBERNETES
	dotnet run --project tests/BenchBudgets -c Release -- artifacts/bin/$(file_operator) docs/benchmarks.md
bench-evals: sdk ## Measure how often verdicts err and write the table of docs/evals.md
	@dotnet run --project tests/BenchEvals -c Release -- docs/evals.md
bench-screening: sdk ## Measure what screening finds in its corpus and write the table of docs/failure-modes.md
	@dotnet run --project tests/BenchScreening -c Release -- docs/failure-modes.md
bench-guardrail: publish-guardrail ## Measure the guardrail beside nginx and Portkey and write docs/benchmarks.md
	@tools="$$(tests/BenchGuardrail/install.sh)"
	dotnet run --project tests/BenchGuardrail -c Release -- artifacts/bin/$(file_guardrail) artifacts/bench/guardrail.json docs/benchmarks.md "$$tools"

# A path serves as well as a URL.
PRICES := https://raw.githubusercontent.com/pydantic/genai-prices/main/prices/new_data/v2/data.json
.PHONY: prices
prices: sdk ## Make the price catalog anew from genai-prices
	@mkdir -p artifacts
	case "$(PRICES)" in http*) curl -fsSL "$(PRICES)" -o artifacts/prices.json ;; *) cp "$(PRICES)" artifacts/prices.json ;; esac
	dotnet run --project operator/Cli -- price import --from genai-prices artifacts/prices.json > artifacts/catalog.json
	mv artifacts/catalog.json operator/Pricing/catalog.json
	git --no-pager diff --stat operator/Pricing/catalog.json

.PHONY: clean
clean: ## Remove what the build left
	rm -rf artifacts
