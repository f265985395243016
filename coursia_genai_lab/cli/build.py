"""`coursia-genai build`: make the image of a service on this machine."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from ..client import LabClient
from ..errors import Conflict, GenAIError, NotFound, ServiceError
from ..runtimes.base import Progress
from ..runtimes.building import BuildOrder
from ..wire.problems import Problem
from ..wire.services import ServiceView
from .commands import LONGEST_TAIL, newest
from .find import as_json as json_option
from .find import find_lab, where
from .settings import operator_settings
from .shown import console, plain, print_json, told

if TYPE_CHECKING:
    from ..catalog.spec import ServiceSpec
    from ..config import LabSettings

LOOK_SECONDS = 1.0
_OF_A_BUILD = re.compile(r"^(build_|docker_|image_missing$|registry_|service_error$)")


@click.command(short_help="Build the image of SERVICE on this machine.")
@click.argument("service")
@click.option(
    "--base",
    default="",
    metavar="IMAGE",
    help="Base image in place of the one that the build context names, best as IMAGE@sha256:….",
)
@click.option("--no-cache", is_flag=True, help="Do every step again.")
@click.option("--cancel", is_flag=True, help="End the build of SERVICE that a Lab has at work.")
@where
@json_option
def build(
    service: str, base: str, no_cache: bool, cancel: bool, url: str, token: str, as_json: bool
) -> None:
    """Build the image of SERVICE here, through the running Lab where there is one.

    It takes minutes to an hour, some disk, and the network. What it says is printed; Ctrl-C ends
    the build of this command, and only the printing where a Lab builds.
    """
    with told(as_json):
        found, say = find_lab(url, token), _Say(service, as_json)
        if found is None:
            if cancel:
                raise Conflict("No Lab is running, so none builds.", "There is nothing to do.")
            image = _build_here(service, base, no_cache, say)
        else:
            with found.client() as lab:
                if cancel:
                    _cancel(lab, service, as_json)
                    return
                lab.build(service, base=base, no_cache=no_cache)
                image = ""
                try:
                    _follow(lab, service, say)
                except KeyboardInterrupt:
                    click.echo(
                        f"The build goes on; `coursia-genai build {service} --cancel` ends it.",
                        err=True,
                    )
                    raise SystemExit(130) from None
        words = f"The image of {service} is built: {image}." if image else ""
        _end(
            as_json,
            service,
            built=True,
            sentence=words or f"The image of {service} is built.",
        )


class _Say:
    """Print phases and lines as they come."""

    def __init__(self, service: str, as_json: bool) -> None:
        self._service = service
        self._as_json = as_json
        self._screen = console(stderr=True)
        self._phase = ""

    def phase(self, phase: str, percent: float | None) -> None:
        """Tell a phase once."""
        if phase == self._phase:
            return
        self._phase = phase
        if self._as_json:
            print_json({"service": self._service, "phase": phase, "percent": percent})
        else:
            share = "" if percent is None else f" {percent:.0f} %"
            self._screen.print(plain(f"{self._service}: {phase}{share}", "bold"))

    def line(self, line: str) -> None:
        """Tell one line of the build's output."""
        if self._as_json:
            print_json({"service": self._service, "line": line})
        else:
            click.echo(plain(line).plain)


def _end(as_json: bool, service: str, *, built: bool, sentence: str) -> None:
    if as_json:
        print_json({"service": service, "built": built})
    else:
        click.echo(sentence)


def _cancel(lab: LabClient, service: str, as_json: bool) -> None:
    at_work = _builds(lab.service(service))
    lab.cancel_build(service)
    sentence = "The build was asked to end." if at_work else f"No build of {service} is at work."
    _end(as_json, service, built=False, sentence=sentence)


def _follow(lab: LabClient, service: str, say: _Say) -> None:
    """Print what a Lab's build says until it has ended.

    Raises:
        ServiceError: it failed.
    """
    seen: list[str] = []
    while True:
        view = lab.service(service)
        if view.state == "building":
            say.phase(view.phase or view.state, view.percent)
        now = lab.logs(service, LONGEST_TAIL).lines if _builds(view) or _failed(view) else seen
        problem = None if _builds(view) else _failed(view)
        for line in newest(seen, now):
            # The last line of a build that failed says why, as the error below does.
            if problem is None or line != problem.message:
                say.line(line)
        seen = now
        if problem is not None:
            raise _as_error(problem)
        if not _builds(view):
            return
        time.sleep(LOOK_SECONDS)


def _builds(view: ServiceView) -> bool:
    # What is being built cannot be built; else it is an engine that is away.
    return not view.can_build and _failed(view) is None


def _failed(view: ServiceView) -> Problem | None:
    if view.state == "building":
        return None
    problem = view.problem or view.stand_in_reason
    return problem if problem is not None and _OF_A_BUILD.match(problem.code) else None


def _build_here(service: str, base: str, no_cache: bool, say: _Say) -> str:
    """Build in this process; return the image's name.

    Raises:
        GenAIError: there is no such service, it has no [build], or the build failed.
    """
    from ..catalog.load import load_catalog

    settings = operator_settings()
    catalog = load_catalog(settings.services_path or None)
    spec = catalog.get(service)
    if spec is None:
        raise NotFound(f"There is no service {service!r}.", f"Known: {', '.join(sorted(catalog))}.")
    if spec.build is None or spec.container is None:
        raise Conflict(
            f"The image of {spec.title} is not made here.",
            "Only a service with [container] and [build] in its service file has one to build.",
            code="not_buildable",
        )
    try:
        asyncio.run(_run(spec, settings, BuildOrder(spec, base, no_cache), say))
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    return spec.container.image


async def _run(spec: ServiceSpec, settings: LabSettings, order: BuildOrder, say: _Say) -> None:
    from ..composition import build_builder

    def report(progress: Progress) -> None:
        say.phase(progress.phase, progress.percent)

    tell: Callable[[str], None] = say.line
    builder = await asyncio.to_thread(build_builder, settings)
    try:
        await builder.build(order, report, tell)
    finally:
        await builder.close()


def _as_error(problem: Problem) -> GenAIError:
    return ServiceError(problem.message, problem.remedy, code=problem.code, command=problem.command)
