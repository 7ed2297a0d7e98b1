# `make` lists the targets. Each is one line: what it does is in the tool it calls.
.DEFAULT_GOAL := help
golangci := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0

.PHONY: help
help: ## this list
	@grep -E '^[a-z-]+: .*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+): .*## /\1\t/' | expand -t 13

.PHONY: newsroom
newsroom: ## serve the example site
	go run ./examples/newsroom

.PHONY: build
build: ## compile everything, without C
	CGO_ENABLED=0 go build ./...

.PHONY: test
test: ## all tests, with the race detector
	go test -race ./...

.PHONY: lint
lint: ## what a reviewer should not have to say (.golangci.yml)
	go run $(golangci) run ./...
	cd bench && go run $(golangci) run ./...

.PHONY: fuzz
fuzz: ## every fuzz test, a minute each
	.ci/fuzz 1m

.PHONY: mutants
mutants: ## break each promise on purpose and see its test fail
	go run ./internal/mutants

.PHONY: bench
bench: ## the figures of docs/performance.md
	cd bench && go test -run '^$$' -bench . ./...

.PHONY: bench-peers
bench-peers: ## Reprint beside nginx, Varnish, Next.js and net/http; ARGS="-help" shows more
	cd bench && go run ./peers $(ARGS)

.PHONY: vuln
vuln: ## known vulnerabilities in what is called
	go run golang.org/x/vuln/cmd/govulncheck@v1.9.0 ./...

.PHONY: ci
ci: ## all that must hold before a change lands
	.ci/run

.PHONY: clean
clean: ## remove what was built and what the examples stored
	rm -rf bin dist data
