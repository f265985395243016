#!/usr/bin/env bash
# The properties of `make test`, thousands of examples each, with fresh randomness.
set -euo pipefail
export HYPOTHESIS_PROFILE=soak
exec python -m pytest -q -m "not docker" tests/lab/test_random_wishes.py tests/detection "$@"
