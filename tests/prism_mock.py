"""Providers as their own descriptions have them: Prism answers, and refuses what is not written.

The descriptions are prepared for it first: `nullable` as OpenAPI 3.1 writes it, a real picture
for an example, and OpenAI's errors, which its description leaves out.
"""

from __future__ import annotations

import base64
import io
import json
import os
import queue
import re
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
PRISM = ROOT / "ui-tests/node_modules/@stoplight/prism-cli/dist/index.js"
OPENAI = ROOT / "tests/gateway/openai_spec/openapi.json"
OPENROUTER = ROOT / "tests/engines/specs/openrouter.json"
START_SECONDS = 120.0
_LISTENS = re.compile(rb"listening on (http://127\.0\.0\.1:\d+)")
Change = Callable[[dict[str, Any]], None]


def missing() -> str | None:
    """Return why it cannot run here; None where it can."""
    if shutil.which("node") is None:
        return "Node is not installed"
    if not PRISM.exists():
        return "the test tools of ui-tests are not installed (make unit does it)"
    return None


def png() -> bytes:
    """Return a small picture."""
    out = io.BytesIO()
    Image.new("RGB", (2, 2), (200, 30, 30)).save(out, "PNG")
    return out.getvalue()


def picture() -> str:
    """Return a small picture as providers send it."""
    return base64.b64encode(png()).decode("ascii")


def prepared(source: Path, *changes: Change) -> dict[str, Any]:
    """Return a description that Prism can answer from."""
    spec: dict[str, Any] = _repaired(json.loads(source.read_text(encoding="utf-8")))
    for change in changes:
        change(spec)
    return spec


@contextmanager
def prism(spec: dict[str, Any], folder: Path) -> Iterator[str]:
    """Run it on a port of its own and give the address, without a path; it takes seconds."""
    path = folder / "spec.json"
    path.write_text(json.dumps(spec), encoding="utf-8")
    process = subprocess.Popen(
        ["node", str(PRISM), "mock", "-h", "127.0.0.1", "-p", "0", str(path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, "NO_COLOR": "1", "FORCE_COLOR": "0", "SCARF_ANALYTICS": "false"},
    )
    assert process.stdout is not None
    found: queue.Queue[str] = queue.Queue()
    reading = threading.Thread(target=_read, args=(process.stdout, found), daemon=True)
    reading.start()
    try:
        said = found.get(timeout=START_SECONDS)
        assert said.startswith("http://"), f"Prism ended: {said}"
        yield said
    finally:
        process.terminate()
        process.wait(60)
        reading.join(60)
        process.stdout.close()


def _read(lines: IO[bytes], found: queue.Queue[str]) -> None:
    """Tell the address, or what was said; read on, for nothing goes on behind a full pipe."""
    said = b""
    for line in lines:
        said = (said + line)[-2000:]
        if listens := _LISTENS.search(line):
            found.put(listens[1].decode())
    found.put(said.decode("utf-8", "replace"))


def _repaired(value: Any) -> Any:
    """Return OpenAPI 3.1 where `nullable` of 3.0 was left over: else nothing is validated."""
    if isinstance(value, list):
        return [_repaired(one) for one in value]
    if not isinstance(value, dict):
        return value
    found = {name: _repaired(one) for name, one in value.items() if name != "nullable"}
    if value.get("nullable") is True:
        if isinstance(found.get("type"), str):
            found["type"] = [found["type"], "null"]
            if "enum" in found and None not in found["enum"]:
                found["enum"] = [*found["enum"], None]
        elif "anyOf" in found:
            found["anyOf"] = [*found["anyOf"], {"type": "null"}]
        elif "oneOf" in found:
            found["oneOf"] = [*found["oneOf"], {"type": "null"}]
    return found
