"""Whose jobs went through the door of a ComfyUI, and what is known of each."""

from __future__ import annotations

import json
import time
import uuid
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any, Literal

REMEMBERED = 4096
"""Ended jobs kept a door; ComfyUI itself forgets history beyond 10,000."""
KEPT_GRAPH_BYTES = 2**16
"""A job that ComfyUI never had keeps a graph up to here for its entry in the history."""

RawState = Literal["waiting", "posting", "working", "done", "failed", "cancelled"]
"""waiting: in the line. posting: its turn has come, and ComfyUI checks it. working: ComfyUI has
it. Then how it ended; a cancelled job that never had its turn vanishes, as it does in ComfyUI."""
OPEN_STATES = frozenset({"waiting", "posting", "working"})

ECHOED = frozenset({"result"})
"""Groups of outputs that hold inputs, the place of a camera for one, and no files."""
OutputFile = tuple[str, str, str]
"""type (output, temp, input), subfolder, file name."""


@dataclass(eq=False)
class RawJob:
    """One job that came through the door of a ComfyUI, as its caller knows it."""

    person: str
    service: str
    """Whose door it came through."""
    backend: str
    """Who works on it."""
    lease_id: str
    """The claim of the notebook that it came from."""
    graph: dict[str, Any] = field(repr=False)
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    """`prompt_id`, as the caller was told."""
    upstream_id: str = ""
    """`prompt_id` in the engine: another one only where the server gives its own."""
    record_id: str = ""
    """Its id in the record; empty before it has a place in line."""
    pictured: bool = False
    """Whether one of its pictures was given on for a thumbnail."""
    number: int = 0
    client_id: str | None = None
    """The `clientId` of the sockets that hear of it; the engine knows another one."""
    extra: dict[str, Any] = field(default_factory=dict, repr=False)
    """`extra_data`, of which only what is allowed."""
    outputs: list[str] = field(default_factory=list)
    """Ids of the nodes that put something out, where they are known."""
    state: RawState = "waiting"
    created_ms: int = field(default_factory=lambda: int(time.time() * 1000))
    files: set[OutputFile] = field(default_factory=set, repr=False)
    """What it has put out, as far as the door has seen."""
    by_socket: int = 0
    """Pictures that came by the socket alone, of which there are no files."""
    looked: bool = False
    """Whether its files were asked for since it ended; there will be no more."""
    entry: dict[str, Any] | None = field(default=None, repr=False)
    """Its entry in the history, where the engine has none: it was refused, or died."""

    def __post_init__(self) -> None:
        self.upstream_id = self.upstream_id or self.id

    @property
    def open(self) -> bool:
        """Whether it waits or is worked on."""
        return self.state in OPEN_STATES

    def row(self) -> list[Any]:
        """Return the job as GET /queue and the history show it to its owner."""
        extra = {**self.extra, "create_time": self.created_ms}
        if self.client_id is not None:
            extra["client_id"] = self.client_id
        return [self.number, self.id, self.graph, extra, self.outputs]

    def shown_entry(self, entry: dict[str, Any]) -> dict[str, Any]:
        """Return the engine's entry of the history as its owner may see it.

        The engine's own holds the secret client id under which the gateway listens.
        """
        row = entry.get("prompt")
        graph = row[2] if isinstance(row, list) and len(row) > 2 else self.graph
        outputs = row[4] if isinstance(row, list) and len(row) > 4 else self.outputs
        mine = self.row()
        return {**entry, "prompt": [*mine[:2], graph, mine[3], outputs]}

    def note_outputs(self, outputs: object) -> None:
        """Remember the files that the `outputs` of all nodes, or of one, name.

        Of any kind, such as images and gifs, but where files stand and nowhere deeper: some nodes
        put out again what their caller gave them.
        """
        if not isinstance(outputs, dict):
            return
        for piece in (outputs, *outputs.values()):
            for group, files in piece.items() if isinstance(piece, dict) else ():
                if group not in ECHOED and isinstance(files, list):
                    for one in files:
                        self._note_file(one)

    def _note_file(self, file: object) -> None:
        if isinstance(file, dict):
            name, kind = file.get("filename"), file.get("type")
            if isinstance(name, str) and isinstance(kind, str):
                self.files.add((kind, str(file.get("subfolder") or ""), name))

    def ended(self, state: RawState) -> None:
        """Note how it ended, and let go of a graph that the engine's history has anyway."""
        self.state = state
        if self.entry is None or len(json.dumps(self.graph)) > KEPT_GRAPH_BYTES:
            self.graph = {}


class OwnJobs:
    """Remember whose jobs went through one door."""

    def __init__(self) -> None:
        self._jobs: OrderedDict[str, RawJob] = OrderedDict()

    def add(self, job: RawJob) -> None:
        """Remember a job from now on; of ended ones the oldest are forgotten."""
        self._jobs[job.id] = job
        if len(self._jobs) > REMEMBERED:
            oldest = next((one for one in self._jobs.values() if not one.open), None)
            if oldest is not None:
                del self._jobs[oldest.id]

    def forget(self, job: RawJob) -> None:
        """Know nothing of a job any more: it left the line before its turn, or was deleted."""
        self._jobs.pop(job.id, None)

    def taken(self, job_id: str) -> bool:
        """Say whether somebody has a job of this id."""
        return job_id in self._jobs

    def find(self, job_id: str, person: str) -> RawJob | None:
        """Return a person's own job; somebody else's is none."""
        job = self._jobs.get(job_id)
        return job if job is not None and job.person == person else None

    def of(self, person: str) -> list[RawJob]:
        """Return a person's jobs, the oldest first."""
        return [job for job in self._jobs.values() if job.person == person]

    def maker(self, person: str, file: OutputFile) -> RawJob | None:
        """Return which of a person's jobs has put a file out; None: none of them."""
        return next((job for job in self.of(person) if file in job.files), None)
