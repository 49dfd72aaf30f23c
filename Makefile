# The targets that people and CI use; `make help` lists them.
GO       ?= go
BIN      ?= bin/auditscan
LDFLAGS  ?= -s -w
FUZZTIME ?= 30s
SIZE     ?= 500000000
E2E_ROOT ?= /var/cache/auditscan-e2e

.PHONY: help build dist demo test race fuzz bench pgo hammer attack e2e generate lint vuln check cross clean

help: ## list the targets
	@grep -E '^[a-z0-9]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

build: ## build the static binary bin/auditscan
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o $(BIN) ./cmd/auditscan

dist: ## make the files of a release, in dist/
	./internal/ci/dist.sh dist

demo: build ## build, and run the main job on a real log: report, profile, check
	./examples/demo.sh $(BIN)

# One package at a time: the tests against the kernel share its one audit queue.
test: ## every test; tests against real daemons skip, saying so, where one is missing
	$(GO) test -p 1 -timeout 20m ./...

# A race in a command that ends with an error would not change how it ends.
race: ## every test under the race detector
	GORACE=halt_on_error=1 $(GO) test -p 1 -race -timeout 30m ./...

fuzz: ## run each fuzz target for FUZZTIME
	./internal/ci/fuzz.sh $(FUZZTIME)

bench: build ## benchmarks, and docs/benchmarks.md: reports of logs of SIZE bytes beside rg, ausearch, jq and others
	$(GO) test -run '^$$' -bench . -benchmem ./parser ./aggregate ./report
	$(GO) run ./internal/loggen/bench -bin $(BIN) -size $(SIZE)

# The profile tells the compiler what to inline: 8 % of the time of a report.
pgo: ## make anew the profile that the compiler reads, cmd/auditscan/default.pgo
	$(GO) test -run '^$$' -bench Report -benchtime 10s -pgo off -cpuprofile cmd/auditscan/default.pgo -o /dev/null ./cmd/auditscan

hammer: ## the long form of the tests of following rotated files
	$(GO) test -p 1 -run Hammer -timeout 60m -v ./source ./cmd/auditscan -hammer=long

# The short form is among the tests.
attack: ## forge, hide, move, flood, fill, kill and hold up, as an attacker would (root, for real daemons; minutes)
	$(GO) test -p 1 -run Attack -timeout 20m ./...
	$(GO) test -run Attack -timeout 20m ./cmd/auditscan -attack=long

# Debian's packages are unpacked into E2E_ROOT, never installed; crictl is a program in Go.
e2e: ## profiles of 45 programs, enforced by the kernel; writes docs/closed-loop.md (needs root, up to 40 minutes)
	GOBIN=$(E2E_ROOT)/bin $(GO) install sigs.k8s.io/cri-tools/cmd/crictl@v1.34.0 || true # a test skips without
	PATH="$(E2E_ROOT)/bin:$$PATH" $(GO) test -timeout 60m -v ./profile/internal/loop -loop=long -root $(E2E_ROOT) -document $(CURDIR)/docs/closed-loop.md
	cat docs/closed-loop.md

generate: ## regenerate the syscall tables
	$(GO) generate ./...

lint: ## gofmt, go vet, staticcheck, go mod tidy
	./internal/ci/lint.sh

vuln: ## known vulnerabilities in what is used (needs the network)
	$(GO) tool govulncheck ./...

check: lint race cross ## what a change must pass
	$(GO) test -run '^$$' -bench . -benchtime 1x ./...

cross: ## build and vet for other systems
	./internal/ci/cross.sh

clean: ## remove what was built
	rm -rf bin dist
