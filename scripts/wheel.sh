#!/usr/bin/env bash
# Build from a clean checkout: an editable install leaves a development bundle that a wheel must not carry.
set -euo pipefail
here="$PWD"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
git clone -q --no-hardlinks "$here" "$work/source"
python -m pip install --quiet --disable-pip-version-check build
(cd "$work/source" && python -m build --outdir "$here/dist" .)
python - "$here/dist" <<'PY'
import sys, zipfile
from pathlib import Path
wheel = max(Path(sys.argv[1]).glob("*.whl"), key=lambda path: path.stat().st_mtime)
names = zipfile.ZipFile(wheel).namelist()
assert not [name for name in names if name.endswith(".map")], "the wheel carries source maps"
assert any(name.endswith("static/style.js") for name in names), "the wheel lacks the front end"
print(f"{wheel.name}: {wheel.stat().st_size / 1024:.0f} KiB, {len(names)} files")
PY
