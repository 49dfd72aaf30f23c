#!/bin/sh
# Checks a seccomp profile against logs of what the program does, in CI.
#
#   PROFILE   the profile
#   LOGS      the logs or reports, one a line
#   STRICT    true: an incomplete log fails, too
#   SARIF     where findings for code scanning go; empty: nowhere
#   JUNIT     where tests for the CI server go; empty: nowhere
#   SUMMARY   where the result goes in Markdown; else GITHUB_STEP_SUMMARY; else stdout
#   AUDITSCAN the program; else auditscan
#
# Ends as `auditscan check` does: 0 all is allowed, 4 something is denied, 3
# nothing was checked or (STRICT) records are missing.
set -eu
: "${PROFILE:?the profile to check}" "${LOGS:?the logs to check it against}"
auditscan=${AUDITSCAN:-auditscan}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# One log a line: a name may hold blanks.
set -f
IFS='
'
# shellcheck disable=SC2086
set -- $LOGS
set +f
unset IFS

# The logs are read once, however many formats are wanted.
"$auditscan" report -q -o json "$@" >"$work/report.json"

# check FORMAT FILE
check() {
	status=0
	if [ "${STRICT:-false}" = true ]; then
		"$auditscan" check --strict -o "$1" "$PROFILE" "$work/report.json" >"$work/result" || status=$?
	else
		"$auditscan" check -o "$1" "$PROFILE" "$work/report.json" >"$work/result" || status=$?
	fi
	case $status in
	0 | 3 | 4) cat "$work/result" >>"$2" ;;
	*) exit "$status" ;;
	esac
}

if [ -n "${SARIF:-}" ]; then
	: >"$SARIF"
	check sarif "$SARIF" 2>/dev/null
fi
if [ -n "${JUNIT:-}" ]; then
	: >"$JUNIT"
	check junit "$JUNIT" 2>/dev/null
fi
check markdown "${SUMMARY:-${GITHUB_STEP_SUMMARY:-/dev/stdout}}"
exit "$status"
