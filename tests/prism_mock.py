"""Providers as their own descriptions have them: Prism answers, and refuses what is not written.

The descriptions are prepared for it first: `nullable` as OpenAPI 3.1 writes it, a real picture
for an example, and OpenAI's errors, which its description leaves out.
"""

from __future__ import annotations

import asyncio
import base64
import io
import json
import os
import re
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

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


@asynccontextmanager
async def prism(spec: dict[str, Any], folder: Path) -> AsyncIterator[str]:
    """Run it on a port of its own and give the address, without a path."""
    path = folder / "spec.json"
    path.write_text(json.dumps(spec), encoding="utf-8")
    process = await asyncio.create_subprocess_exec(
        "node",
        str(PRISM),
        "mock",
        "-h",
        "127.0.0.1",
        "-p",
        "0",
        str(path),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "NO_COLOR": "1", "FORCE_COLOR": "0", "SCARF_ANALYTICS": "false"},
    )
    assert process.stdout is not None
    drain: asyncio.Task[bytes] | None = None
    try:
        url = await asyncio.wait_for(_listening(process.stdout), START_SECONDS)
        drain = asyncio.create_task(process.stdout.read())
        yield url
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        if drain is not None:
            await drain
        await process.wait()


async def _listening(lines: asyncio.StreamReader) -> str:
    said = b""
    while line := await lines.readline():
        said += line
        if found := _LISTENS.search(line):
            return found[1].decode()
    raise AssertionError(f"Prism ended: {said[-2000:].decode('utf-8', 'replace')}")


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
