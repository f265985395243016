#!/usr/bin/env bash
# Build the wheel, install it where there is no Node, see it enabled, remove it, see nothing left.
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
scripts/wheel.sh "$work/dist" > /dev/null
wheel="$(ls "$work"/dist/*.whl)"
python - "$wheel" <<'PY'
import sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as archive:
    names = archive.namelist()
    maps = [name for name in names if name.endswith(".map")]
    assert not maps, f"the wheel carries source maps: {maps[:3]}"
    front = [i for i in archive.infolist() if "/labextensions/" in i.filename]
    assert any(i.filename.endswith("static/style.js") for i in front), "the front end is missing"
    size = sum(i.file_size for i in front) / 1024
    assert size <= 250, f"the front end has {size:.0f} KiB; the budget is 250"
    for needed in ("catalog/services/demo.toml", "events/lab.yaml", "py.typed",
                   "build_contexts/comfyui/Dockerfile", "build_contexts/forge/start_forge.py",
                   "build_contexts/shared/fetch_commit.sh"):
        assert any(name.endswith(needed) for name in names), f"{needed} is missing"
    print(f"wheel: {len(names)} files, front end {size:.0f} KiB")
PY
python -m venv "$work/venv"
# The dependencies of the present environment are lent to the new one; ours comes from the wheel.
site="$("$work/venv/bin/python" -c 'import site; print(site.getsitepackages()[0])')"
python -c 'import site; print(site.getsitepackages()[0])' > "$site/lent.pth"
"$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --force-reinstall "$wheel"
clean() { # no Node and nothing of the present environment on the path
  env -i HOME="$work" PATH="$work/venv/bin:/nonexistent" \
    JUPYTER_CONFIG_DIR="$work/config" JUPYTER_DATA_DIR="$work/data" "$@"
}
clean "$work/venv/bin/python" -m jupyterlab.labextensions list > "$work/labextensions" 2>&1 || true
grep -q 'coursia-genai-lab v.*enabled.*OK' "$work/labextensions" || { cat "$work/labextensions"; exit 1; }
clean "$work/venv/bin/python" -m jupyter_server.extension.serverextension list > "$work/serverextensions" 2>&1 || true
grep -q 'coursia_genai_lab .*enabled' "$work/serverextensions" || { cat "$work/serverextensions"; exit 1; }
clean "$work/venv/bin/coursia-genai" --version
"$work/venv/bin/python" -m pip uninstall --quiet --disable-pip-version-check --yes coursia-genai-lab
left="$(find "$work/venv" \( -name '*coursia*' -o -name '*genai*' \) | head)"
[ -z "$left" ] || { echo "left after pip uninstall: $left"; exit 1; }
echo "wheel: installs without Node, is enabled, leaves nothing"
