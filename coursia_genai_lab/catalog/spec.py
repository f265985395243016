"""The declarative description of one service: a TOML file, checked by pydantic.

There is no field for privileged mode, devices, host network or the engine's socket: what a
spec cannot say, a spec cannot do. What the values may hold stands in `fields.py`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from ..wire.services import Dialect
from .fields import (
    Address,
    Argument,
    BuildContext,
    ContainerName,
    ContainerUser,
    CredentialUser,
    DoorPort,
    EnvironmentName,
    EnvironmentValue,
    ExportValue,
    GPUId,
    Image,
    Indicator,
    InnerPath,
    Line,
    LongText,
    ModelFileName,
    ModelFolder,
    ModelId,
    Port,
    ProcessArgument,
    Repository,
    RepositoryPath,
    Revision,
    ServerAddress,
    ServiceName,
    Sha256,
    Status,
    Title,
    UrlPath,
    VariableName,
)

MOST_MIB = 2**24
"""16 TiB: more than any machine has."""
MOST_BYTES = 2**44
_DAY = 86_400.0


def _no_twice(values: list[Any]) -> list[Any]:
    if len(set(values)) != len(values):
        raise ValueError("names something twice")
    return values


Indicators = Annotated[list[Indicator], Field(max_length=500)]
Environment = Annotated[dict[EnvironmentName, EnvironmentValue], Field(max_length=200)]
GPUIds = Annotated[list[GPUId], Field(max_length=64), AfterValidator(_no_twice)]
ModelFolders = Annotated[list[ModelFolder], Field(max_length=50), AfterValidator(_no_twice)]


class SpecPart(BaseModel):
    """A frozen, closed table of a spec."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True, allow_inf_nan=False)


class ContainerSpec(SpecPart):
    """How the Docker runtime runs the service."""

    image: Image
    """Image reference."""
    pull: bool | None = None
    """Whether a missing image may be fetched; None: if `image` names its registry."""
    port: Port
    """Port inside the container; it is published on a dynamic loopback port."""
    command: list[Argument] = Field(default_factory=list, max_length=200)
    """Arguments; empty leaves the image's own."""
    environment: Environment = Field(default_factory=dict)
    """Plain settings; a secret never goes here."""
    token_path: InnerPath | None = "/run/secrets/coursia-genai/token"
    """Where the credential of this start is mounted, read-only; None mounts none."""
    memory_mib: int = Field(default=8192, ge=64, le=MOST_MIB)
    """Memory of the machine that it may use, without swap."""
    cpus: float = Field(default=0, ge=0, le=1024)
    """CPU limit; 0 sets none."""
    pids: int = Field(default=1024, ge=16, le=1_000_000)
    """Processes and threads that it may have."""
    user: ContainerUser | None = None
    """User, or user:group; None leaves the image's own."""
    read_only: bool = False
    """Whether the container's own file system is read-only (with /tmp in memory)."""
    models: ModelFolders = Field(default_factory=list)
    """Sub-folders of the operator's model_roots to mount read-only under /models; without one of
    them it does not start."""
    optional_models: ModelFolders = Field(default_factory=list)
    """More of them, mounted where they are there."""


class ProcessSpec(SpecPart):
    """How the process runtime runs the service.

    `{python}`, `{port}` and `{token_file}` in the arguments are replaced.
    """

    command: list[ProcessArgument] = Field(min_length=1, max_length=200)
    environment: Environment = Field(default_factory=dict)


class GPUSpec(SpecPart):
    """What the service wants of GPUs."""

    ids: GPUIds = Field(default_factory=list)
    """Device ids (`GPU-…`) or indices that the operator assigned; empty lets the Lab choose."""
    count: int = Field(default=1, ge=1, le=64)
    """How many GPUs; `ids`, where given, decide instead."""
    vram_mib: int = Field(ge=0, le=MOST_MIB)
    """Memory that it needs on each of them, MiB."""
    exclusive: bool = False
    """Whether nothing else of any Lab may run on its GPUs meanwhile."""


class BuildSpec(SpecPart):
    """How the image of `[container]` is made here, when nobody publishes it."""

    context: BuildContext
    """Name of a build context inside the package (`comfyui`, `forge`), or, in an operator's file,
    the absolute path of a folder with a Dockerfile."""
    arguments: Environment = Field(default_factory=dict)
    """Build arguments, such as other base images; a secret never goes here."""
    size_mib: int | None = Field(default=None, ge=0, le=MOST_MIB)
    """About how much disk the build needs."""


class WarmUpSpec(SpecPart):
    """One request that is sent once the service answers, so that the first person need not wait
    for its model to load; it is `ready` when that has been answered.
    """

    path: UrlPath
    body: dict[str, Any] = Field(default_factory=dict)
    """JSON that is posted."""
    timeout_seconds: float = Field(default=600, gt=0, le=7200)


