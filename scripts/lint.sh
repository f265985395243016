#!/usr/bin/env bash
# Every static check; all of them run, so that one call shows everything.
set -u
status=0
step() {
  if output="$("$@" 2>&1)"; then
    echo "ok    $*"
  else
    echo "FAIL  $*"
    echo "$output"
    status=1
  fi
}
step ruff check .
step ruff format --check .
step mypy
step jlpm stylelint
step jlpm prettier --check
step jlpm eslint
step jlpm tsc --noEmit
step jlpm tsc --noEmit -p ui-tests
step python scripts/generate_wire.py --check
step python scripts/generate_docs.py --check
step python scripts/check_repository.py
exit "$status"
