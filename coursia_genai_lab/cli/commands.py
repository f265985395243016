"""`coursia-genai start`, `stop` and `logs`: commands to a running Lab."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence

import click

from ..client import LabClient
from ..errors import GenAIError, NotFound, ServiceError, StartTimedOut
from ..wire.services import ServiceView, StatusView
from .find import as_json as json_option
from .find import need_lab, where
from .shown import console, plain, print_json, told

POLL_SECONDS = 20.0
FOLLOW_SECONDS = 1.0
LONGEST_TAIL = 5000


@click.command()
@click.argument("service")
@click.option("--wait/--no-wait", default=True, help="Wait until it is ready (default) or not.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0),
    default=1800.0,
    show_default=True,
    help="Seconds to wait at most.",
)
@where
@json_option
def start(service: str, wait: bool, timeout: float, url: str, token: str, as_json: bool) -> None:
    """Start SERVICE and wait until it is ready."""
    with told(as_json), need_lab(url, token).client() as lab:
        revision = lab.start(service).revision
        if not wait:
            _say(as_json, lab.service(service), f"{service} was asked to start.")
            return
        screen = console(stderr=True)

        def tell(view: ServiceView) -> None:
            if not as_json:
                percent = "" if view.percent is None else f" {view.percent:.0f} %"
                screen.print(plain(f"{service}: {view.phase or view.state}{percent}"))

        view = follow(lab, service, revision, seconds=timeout, tell=tell)
        ready = f"{service} is ready."
        if view.stand_in:
            ready = f"{view.stand_in}, which stands in for {service}, is ready."
        _say(as_json, view, ready)


@click.command()
@click.argument("service")
@click.option("--force", is_flag=True, help="Also when somebody uses it.")
@where
@json_option
def stop(service: str, force: bool, url: str, token: str, as_json: bool) -> None:
    """Stop SERVICE, unless somebody uses it."""
    with told(as_json), need_lab(url, token).client() as lab:
        lab.stop(service, force=force)
        _say(as_json, lab.service(service), f"{service} was asked to stop.")


@click.command()
@click.argument("service")
@click.option(
    "--tail",
    type=click.IntRange(1, LONGEST_TAIL),
    default=100,
    show_default=True,
    help="How many of the last lines.",
)
@click.option("--follow", is_flag=True, help="Go on until Ctrl-C.")
@where
@json_option
def logs(service: str, tail: int, follow: bool, url: str, token: str, as_json: bool) -> None:
    """Print the last lines of SERVICE's output, secrets removed."""
    with told(as_json), need_lab(url, token).client() as lab:
        lines = lab.logs(service, tail).lines
        if as_json and not follow:
            print_json({"service": service, "lines": lines})
            return
        _print_lines(service, lines, as_json)
        try:
            for more in newer_lines(lab, service, lines) if follow else ():
                _print_lines(service, more, as_json)
        except KeyboardInterrupt:
            return


def follow(
    lab: LabClient,
    service: str,
    revision: int,
    *,
    seconds: float,
    tell: Callable[[ServiceView], None],
) -> ServiceView:
    """Return the service once it, or its stand-in, is ready; `tell` hears each new phase.

    Raises:
        ServiceError: it failed, or somebody stopped it.
        StartTimedOut: it is not ready after `seconds`.
    """
    ends = time.monotonic() + seconds
    snapshot, last = lab.status(), None
    while True:
        view = _answering(snapshot, service)
        if snapshot.revision >= revision:
            if view.state == "ready":
                return view
            if view.state in ("failed", "unavailable") or not view.wanted:
                raise _failure(view)
        if (view.state, view.phase) != last:
            last = (view.state, view.phase)
            tell(view)
        left = ends - time.monotonic()
        if left <= 0:
            raise StartTimedOut(
                f"{service} is not ready after {seconds:.0f} seconds; it goes on starting.",
                f"See `coursia-genai logs {service}`, or wait longer with --timeout.",
            )
        snapshot = lab.status(since=snapshot.revision, wait=min(POLL_SECONDS, left))


def newer_lines(lab: LabClient, service: str, seen: list[str]) -> Iterator[list[str]]:
    """Yield lines as they come, for ever; `seen` are those that the caller has."""
    while True:
        time.sleep(FOLLOW_SECONDS)
        now = lab.logs(service, LONGEST_TAIL).lines
        if new := newest(seen, now):
            yield list(new)
        seen = now


def newest(seen: Sequence[str], now: Sequence[str]) -> Sequence[str]:
    """Return what of the lines `now` came after those that were `seen`."""
    return now[_overlap(seen, now) :]


def _overlap(seen: Sequence[str], now: Sequence[str]) -> int:
    # The end of what was seen stands somewhere in `now`; whatever follows it is new. A long tail
    # of equal lines may hide some of them, which a log of real output does not have.
    if not seen:
        return 0
    last = list(seen[-20:])
    for end in range(len(now), 0, -1):
        begin = max(0, end - len(last))
        if list(now[begin:end]) == last[len(last) - (end - begin) :]:
            return end
    return 0


def _answering(snapshot: StatusView, name: str) -> ServiceView:
    by_name = {view.name: view for view in snapshot.services}
    view = by_name.get(name)
    if view is None:
        raise NotFound(f"There is no service {name!r}.")
    return view


def _failure(view: ServiceView) -> GenAIError:
    if view.problem is None:
        return ServiceError(f"{view.title} was stopped by somebody.", "Start it again.")
    problem = view.problem
    return ServiceError(problem.message, problem.remedy, code=problem.code, command=problem.command)


def _print_lines(service: str, lines: Sequence[str], as_json: bool) -> None:
    for line in lines:
        if as_json:
            print_json({"service": service, "line": line})
        else:
            click.echo(plain(line).plain)


def _say(as_json: bool, view: ServiceView, sentence: str) -> None:
    if as_json:
        print_json(view.model_dump(mode="json"))
    else:
        click.echo(sentence)
