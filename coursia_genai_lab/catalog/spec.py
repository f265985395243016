"""The declarative description of one service: a TOML file, checked by pydantic.

There is no field for privileged mode, devices, host network or the engine's socket: what a
spec cannot say, a spec cannot do.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from ..wire.services import Dialect

ServiceName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
VariableName = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]{0,63}$")]
ModelFolder = Annotated[
    str,
    StringConstraints(
        pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*$", max_length=200
    ),
]
ModelFileName = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.+-]*$", max_length=255)
]
Port = Annotated[int, Field(ge=1, le=65_535)]


class SpecPart(BaseModel):
    """A frozen, closed table of a spec."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class ContainerSpec(SpecPart):
    """How the Docker runtime runs the service."""

    image: str = Field(min_length=1, max_length=255)
    """Image reference."""
    pull: bool | None = None
    """Whether a missing image may be fetched; None: if `image` names its registry."""
    port: Port
    """Port inside the container; it is published on a dynamic loopback port."""
    command: list[str] = Field(default_factory=list)
    """Arguments; empty leaves the image's own."""
    environment: dict[str, str] = Field(default_factory=dict)
    """Plain settings; a secret never goes here."""
    token_path: str | None = "/run/secrets/coursia-genai/token"
    """Where the credential of this start is mounted, read-only; None mounts none."""
    memory_mib: int = Field(default=8192, ge=64)
    cpus: float = Field(default=0, ge=0)
    """CPU limit; 0 sets none."""
    pids: int = Field(default=1024, ge=16)
    user: str | None = None
    read_only: bool = False
    """Whether the container's own file system is read-only (with /tmp in memory)."""
    models: list[str] = Field(default_factory=list)
    """Sub-folders of the operator's model_roots to mount read-only under /models."""


class ProcessSpec(SpecPart):
    """How the process runtime runs the service.

    `{python}`, `{port}` and `{token_file}` in the arguments are replaced.
    """

    command: list[str] = Field(min_length=1)
    environment: dict[str, str] = Field(default_factory=dict)


class GPUSpec(SpecPart):
    """What the service wants of GPUs."""

    ids: list[str] = Field(default_factory=list)
    """Device ids (`GPU-…`) or indices that the operator assigned; empty lets the Lab choose."""
    count: int = Field(default=1, ge=1, le=64)
    """How many GPUs; `ids`, where given, decide instead."""
    vram_mib: int = Field(ge=0)
    """Memory that it needs on each of them, MiB."""
    exclusive: bool = False
    """Whether nothing else of any Lab may run on its GPUs meanwhile."""


class BuildSpec(SpecPart):
    """How the image of `[container]` is made here, when nobody publishes it."""

    context: str = Field(min_length=1, max_length=255)
    """Name of a build context inside the package (`comfyui`, `forge`), or, in an operator's file,
    the absolute path of a folder with a Dockerfile."""
    arguments: dict[str, str] = Field(default_factory=dict)
    """Build arguments, such as other base images; a secret never goes here."""
    size_mib: int | None = Field(default=None, ge=0)
    """About how much disk the build needs."""


class WarmUpSpec(SpecPart):
    """One request that is sent once the service answers, so that the first person need not wait
    for its model to load; it is `ready` when that has been answered.
    """

    path: str = Field(pattern=r"^/")
    body: dict[str, Any] = Field(default_factory=dict)
    """JSON that is posted."""
    timeout_seconds: float = Field(default=600, gt=0, le=7200)


class ReadinessSpec(SpecPart):
    """How the Lab knows that the service answers."""

    path: str = Field(default="/", pattern=r"^/")
    statuses: list[int] = Field(default_factory=lambda: [200])
    """HTTP statuses that count as up; 401 counts for a locked ComfyUI."""
    interval_seconds: float = Field(default=0.2, ge=0.02, le=60)
    timeout_seconds: float = Field(default=2, gt=0, le=60)


class CredentialSpec(SpecPart):
    """How the gateway proves itself to the service."""

    scheme: Literal["bearer", "basic", "none"] = "bearer"
    user: str = "genai"
    """User name of the basic scheme."""


class ExportGroup(SpecPart):
    """Variables that stand or fall together: an address and its credential.

    If the user has set any of them, none is injected. `{door}` is the address of this
    service's door, `{door_host}` its host:port, `{openai}` the OpenAI door's /v1, `{token}` the
    kernel token.
    """

    variables: dict[VariableName, str] = Field(min_length=1)


