#!/bin/sh
# Recording again and again, so that each log holds little but news:
# record-again.sh [AUDITSCAN]. The runs are real ones, see ../testdata/archive;
# needs no rights and nothing but the binary.
set -eu
auditscan=$(command -v "${1:-auditscan}")
case $auditscan in
/*) ;;
*) auditscan=$PWD/$auditscan ;;
esac
logs=$(cd "$(dirname "$0")/../testdata/archive" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$logs"/*.log* "$work"
cd "$work"

say() { printf '\n# %s\n' "$1"; }

# run ARG...: shows a command, then what it prints.
run() {
	echo "\$ auditscan $*"
	"$auditscan" "$@" 2>&1
}

# profile FILE ARG...: the same for a profile that goes to a file.
profile() {
	file=$1
	shift
	echo "\$ auditscan profile -q $* > $file"
	"$auditscan" profile -q "$@" 2>&1 >"$file"
}

echo "# 1. A container runs under audit.json, which logs every call (docker run --security-opt seccomp=audit.json ...)."
profile app-1.json run-1.log.gz
say "The profile to record with next allows what was seen, and logs all else."
profile next-1.json --recording run-1.log.gz

say "2. Under next-1.json it does more. Only what is new is logged, and exit_group, once a process."
run report --by comm run-2.log
say "Both together."
profile app-2.json --merge app-1.json run-2.log
profile next-2.json --merge app-1.json --recording run-2.log

say "3. Under next-2.json it does the rest."
run report --by comm run-3.log
profile app-3.json --merge app-2.json run-3.log

say "All three together are what one long recording under audit.json gives."
profile whole.json whole.log.gz
run diff whole.json app-3.json
echo "\$ cmp whole.json app-3.json"
cmp whole.json app-3.json
run check app-3.json whole.log.gz
