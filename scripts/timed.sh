#!/usr/bin/env bash
# Run a group of tests and print how long it took.
set -euo pipefail
name="$1"; shift
begin=$SECONDS
status=0
"$@" || status=$?
echo "[$name] $([ "$status" = 0 ] && echo done || echo FAILED) in $((SECONDS - begin)) s"
exit "$status"
