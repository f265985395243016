"""`coursia-genai pin` and `unpin`: keep a service for a while, whoever uses it."""

from __future__ import annotations

import time

import click

from ..wire.services import ServiceView
from .find import as_json as json_option
from .find import need_lab, where
from .shown import print_json, told

LONGEST_MINUTES = 7 * 24 * 60


@click.command()
@click.argument("service")
@click.option(
    "--minutes",
    type=click.FloatRange(min=0, min_open=True, max=LONGEST_MINUTES),
    default=60.0,
    show_default=True,
    help="How long.",
)
@click.option("--no-end", is_flag=True, help="Until `unpin`, or until the server stops.")
@where
@json_option
def pin(service: str, minutes: float, no_end: bool, url: str, token: str, as_json: bool) -> None:
    """Start SERVICE if need be and keep it without users."""
    with told(as_json), need_lab(url, token).client() as lab:
        lab.pin(service, None if no_end else minutes)
        view = lab.service(service)
        if as_json:
            print_json(view.model_dump(mode="json"))
        else:
            click.echo(f"{service} is kept {_until(view)}.")


@click.command(short_help="Keep SERVICE no longer.")
@click.argument("service")
@where
@json_option
def unpin(service: str, url: str, token: str, as_json: bool) -> None:
    """Keep SERVICE no longer: it stops some time after its last use, as others do."""
    with told(as_json), need_lab(url, token).client() as lab:
        lab.unpin(service)
        view = lab.service(service)
        if as_json:
            print_json(view.model_dump(mode="json"))
        else:
            click.echo(f"{service} is kept no longer.")


def _until(view: ServiceView) -> str:
    ends = [holder.ends_at for holder in view.holders if holder.kind == "pin"]
    if not ends or ends[0] is None:
        return "until `coursia-genai unpin`"
    return time.strftime("until %Y-%m-%d %H:%M", time.localtime(ends[0]))