class ModelFileSpec(SpecPart):
    """One file with weights, `<model root>/<folder>/<name>`, and where it can be had.

    It comes from `url`, or from `path` in a hub's `repository`; with neither, an admin puts it
    there.
    """

    folder: Annotated[
        str, StringConstraints(pattern=r"^[A-Za-z0-9_][\w.-]*(/[A-Za-z0-9_][\w.-]*)*$")
    ]
    """Folder below a model root, as the engine names it: `checkpoints`, `text_encoders`."""
    name: ModelFileName
    size_bytes: int | None = Field(default=None, ge=0)
    """Exact where it is known; a file of another size is wrong."""
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] | None = None
    url: str | None = Field(default=None, pattern=r"^https?://")
    repository: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$")
    path: str | None = Field(default=None, min_length=1, max_length=500)
    """Path inside `repository`; None: the file's name."""
    revision: str = "main"


class ModelSpec(SpecPart):
    """A model that the service offers."""

    id: str
    """The name by which callers ask for it, `flux-1-dev`."""
    title: str
    files: list[ModelFileSpec] = Field(default_factory=list)
    size_mib: int | None = None
    """About the size of all its files, for people; the files' own sizes are exact."""
    licence: str = ""
    licence_url: str | None = Field(default=None, pattern=r"^https?://")
    accept: bool = False
    """Whether somebody must accept the licence before it is fetched."""
    gated: bool = False
    """Whether its source gives it only to an account: it needs a token from the secrets file."""
    optional: bool = False
    """Whether the service is of use without it; one model that is not must be here to start."""


class DetectExample(SpecPart):
    """A cell that shows an indicator, and one that looks alike and needs nothing."""

    example: str
    counter_example: str
    why_not: str = ""
    """Why the second needs nothing; empty leaves the sentence of its kind."""


class DetectSpec(SpecPart):
    """What in a notebook shows that it needs this service: literals and globs only."""

    variables: list[str] = Field(default_factory=list)
    """Environment variables that hold its address or credential."""
    hosts: list[str] = Field(default_factory=list)
    """Host names or globs, `*.comfy.example.org`, `api.openai.com`."""
    modules: list[str] = Field(default_factory=list)
    """Client libraries, as literals or globs; a one-word entry of `calls` counts only on
    something of theirs. An object with a call of theirs that is handed to other code counts too.
    """
    calls: list[str] = Field(default_factory=list)
    """Dotted ends of calls that send work, as literals or globs: `images.generate`."""
    routes: list[str] = Field(default_factory=list)
    """URL paths or globs to which this dialect takes work, `/sdapi/v1/txt2img`."""
    probes: list[str] = Field(default_factory=list)
    """URL paths or globs of the dialect that send no work; they support a claim."""
    nodes: list[str] = Field(default_factory=list)
    """Class types of a ComfyUI graph."""
    models: list[str] = Field(default_factory=list)
    """Model names or globs that point to this service rather than to a sister."""
    prefers: list[str] = Field(default_factory=list)
    """Words in hosts, variables or file names that choose it among services of one dialect."""
    examples: dict[str, DetectExample] = Field(default_factory=dict)
    """`calls:generate*` -> the cells that the documentation shows for it; an indicator that is
    not named here gets those of its kind."""


class ServiceSpec(SpecPart):
    """One service of the catalogue."""

    name: ServiceName
    title: str
    summary: str = ""
    kind: Literal["local", "cloud"] = "local"
    dialect: Dialect
    door_port: Port | None = None
    """Preferred port of its door on 127.0.0.1; another is taken if it is busy."""
    known_containers: list[str] = Field(default_factory=list)
    """Names of containers that somebody else may already run for it."""
    address: str | None = Field(default=None, pattern=r"^https?://")
    """Address of a server that the operator runs; makes the service external."""
    container: ContainerSpec | None = None
    build: BuildSpec | None = None
    process: ProcessSpec | None = None
    gpu: GPUSpec | None = None
    readiness: ReadinessSpec = Field(default_factory=ReadinessSpec)
    warm_up: WarmUpSpec | None = None
    credential: CredentialSpec = Field(default_factory=CredentialSpec)
    start_timeout_seconds: float = Field(default=600, gt=0)
    stop_grace_seconds: float = Field(default=10, ge=0)
    no_progress_seconds: float | None = Field(default=3600, gt=0)
    """How long a job may show no progress before it is ended, and the service with it when that
    fails; None never ends one. Many jobs can show none before their picture, so it is long."""
    idle_minutes: float | None = Field(default=None, ge=0)
    """None takes the Lab's own."""
    exports: list[ExportGroup] = Field(default_factory=list)
    models: list[ModelSpec] = Field(default_factory=list)
    detect: DetectSpec = Field(default_factory=DetectSpec)
    cloud_stand_in: str | None = None
    install: str = ""
    """How to make it available here, for an admin."""
    install_command: str | None = None
    troubleshooting: str = ""

    @model_validator(mode="after")
    def _a_local_service_must_be_runnable(self) -> ServiceSpec:
        if self.kind == "local" and not (self.container or self.process or self.address):
            raise ValueError("a local service needs a [container], a [process] or an address")
        return self
