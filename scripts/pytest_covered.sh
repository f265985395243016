#!/usr/bin/env bash
# pytest with coverage of this process and of every child that it starts; scripts/coverage_gate.py adds up.
#
# In CI a few tests that fail are run once more, alone: kernels, engines and databases choose ports
# that others on a busy machine may be given first. What passes only then is reported as flaky, as
# in the browser tests; what fails twice fails.
set -euo pipefail
export COVERAGE_PROCESS_START="$PWD/pyproject.toml"
# Children run in folders of their own, which tests expect to find empty afterwards.
export COVERAGE_FILE="$PWD/.coverage"
most=3
again="$(mktemp -d)"
trap 'rm -rf "$again"' EXIT

status=0
python -m coverage run -m pytest -q -o cache_dir="$again" "$@" || status=$?
failed="$again/v/cache/lastfailed"
# 1: tests failed. Anything else is no matter of a second try.
if [ "$status" = 1 ] && [ -n "${CI:-}" ] && [ -s "$failed" ]; then
  count="$(python -c 'import json, sys; print(len(json.load(open(sys.argv[1]))))' "$failed")"
  if [ "$count" -le "$most" ]; then
    names="$(python -c 'import json, sys; print("\n".join(json.load(open(sys.argv[1]))))' "$failed")"
    echo "Once more, alone, what failed:"
    status=0
    python -m coverage run -m pytest -q -o cache_dir="$again" --last-failed "$@" -n 0 || status=$?
    [ "$status" = 0 ] && sed 's/^/FLAKY (passed the second time): /' <<< "$names"
  fi
fi
exit "$status"
