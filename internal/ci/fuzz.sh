#!/bin/sh
# Runs each fuzz target for the time given, one after the other.
set -eu
cd "$(dirname "$0")/../.."
for pkg in $(go list ./...); do
	for target in $(go test -list '^Fuzz' "$pkg" | grep '^Fuzz' || true); do
		echo "fuzz: $pkg $target"
		go test -run '^$' -fuzz "^$target\$" -fuzztime "$1" -fuzzminimizetime 20x "$pkg"
	done
done
