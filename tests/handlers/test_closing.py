"""The extension's end, seen from the server that stops it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any


class _Stuck:
    """A part that cannot be closed."""

    async def close(self) -> None:
        raise OSError(5, "Input/output error")


async def test_a_part_that_cannot_close_keeps_no_server_from_stopping(app: Any) -> None:
    whole = app.parts
    app.parts = replace(whole, doors=_Stuck())
    try:
        await app.stop_extension()
    finally:
        app.parts = whole
