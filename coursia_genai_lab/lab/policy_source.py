"""Follow the policy of a class: in force within moments of its change, and never wider by accident.

While it cannot be read, what was read last holds, over a restart too. One that could never be read
may forbid anything, so nothing is allowed.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import random
import time
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from ..secret_files.secret import Secret
from ..wire.problems import Problem
from .audit import Note, forget
from .kept_file import read_kept, write_kept
from .policy import Policy
from .policy_file import PolicyFile
from .policy_problems import Unread, broken, gone, unreachable
from .policy_url import PolicyUrl, is_url
from .rules import UNREAD, ClassWord, Rules

FILE_SECONDS = 0.4
URL_SECONDS = 30.0
FIRST_SECONDS = 5.0
"""How long the start of a server waits for the first reading."""
READ_SECONDS = 10.0
"""How long a look at a file may take, as on a network's disk that is away."""
LAST_GOOD = "What was read before holds."
NEVER_READ = "It was never read, so GenAI stays off and nothing is bought."

log = logging.getLogger(__name__)


def _nobody(name: str) -> Secret | None:
    return None


class PolicySource:
    """Read `source`, a path or URL, for a policy; an empty one is never read.

    `kept` is the file that the last good one is kept in, None: in none; `token` gives a secret by
    name, and may block; `warn` and `take_back` show problems in the panel; `note` keeps
    what changed.
    """

    def __init__(
        self,
        source: str,
        policy: Policy,
        *,
        kept: Path | None,
        notebook_root: Path | None = None,
        token: Callable[[str], Secret | None] = _nobody,
        warn: Callable[[Problem], None] = lambda problem: None,
        take_back: Callable[[str], None] = lambda code: None,
        note: Note = forget,
        url_seconds: float = URL_SECONDS,
    ) -> None:
        self._source = source
        self._policy = policy
        self._kept = kept
        self._warn, self._take_back, self._note = warn, take_back, note
        self._url_seconds = url_seconds
        self._url = PolicyUrl(source, token) if is_url(source) else None
        path = Path(source).expanduser().absolute()
        self._file = None if self._url else PolicyFile(path, notebook_root)
        self._looking: asyncio.Task[bytes | None] | None = None
        self._slow = False
        self._following: asyncio.Task[None] | None = None
        self._last: bytes | None = None
        self._shown = self._url.shown if self._url else str(path)
        if source:
            # Nothing runs yet that could be told.
            policy.take(ClassWord(UNREAD, self._shown), quietly=True)

    async def open(self) -> None:
        """Take what was kept, then read, and follow from now on. Idempotent, bounded."""
        if not self._source or self._following is not None:
            return
        kept = None
        if self._kept is not None:
            kept = await asyncio.to_thread(_rules_kept, self._kept, self._source)
        if kept is not None:
            self._policy.take(ClassWord(kept[0], self._shown, kept[1]))
        self._following = asyncio.create_task(self._follow(first := asyncio.Event()))
        waiting = asyncio.ensure_future(first.wait())
        try:
            await asyncio.wait({waiting}, timeout=FIRST_SECONDS)
        finally:
            waiting.cancel()

    async def close(self) -> None:
        """Follow no longer. Idempotent."""
        following, self._following = self._following, None
        looking, self._looking = self._looking, None
        ending = {task for task in (following, looking) if task is not None}
        for task in ending:
            task.cancel()
        if ending:
            await asyncio.wait(ending)
        if self._url is not None:
            await self._url.close()

    async def _follow(self, first: asyncio.Event) -> None:
        while True:
            try:
                await self._look(at_once=not first.is_set())
            except Unread as error:
                self._tell(error.problem)
            except Exception:
                # The boundary of a task that must not end: the policy would never change again.
                log.exception("The class's policy could not be read")
                self._tell(gone(self._shown, "something went wrong; the server's log says what"))
            first.set()
            await asyncio.sleep(self._pause())

    def _pause(self) -> float:
        # A class must not ask its teacher's server all at one moment.
        return FILE_SECONDS if self._file else self._url_seconds * random.uniform(0.8, 1.2)

    async def _look(self, *, at_once: bool) -> None:
        data = await (self._url.look() if self._url else self._look_at_file(at_once))
        known = self._policy.of_class
        if data is None or (data == self._last and known.problem is None):
            if known.problem is None and known.read_at is not None:
                self._policy.take(replace(known, read_at=time.time()))
            return
        from ..catalog.read import BadSpec

        try:
            rules = await asyncio.to_thread(rules_in, self._shown, data)
        except BadSpec as error:
            self._last = data
            raise Unread(broken(error.to_error().message)) from None
        self._last = data
        now = time.time()
        self._forget_problem()
        if changed := _changed(known.rules, rules):
            self._note("", "policy", self._shown, f"read anew: {', '.join(changed)}")
        self._policy.take(ClassWord(rules, self._shown, now))
        await self._keep(data, now)

    async def _look_at_file(self, at_once: bool) -> bytes | None:
        assert self._file is not None
        if self._looking is None:
            look = asyncio.to_thread(self._file.look, at_once=at_once)
            self._looking = asyncio.create_task(look)
        await asyncio.wait({self._looking}, timeout=READ_SECONDS)
        if not self._looking.done():
            # Its thread cannot be ended; the next look waits for the same.
            self._slow = True
            raise Unread(unreachable(self._shown, "its disk does not answer"))
        looking, self._looking = self._looking, None
        if self._slow:
            self._slow = False
            self._file.forget()
        return looking.result()

    def _tell(self, problem: Problem) -> None:
        never = self._policy.of_class.read_at is None
        ending = NEVER_READ if never else LAST_GOOD
        told = problem.model_copy(update={"message": f"{problem.message} {ending}"})
        if told != self._policy.of_class.problem:
            self._forget_problem()
            self._policy.take(replace(self._policy.of_class, problem=told))
            log.warning("%s %s", told.message, told.remedy)
            self._warn(told)

    def _forget_problem(self) -> None:
        before = self._policy.of_class.problem
        if before is not None:
            self._policy.take(replace(self._policy.of_class, problem=None))
            self._take_back(before.code)

    async def _keep(self, data: bytes, at: float) -> None:
        if self._kept is None:
            return
        kept = {"source": _named(self._source), "read_at": at, "text": data.decode("utf-8")}
        try:
            await asyncio.to_thread(write_kept, self._kept, kept)
        except OSError as error:
            log.warning("The class's policy cannot be kept over a restart: %s", error.strerror)


def rules_in(name: str, data: bytes) -> Rules:
    """Return the rules of a document.

    Raises:
        BadSpec: it is no policy.
    """
    from .policy_document import read_document

    return read_document(Path(name).name or "policy", data).to_rules()


def _changed(before: Rules, after: Rules) -> list[str]:
    names = [one.name for one in fields(Rules)]
    return [name for name in names if getattr(before, name) != getattr(after, name)]


def _rules_kept(path: Path, source: str) -> tuple[Rules, float] | None:
    from ..catalog.read import BadSpec

    kept: Any = read_kept(path)
    if not isinstance(kept, dict) or kept.get("source") != _named(source):
        return None
    text, at = kept.get("text"), kept.get("read_at")
    if not isinstance(text, str) or not isinstance(at, (int, float)):
        return None
    try:
        return rules_in("policy", text.encode("utf-8")), float(at)
    except (BadSpec, UnicodeEncodeError):
        return None


def _named(source: str) -> str:
    # The address itself may hold what nobody else is to read.
    return hashlib.sha256(source.encode("utf-8", "replace")).hexdigest()
