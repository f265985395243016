#!/usr/bin/env bash
# The properties of `make test`, thousands of examples each, with fresh randomness; then detection
# under a coverage-guided fuzzer. SOAK_MINUTES (default 10) and SOAK_SEED (default 1) are the
# fuzzer's; SOAK_FOLDER (default soak/) keeps what it found, and what broke.
set -euo pipefail
cd "$(dirname "$0")/.."
status=0
HYPOTHESIS_PROFILE=soak python -m pytest -q -m "not docker" \
  tests/lab/test_random_wishes.py tests/lab/test_shared_host.py tests/lab/test_arbiter_schedules.py \
  tests/detection tests/notebooks "$@" || status=1

python -c "import atheris" 2>/dev/null ||
  python -m pip install --quiet --disable-pip-version-check "atheris>=3,<4" || true
if python -c "import atheris" 2>/dev/null; then
  python tests/detection/fuzz.py "${SOAK_FOLDER:-soak}/detection" \
    --minutes "${SOAK_MINUTES:-10}" --seed "${SOAK_SEED:-1}" || status=1
else
  echo "skipped: the coverage-guided fuzz needs atheris (Linux, Python 3.11 or later)"
fi
exit "$status"
