#!/bin/bash
# Times whole reports of generated logs of 500 MB, with the peak of memory, and
# beside them what merely counts the same lines: rg, where it is installed.
set -euo pipefail
bin=$1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
TIMEFORMAT='%R s wall, %U s user, %S s sys'

for kind in audit syslog1 syslog30; do
	log=$dir/$kind.log
	go run ./internal/loggen/cmd -kind "$kind" -size 500000000 >"$log"
	pattern=type=1326
	[[ $kind == audit ]] && pattern=type=SECCOMP
	for run in 1 2 3; do
		echo "== $kind: auditscan report, run $run"
		time "$bin" report -q -o json "$log" >/dev/null
		if command -v rg >/dev/null; then
			echo "== $kind: rg -c $pattern, run $run"
			time rg -c "$pattern" "$log" >/dev/null
		fi
	done
	if [[ -r /proc/self/status && $kind == audit ]]; then
		echo "== $kind: peak memory"
		"$bin" report -q -o json "$log" >/dev/null &
		pid=$!
		peak=0
		while [[ -r /proc/$pid/status ]]; do
			now=$(awk '/VmHWM/ {print $2}' "/proc/$pid/status" 2>/dev/null || true)
			[[ -n $now ]] && peak=$now
		done
		wait "$pid"
		echo "$((peak / 1024)) MiB"
	fi
	rm "$log"
done
command -v rg >/dev/null || echo "rg is not installed: nothing to compare with"
