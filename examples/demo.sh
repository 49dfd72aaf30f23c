#!/bin/sh
# The main job on a real log: demo.sh [AUDITSCAN]. Needs no rights and nothing
# but the binary.
set -eu
auditscan=$(command -v "${1:-auditscan}")
case $auditscan in
/*) ;;
*) auditscan=$PWD/$auditscan ;;
esac
logs=$(cd "$(dirname "$0")/../testdata/nginx" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$logs/audit.log" "$logs/syslog" "$work"
cd "$work"

say() { printf '\n# %s\n' "$1"; }

# run ARG...: shows a command, then what it prints.
run() {
	echo "\$ auditscan $*"
	"$auditscan" "$@" 2>&1 || echo "(exit code $?)"
}

# profile LOG FILE: the same for the command whose output goes to a file.
profile() {
	echo "\$ auditscan profile $1 > $2"
	"$auditscan" profile "$1" 2>&1 >"$2" || echo "(exit code $?)"
}

echo "# An nginx container ran under examples/audit.json, which logs every call."
say "What did nginx call, and is anything missing?"
run report --by comm --comm nginx audit.log
say "The profile that allows what ran."
profile audit.log nginx.json
say "It is what Docker, Podman, containerd, CRI-O and the kubelet read."
echo "\$ cat nginx.json"
cat nginx.json
say "Does it fit? It would deny nothing of what the log holds."
run check nginx.json audit.log

printf '\n# The same container on a host without auditd: the kernel dropped most records.\n'
say "The report says so."
run report --by comm syslog
say "So does the profile."
profile syslog poor.json
say "It would have broken nginx."
run check --by comm poor.json audit.log
