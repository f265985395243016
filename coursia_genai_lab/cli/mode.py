"""`coursia-genai mode`: the mode in force and who said what; choose one's own."""

from __future__ import annotations

from datetime import datetime
from typing import cast

import click

from ..config import MODES
from ..wire.policy import Mode, ModeLayer, ModeView
from .find import as_json as json_option
from .find import need_lab, where
from .shown import console, plain, print_json, told

CLEAR = "clear"


@click.command(short_help="Show the mode, or choose your own: VALUE.")
@click.argument("value", required=False, type=click.Choice([*MODES, CLEAR]))
@where
@json_option
def mode(value: str | None, url: str, token: str, as_json: bool) -> None:
    """Show the mode in force and who said what; with VALUE choose your own.

    You can only narrow what the server and the class allow; `clear` takes your choice back.
    """
    with told(as_json), need_lab(url, token).client() as lab:
        view = (
            lab.mode()
            if value is None
            else lab.set_mode(None if value == CLEAR else cast(Mode, value))
        )
    if as_json:
        print_json(view.model_dump(mode="json"))
    else:
        _print(view)


def _print(view: ModeView) -> None:
    screen = console()
    screen.print(plain(f"The mode is {view.effective}.", "bold"))
    for layer in view.layers:
        if layer.value is not None:
            screen.print(plain(f"  {layer.layer}: {layer.value}{_by(layer)}"))
    others = [choice for choice in view.choices if choice != view.effective]
    if others:
        screen.print(plain(f"You may choose: {', '.join(others)}."))
    if not view.enforced:
        screen.print(plain("Nothing is enforced: kernels run as the user who runs the Lab."))


def _by(layer: ModeLayer) -> str:
    since = ""
    if layer.since is not None:
        since = f", since {datetime.fromtimestamp(layer.since).astimezone():%Y-%m-%d %H:%M}"
    return f" ({layer.set_by}{since})" if layer.set_by else ""