class ReadinessSpec(SpecPart):
    """How the Lab knows that the service answers."""

    path: UrlPath = "/"
    statuses: list[Status] = Field(default_factory=lambda: [200], min_length=1, max_length=50)
    """HTTP statuses that count as up; 401 counts for a locked ComfyUI."""
    interval_seconds: float = Field(default=0.2, ge=0.02, le=60)
    timeout_seconds: float = Field(default=2, gt=0, le=60)


class CredentialSpec(SpecPart):
    """How the gateway proves itself to the service."""

    scheme: Literal["bearer", "basic", "none"] = "bearer"
    user: CredentialUser = "genai"
    """User name of the basic scheme."""
    secret: VariableName | None = None
    """Name in the operator's folder of secrets that holds the credential of a server that somebody
    else runs for this service; None: such a server gets none."""


class TextModelSpec(SpecPart):
    """What a text model costs, in US dollars for a million tokens."""

    model: ModelId
    """The provider's own name."""
    input_usd: float = Field(ge=0, le=100_000)
    output_usd: float = Field(ge=0, le=100_000)


class CloudSpec(SpecPart):
    """Where a provider is asked, and what a person must know before."""

    url: ServerAddress
    """Address of its API without the version: `https://api.openai.com`. Plain http only for an
    address of this machine or its network."""
    data: Line = ""
    """Where prompts and pictures go, a sentence for whoever is asked to agree."""
    policy_url: Address | None = None
    """The provider's own words on what it does with them."""
    daily_cents: float | None = Field(default=None, ge=0, le=1_000_000)
    """US cents that everybody together may spend there a day; None takes the Lab's own cap."""
    text: list[TextModelSpec] = Field(default_factory=list, max_length=200)
    """Prices of text models that go before the provider's list or ours; what has none of the three
    is not bought."""


class ExportGroup(SpecPart):
    """Variables that stand or fall together: an address and its credential.

    If the user has set any of them, none is injected. `{door}` is the address of this
    service's door, `{door_host}` its host:port, `{openai}` the OpenAI door's /v1, `{token}` the
    kernel token.
    """

    variables: dict[VariableName, ExportValue] = Field(min_length=1, max_length=50)


class ModelFileSpec(SpecPart):
    """One file with weights, `<model root>/<folder>/<name>`, and where it can be had.

    It comes from `url`, or from `path` in a hub's `repository`; with neither, an admin puts it
    there.
    """

    folder: ModelFolder
    """Folder below a model root, as the engine names it: `checkpoints`, `text_encoders`."""
    name: ModelFileName
    size_bytes: int | None = Field(default=None, ge=0, le=MOST_BYTES)
    """Exact where it is known; a file of another size is wrong."""
    sha256: Sha256 | None = None
    url: Address | None = None
    repository: Repository | None = None
    """OWNER/NAME on the model hub."""
    path: RepositoryPath | None = None
    """Path inside `repository`; None: the file's name."""
    revision: Revision = "main"
    """Branch, tag or commit of `repository`."""

    @model_validator(mode="after")
    def _it_comes_from_one_place(self) -> ModelFileSpec:
        if self.url and self.repository:
            raise ValueError("has both a url and a repository; give one")
        if self.path and not self.repository:
            raise ValueError("has a path and no repository")
        return self


class ModelSpec(SpecPart):
    """A model that the service offers."""

    id: ModelId
    """The name by which callers ask for it, `flux-1-dev`."""
    title: Title
    files: list[ModelFileSpec] = Field(default_factory=list, max_length=200)
    size_mib: int | None = Field(default=None, ge=0, le=MOST_MIB)
    """About the size of all its files, for people; the files' own sizes are exact."""
    licence: Line = ""
    licence_url: Address | None = None
    accept: bool = False
    """Whether somebody must accept the licence before it is fetched."""
    gated: bool = False
    """Whether its source gives it only to an account: it needs a token from the secrets file."""
    optional: bool = False
    """Whether the service is of use without it; one model that is not must be here to start."""
    cloud_stand_in: ModelId | None = None
    """Model that may draw in its place where policy lets it, by the name that callers use:
    `openrouter/black-forest-labs/flux.2-pro`, `gpt-image-2`."""
    price_cents: float | None = Field(default=None, ge=0, le=100_000)
    """US cents that one picture of a cloud costs at most, where whoever administers the server
    knows better than the provider's list or ours; None takes theirs, and nothing is bought whose
    price is unknown."""
    rank: int = Field(default=0, ge=0, le=100)
    """How well it draws, as its file's author sees it: who names no model gets the highest of
    those that can be had as soon."""


class DetectExample(SpecPart):
    """A cell that shows an indicator, and one that looks alike and needs nothing."""

    example: LongText
    counter_example: LongText
    why_not: LongText = ""
    """Why the second needs nothing; empty leaves the sentence of its kind."""


