#!/bin/sh
# gofmt, go vet, staticcheck, go mod tidy: any output is a failure.
set -eu
cd "$(dirname "$0")/../.."
out=$(gofmt -l .)
if [ -n "$out" ]; then
	echo "gofmt would change:"
	echo "$out"
	exit 1
fi
go vet ./...
go tool staticcheck ./...
go mod tidy -diff
