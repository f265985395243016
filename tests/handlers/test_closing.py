"""The extension's end, seen from the server that stops it."""

from __future__ import annotations

from coursia_genai_lab.app import GenAILabApp


class _Stuck(GenAILabApp):
    """An extension with a part that cannot be closed."""

    async def close(self) -> None:
        raise OSError(5, "Input/output error")


async def test_a_part_that_cannot_close_keeps_no_server_from_stopping() -> None:
    await _Stuck().stop_extension()