class DetectSpec(SpecPart):
    """What in a notebook shows that it needs this service: literals and globs only."""

    variables: Indicators = Field(default_factory=list)
    """Environment variables that hold its address or credential."""
    hosts: Indicators = Field(default_factory=list)
    """Host names or globs, `*.comfy.example.org`, `api.openai.com`."""
    modules: Indicators = Field(default_factory=list)
    """Client libraries, as literals or globs; a one-word entry of `calls` counts only on
    something of theirs. An object with a call of theirs that is handed to other code counts too.
    """
    calls: Indicators = Field(default_factory=list)
    """Dotted ends of calls that send work, as literals or globs: `images.generate`."""
    routes: Indicators = Field(default_factory=list)
    """URL paths or globs to which this dialect takes work, `/sdapi/v1/txt2img`."""
    probes: Indicators = Field(default_factory=list)
    """URL paths or globs of the dialect that send no work; they support a claim."""
    nodes: Indicators = Field(default_factory=list)
    """Class types of a ComfyUI graph."""
    models: Indicators = Field(default_factory=list)
    """Model names or globs that point to this service rather than to a sister."""
    prefers: Indicators = Field(default_factory=list)
    """Words in hosts, variables or file names that choose it among services of one dialect."""
    examples: dict[str, DetectExample] = Field(default_factory=dict)
    """`calls:generate*` -> the cells that the documentation shows for it; an indicator that is
    not named here gets those of its kind."""


class ServiceSpec(SpecPart):
    """One service of the catalogue."""

    name: ServiceName
    title: Title
    """Its name for people."""
    summary: Line = ""
    """One sentence on what it is."""
    kind: Literal["local", "cloud"] = "local"
    """`cloud`: somebody else's, paid by use; nothing is started here."""
    dialect: Dialect
    """The API that it speaks."""
    door_port: DoorPort | None = None
    """Preferred port of its door on 127.0.0.1; another is taken if it is busy."""
    known_containers: list[ContainerName] = Field(default_factory=list, max_length=50)
    """Names of containers that somebody else may already run for it."""
    address: ServerAddress | None = None
    """Address of a server that the operator runs; makes the service external."""
    container: ContainerSpec | None = None
    build: BuildSpec | None = None
    process: ProcessSpec | None = None
    gpu: GPUSpec | None = None
    cloud: CloudSpec | None = None
    readiness: ReadinessSpec = Field(default_factory=ReadinessSpec)
    warm_up: WarmUpSpec | None = None
    credential: CredentialSpec = Field(default_factory=CredentialSpec)
    start_timeout_seconds: float = Field(default=600, gt=0, le=_DAY)
    stop_grace_seconds: float = Field(default=10, ge=0, le=600)
    """How long it may take to end by itself, before it is killed."""
    concurrency: int = Field(default=1, ge=1, le=16)
    """Jobs that it works on at a time; the others wait in the Lab's line, one person's after
    another's. Engines with one worker have 1."""
    no_progress_seconds: float | None = Field(default=3600, gt=0, le=7 * _DAY)
    """How long a job may show no progress before it is ended, and the service with it when that
    fails; None never ends one. Many jobs can show none before their picture, so it is long."""
    idle_minutes: float | None = Field(default=None, ge=0, le=43_200)
    """None takes the Lab's own."""
    exports: list[ExportGroup] = Field(default_factory=list, max_length=50)
    models: list[ModelSpec] = Field(default_factory=list, max_length=200)
    detect: DetectSpec = Field(default_factory=DetectSpec)
    cloud_stand_in: ServiceName | None = None
    """The service of the catalogue that may draw in its place where policy lets it."""
    install: LongText = ""
    """How to make it available here, for an admin."""
    install_command: Line | None = None
    """One command line that does it, or begins it."""
    troubleshooting: LongText = ""
    """What people meet with it, and what helps; a line each."""

    @model_validator(mode="after")
    def _it_can_be_run(self) -> ServiceSpec:
        if self.kind == "local" and not (self.container or self.process or self.address):
            raise ValueError("a local service needs a [container], a [process] or an address")
        if self.kind == "cloud":
            wrong = [n for n in ("container", "process", "build", "gpu") if getattr(self, n)]
            if wrong:
                raise ValueError(f"a cloud has no [{wrong[0]}]: nothing of it runs here")
        if self.kind == "local" and self.cloud:
            raise ValueError("a local service has no [cloud]")
        if self.build and not self.container:
            raise ValueError("a [build] needs a [container] whose image it makes")
        if self.cloud_stand_in == self.name:
            raise ValueError("cannot stand in for itself")
        return self

    @model_validator(mode="after")
    def _its_names_are_its_own(self) -> ServiceSpec:
        models = [model.id for model in self.models]
        if len(set(models)) != len(models):
            raise ValueError("two [[models]] have the same id")
        files: dict[tuple[str, str], ModelFileSpec] = {}
        for file in (file for model in self.models for file in model.files):
            if files.setdefault((file.folder, file.name), file) != file:
                raise ValueError(
                    f"{file.folder}/{file.name} is described in two ways by two [[models]]"
                )
        return self
