"""Which notebooks a kernel is for, and who asks for it.

Four sources, in this order (as jupyter_server 2.21 behaves):

1. the session table's rows of this kernel: all of them, for a second notebook or a console may
   share the kernel. The first start has no row yet; a restart has;
2. the request that is being served. JupyterLab posts `folder/<uuid>` as path and the file as
   name, so the notebook is dirname(path) + name;
3. `JPY_SESSION_NAME` in the launch's own environment;
4. `COURSIA_NOTEBOOK_PATH`, for batch runs.

A source that knows the kernel's session decides, also when the answer is "no notebook": a console
must not inherit the notebook of a batch run.
"""

from __future__ import annotations

import json
import os
import posixpath
import re
import stat
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from jupyter_core.utils import ensure_async
from jupyter_server import CallContext

from .person import person_of

SESSION_VARIABLE = "JPY_SESSION_NAME"
BATCH_VARIABLE = "COURSIA_NOTEBOOK_PATH"
_DRIVE = re.compile(r"^[A-Za-z][\w.+-]*:")
_SESSIONS_URL = re.compile(r"/api/sessions/?$")
_SESSION_URL = re.compile(r"/api/sessions/(?P<id>[\w-]+)/?$")
_KERNELS_URL = re.compile(r"/api/kernels/?$")


class SessionTable(Protocol):
    """The part of Jupyter's session manager that we read."""

    def list_sessions(self) -> Any:
        """Return the models of all sessions, now or awaited."""


@dataclass(frozen=True)
class Claim:
    """What a session says about its document; both parts are API text from outside."""

    path: str
    name: str = ""
    type: str = "notebook"


@dataclass(frozen=True)
class Notebook:
    """A notebook that really lies under the server's root."""

    file: Path
    """With every symbolic link resolved."""
    api_path: str
    """As people see it, relative to the root, with `/`."""


@dataclass(frozen=True)
class Asked:
    """The claims of one launch, before anybody looked at the disk, and the person."""

    claims: tuple[Claim, ...]
    person: str


class Resolver:
    """Find the notebooks of a kernel.

    `sessions` is Jupyter's session manager (None where there is none), `root_dir` the folder that
    API paths are relative to, `person` the rule that names who sends a request, or
    whose kernel starts without one.
    """

    def __init__(
        self,
        *,
        root_dir: str | Path,
        sessions: SessionTable | None = None,
        person: Callable[[Any], str] = person_of,
    ) -> None:
        self.root = Path(os.path.realpath(Path(root_dir).expanduser()))
        self._named_root = Path(root_dir).expanduser().absolute()
        self._sessions = sessions
        self._person = person

    async def ask(self, kernel_id: str, environment: Mapping[str, str] | None) -> Asked:
        """Return what is said about a kernel; `environment` is its launch's own, if it has one."""
        handler = CallContext.get(CallContext.JUPYTER_HANDLER)
        person = self._person(handler)
        rows = await self._rows()
        mine = [row for row in rows if _kernel_of(row) == kernel_id]
        if mine:
            return Asked(tuple(map(_claim_of_row, mine)), person)
        asked = None if handler is None else _claim_of_request(handler, rows)
        if asked is not None:
            return Asked((asked,), person)
        for named in (
            (environment or {}).get(SESSION_VARIABLE),
            (os.environ if environment is None else environment).get(BATCH_VARIABLE),
        ):
            if named:
                return Asked((Claim(named),), person)
        return Asked((), person)

    def locate(self, claims: Sequence[Claim]) -> tuple[Notebook, ...]:
        """Return the notebooks that exist under the root, in order, each once. Reads the disk."""
        found: dict[Path, Notebook] = {}
        for claim in claims:
            notebook = next(filter(None, map(self._notebook, _spellings(claim))), None)
            if notebook is not None:
                found.setdefault(notebook.file, notebook)
        return tuple(found.values())

    def api_paths(self, claim: Claim) -> tuple[str, ...]:
        """Return the notebooks that a claim may mean, the likeliest first, wherever they lie."""
        paths = map(self._under_root, _spellings(claim))
        return tuple(path for path in paths if path and path.endswith(".ipynb"))

    async def _rows(self) -> Sequence[Mapping[str, Any]]:
        if self._sessions is None:
            return ()
        rows: Sequence[Mapping[str, Any]] = await ensure_async(self._sessions.list_sessions())
        return rows

    def _notebook(self, spelling: str) -> Notebook | None:
        try:
            api_path = self._under_root(spelling)
            if api_path is None or not api_path.endswith(".ipynb"):
                return None
            file = Path(os.path.realpath(self.root / api_path))
            # The mode is asked of the resolved file: a FIFO would hold whoever opens it.
            if not stat.S_ISREG(file.stat().st_mode) or not file.is_relative_to(self.root):
                return None
        except (OSError, ValueError):
            return None  # Not there, not ours to see, or no possible name at all.
        return Notebook(file, api_path)

    def _under_root(self, spelling: str) -> str | None:
        for root in (self._named_root, self.root):
            if spelling.startswith(f"{root.as_posix().rstrip('/')}/"):
                spelling = Path(spelling).relative_to(root).as_posix() if _plain(spelling) else ".."
                break
        relative = spelling.strip("/")
        return relative if relative and _plain(relative) else None


def _plain(path: str) -> bool:
    return ".." not in path.split("/")


def _spellings(claim: Claim) -> list[str]:
    """Return the paths a claim may mean, the likeliest first."""
    if claim.type == "console":
        return []
    paths = [claim.path]
    if claim.name:
        paths.append(posixpath.join(posixpath.dirname(claim.path), claim.name))
    # A colon may also be part of a file's name, so the path as it stands comes first.
    return [*paths, *(_DRIVE.sub("", path) for path in paths if _DRIVE.match(path))]


def _kernel_of(row: Mapping[str, Any]) -> str | None:
    kernel = row.get("kernel")
    return kernel.get("id") if isinstance(kernel, Mapping) else None


def _claim_of_row(row: Mapping[str, Any]) -> Claim:
    return Claim(_text(row.get("path")), _text(row.get("name")), _text(row.get("type")))


def _claim_of_request(handler: Any, rows: Sequence[Mapping[str, Any]]) -> Claim | None:
    """Return what the request in hand says of its document; None when it is about none.

    The context of a task outlives its request, so only requests that start kernels count.
    """
    request = getattr(handler, "request", None)
    url, method = _text(getattr(request, "path", "")), _text(getattr(request, "method", ""))
    body = _json(getattr(request, "body", b""))
    if method == "POST" and _SESSIONS_URL.search(url):
        return _claim_of_model(body)
    if method == "PATCH" and (match := _SESSION_URL.search(url)):
        before = next((row for row in rows if row.get("id") == match["id"]), None)
        return _claim_of_row({**before, **body}) if before is not None else None
    if method == "POST" and _KERNELS_URL.search(url) and _text(body.get("path")):
        return Claim(_text(body["path"]))
    return None


def _claim_of_model(body: Mapping[str, Any]) -> Claim:
    legacy = body.get("notebook")
    if isinstance(legacy, Mapping):
        return Claim(_text(legacy.get("name")) or _text(legacy.get("path")))
    return Claim(_text(body.get("path")), _text(body.get("name")), _text(body.get("type")))


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _json(body: object) -> Mapping[str, Any]:
    try:
        model = json.loads(body) if isinstance(body, (bytes, str)) and body else {}
    except ValueError:
        return {}
    return model if isinstance(model, dict) else {}
