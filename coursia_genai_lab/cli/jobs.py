"""`coursia-genai jobs`: who waits for pictures, in which order, and how to end a job."""

from __future__ import annotations

import click
from rich.table import Table

from ..errors import InvalidRequest
from ..wire.jobs import JobView
from .find import as_json as json_option
from .find import need_lab, where
from .shown import console, plain, print_json, told

SHORT = 8
"""Characters of an id that are shown, and that are enough to name a job."""
LEAST = 4
"""Below this somebody's script has lost the name of a job."""


@click.group(invoke_without_command=True)
@where
@json_option
@click.pass_context
def jobs(context: click.Context, url: str, token: str, as_json: bool) -> None:
    """Show the jobs that wait or are worked on, or end one."""
    context.obj = (url, token, as_json)
    if context.invoked_subcommand is None:
        _list(url, token, as_json)


@jobs.command("list")
@where
@json_option
@click.pass_obj
def list_jobs(said: tuple[str, str, bool], url: str, token: str, as_json: bool) -> None:
    """Show the jobs that wait for pictures or are worked on."""
    _list(url or said[0], token or said[1], as_json or said[2])


@jobs.command("cancel")
@click.argument("job")
@where
@json_option
@click.pass_obj
def cancel_job(said: tuple[str, str, bool], job: str, url: str, token: str, as_json: bool) -> None:
    """End JOB; the beginning of its id is enough."""
    as_json = as_json or said[2]
    with told(as_json), need_lab(url or said[0], token or said[1]).client() as lab:
        found = [one.id for one in lab.jobs().jobs if one.id.startswith(job)]
        if found and (len(found) > 1 or len(job) < LEAST):
            raise InvalidRequest(
                f"More than one job may be meant by {job!r}.",
                f"Name it by at least {LEAST} characters of its id, as `coursia-genai jobs` shows.",
            )
        # What is not listed is for the Lab to refuse.
        name = found[0] if found else job
        lab.cancel_job(name)
        if as_json:
            print_json({"cancelled": name})
        else:
            click.echo("The job is cancelled.")


def _list(url: str, token: str, as_json: bool) -> None:
    with told(as_json), need_lab(url, token).client() as lab:
        listed = lab.jobs()
        if as_json:
            print_json(listed.model_dump(mode="json"))
        elif not listed.jobs:
            click.echo("Nothing waits.")
        else:
            _print(listed.jobs)


def _print(listed: list[JobView]) -> None:
    table = Table(box=None, pad_edge=False, show_header=False)
    for style in ("dim", "bold", "", "", ""):
        table.add_column(style=style, overflow="fold")
    for job in listed:
        name = job.label if job.mine else "somebody else's"
        table.add_row(
            job.id[:SHORT], plain(job.service), _place(job), plain(job.model), plain(name)
        )
    console().print(table)


def _place(job: JobView) -> str:
    if job.state == "working":
        return "at work"
    wait = "" if job.seconds is None else f", in about {max(1, round(job.seconds))} s"
    return f"number {job.position} in line{wait}"
