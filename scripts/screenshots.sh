#!/usr/bin/env bash
# Make the pictures of the documentation anew, in a real browser on real servers; it takes minutes.
# Arguments go to Playwright: `scripts/screenshots.sh -g dashboard` makes one.
set -euo pipefail
SCREENSHOTS="$(mktemp -d)"
export SCREENSHOTS
trap 'rm -rf "$SCREENSHOTS"' EXIT
scripts/browser_tests.sh -c screenshots.config.ts "$@"
python scripts/screenshots.py "$SCREENSHOTS"
