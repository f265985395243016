#!/usr/bin/env bash
# Build the wheel from a clean copy: an editable install leaves a development bundle that a wheel
# must not carry.
set -euo pipefail
here="$PWD"
out="${1:-$here/dist}"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
git ls-files -z --cached --others --exclude-standard | while IFS= read -r -d '' file; do
  [ -e "$file" ] && printf '%s\0' "$file"
done | xargs -0 cp --parents -t "$work"
export YARN_ENABLE_TELEMETRY=0
YARN_NPM_REGISTRY_SERVER="$(npm config get registry 2>/dev/null | sed 's,/*$,,')"
export YARN_NPM_REGISTRY_SERVER
mkdir -p "$out"
(cd "$work" && python -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir "$out" .) \
  > "$work/log" 2>&1 || { tail -n 40 "$work/log"; exit 1; }
ls -1 "$out"/*.whl
