"""One registered workflow as a file: the graph, and the description that was found for it.

It is one file, so that it can be written, copied and removed as a whole.
"""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ..catalog.load import belongs_to_others
from ..errors import ConfigurationError, InvalidRequest
from .exported import MOST_BYTES, read_exported
from .workflow_files import Description, Graph, Workflow, names

FORMAT = "coursia-genai workflow 1"
SUFFIX = ".json"
MOST_NAME = 64
NAME = re.compile(rf"[a-z0-9][a-z0-9._-]{{0,{MOST_NAME - 1}}}")
RESERVED = frozenset({"auto", "demo", "none", "default"})
_FILE_BYTES = 2 * MOST_BYTES


@dataclass(frozen=True)
class Registration:
    """A workflow under its name, and the service that runs it."""

    workflow: Workflow
    service: str

    @property
    def name(self) -> str:
        """The name by which callers ask for it."""
        return self.workflow.name

    @property
    def title(self) -> str:
        """Its title for people."""
        return self.workflow.about.title


def text_of(registration: Registration) -> str:
    """Return what stands in the file of a workflow."""
    workflow = registration.workflow
    table = {
        "format": FORMAT,
        "service": registration.service,
        "fetched_as": workflow.fetched_as or {},
        "about": workflow.about.model_dump(mode="json", exclude_defaults=True),
        "graph": workflow.graph,
    }
    return json.dumps(table, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def read_registration(path: Path) -> Registration:
    """Return the workflow of one file of the folder.

    Raises:
        ConfigurationError: it is no such file, or others could have written it; code
            `workflow_file`.
    """
    name = path.name.removesuffix(SUFFIX)
    refuse_name(name)
    data = _bytes_of(path)
    try:
        table = json.loads(data)
    except (ValueError, RecursionError):
        raise wrong_file(path, "is no JSON") from None
    if not isinstance(table, dict) or table.get("format") != FORMAT:
        raise wrong_file(path, "is no registered workflow")
    try:
        graph = read_exported(json.dumps(table.get("graph")).encode())
        about = Description.model_validate(table.get("about"))
        _refuse_strangers(path, graph, about)
        return Registration(
            Workflow(name=name, graph=graph, about=about, fetched_as=_texts(table, "fetched_as")),
            str(table.get("service", "")),
        )
    except InvalidRequest as error:
        raise wrong_file(path, f"is wrong: {error.message.rstrip('.')}") from None
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise wrong_file(path, f"is wrong at about.{where}: {first['msg']}") from None


def _refuse_strangers(path: Path, graph: Graph, about: Description) -> None:
    places = [place for one in about.parameters.values() for place in one.at]
    for node in (*about.outputs, *(place.partition(".")[0] for place in places)):
        if node not in graph:
            raise wrong_file(path, f"describes node {node[:50]}, which is not in its graph")


def refuse_name(name: str, taken: Iterable[str] = ()) -> None:
    """Return where a workflow may have this name.

    Raises:
        InvalidRequest: it is no name, or that of a model that there is already.
    """
    if not NAME.fullmatch(name):
        raise InvalidRequest(
            f"{name[:100]!r} is no name for a workflow.",
            f"Use at most {MOST_NAME} small letters, digits, '.', '_' and '-', beginning with a "
            "letter or digit; give it with --name.",
            code="workflow_name",
        )
    if name in RESERVED or name in names() or name in taken:
        raise InvalidRequest(
            f"{name} is the name of a model that there is already.",
            "Give another with --name.",
            code="workflow_name",
        )


def _bytes_of(path: Path) -> bytes:
    # Not blocking: a named pipe would keep the reader for ever.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
    with os.fdopen(os.open(path, flags), "rb") as file:
        info = os.fstat(file.fileno())
        if not stat.S_ISREG(info.st_mode):
            raise wrong_file(path, "is no plain file")
        if hasattr(os, "getuid") and belongs_to_others(info):
            raise wrong_file(
                path,
                "belongs to somebody else or can be written by others; it is not used",
                f"Run: chown {os.getuid()} {path} && chmod go-w {path}",
            )
        data = file.read(_FILE_BYTES + 1)
    if len(data) > _FILE_BYTES:
        raise wrong_file(path, f"has more than {_FILE_BYTES // 1024} KiB")
    return data


def _texts(table: Mapping[str, Any], name: str) -> dict[str, str]:
    found = table.get(name)
    return {str(k): str(v) for k, v in found.items()} if isinstance(found, dict) else {}


def wrong_file(path: Path, what: str, remedy: str | None = None) -> ConfigurationError:
    """Return the error for one file: `what` is wrong with it."""
    return ConfigurationError(
        f"{path.name} {what}.",
        remedy or f"Register it again, or remove it: {path}",
        code="workflow_file",
    )
