#!/usr/bin/env bash
# The browser tests, with Debian's Chromium or the one that CHROMIUM_PATH names.
set -euo pipefail
: "${CHROMIUM_PATH:=$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)}"
export CHROMIUM_PATH
if [ -z "$CHROMIUM_PATH" ]; then
  echo "Browser tests skipped: no Chromium (Debian: apt-get install chromium, or set CHROMIUM_PATH)."
  [ -z "${CI:-}" ] # CI skips nothing
  exit
fi
export UI_TEST_PYTHON="$PWD/.venv/bin/python"
cd ui-tests
exec jlpm playwright test "$@"
