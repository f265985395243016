#!/usr/bin/env bash
# pytest with coverage of this process and of every child that it starts; scripts/coverage_gate.py adds up.
set -euo pipefail
export COVERAGE_PROCESS_START="$PWD/pyproject.toml"
# Children run in folders of their own, which tests expect to find empty afterwards.
export COVERAGE_FILE="$PWD/.coverage"
exec python -m coverage run -m pytest -q "$@"
