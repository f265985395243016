"""Ask the front end for what a kernel cannot do: a new cell, the clipboard.

Our JupyterLab extension listens on a comm target of its own. Another front end knows nothing of it
and never answers; so whoever asks has shown the text already, to be copied by hand.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from comm import create_comm

TARGET = "coursia-genai-lab:helper"
Wish = Literal["cell", "clipboard"]


def hand_over(wish: Wish, text: str, model_id: str, then: Callable[[], None]) -> None:
    """Ask for a new cell below the one that shows the widget `model_id`, or to copy `text`.

    Returns at once. `then` is called, on the kernel's main thread, once the front end has done it;
    never where none can.
    """
    asked = create_comm(target_name=TARGET, data={"wish": wish, "text": text, "widget": model_id})

    def answered(message: dict[str, Any]) -> None:
        if message["content"]["data"].get("done") is True:
            then()
        asked.close()

    asked.on_msg(answered)
