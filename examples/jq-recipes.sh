#!/bin/sh
# What jq makes of auditscan's JSON: jq-recipes.sh AUDITSCAN LOG...
set -eu
auditscan=$1
shift

recipe() { printf '\n# %s\n' "$1"; }

recipe "The names of all calls that ran under SCMP_ACT_LOG"
"$auditscan" report -o json "$@" |
	jq -r '[.groups[].syscalls[] | select(.action == "log").name] | unique | join(" ")'

recipe "The five most frequent calls"
"$auditscan" report -o json "$@" |
	jq -r '[.groups[].syscalls[]] | group_by(.name)
		| map({name: .[0].name, count: map(.count) | add}) | sort_by(-.count, .name)
		| .[:5][] | "\(.count)\t\(.name)"'

recipe "How many calls each program makes"
"$auditscan" report -o json --by exe "$@" |
	jq -r '.groups[] | "\(.exe)\t\(.syscalls | map(.name) | unique | length) calls\t\(.records) records"'

recipe "What was denied: who, what, on which architecture, how, how often"
"$auditscan" report -o json --by comm "$@" |
	jq -r '.groups[] | .comm as $comm | .syscalls[] | select(.action != "log")
		| [$comm, .name // .nr, .arch, .action, .count] | @tsv'

recipe "Records per second"
"$auditscan" report -o ndjson -q "$@" 2>/dev/null |
	jq -r 'select(.time).time[:19]' | uniq -c | awk '{ print $2, $1 }'

recipe "Live, as they come: the first three records"
cat "$@" | "$auditscan" follow -q -o json - 2>/dev/null |
	jq -r --unbuffered 'select(.syscall) | "\(.comm)[\(.pid)] \(.syscall) \(.action)"' | head -n 3

recipe "A profile that allows one call more"
"$auditscan" profile -q --exact "$@" 2>/dev/null |
	jq -c '.syscalls += [{names: ["uname"], action: "SCMP_ACT_ALLOW"}] | .syscalls[-1]'

recipe "Is anything missing? Exit status 0 only if not"
"$auditscan" report -o json "$@" |
	jq -e '.completeness | .verdict == "complete" or (.evidence[] | .detail, .fix | halt_error(1))'
