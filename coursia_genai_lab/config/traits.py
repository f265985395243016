"""Every operator trait. Traits live in this folder only, so that domain classes keep plain
constructors.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from traitlets import Bool, CaselessStrEnum, Float, Int, List, Unicode, validate

from ..errors import ConfigurationError
from .class_traits import ClassTraits
from .settings import LabSettings

if TYPE_CHECKING:
    from ..wire.policy import Mode

MODES: tuple[Mode, ...] = ("auto", "local", "cloud", "demo", "off")
RUNTIMES = ("auto", "docker", "process", "external", "fake")


class GenAILab(ClassTraits):
    """The traits of `c.GenAILab` in jupyter_server_config.py."""

    mode = CaselessStrEnum(
        list(MODES),
        default_value="auto",
        help="What this server may use for pictures: auto, local, cloud, demo or off. People may "
        "only narrow it; `off` is final. Default: auto.",
    ).tag(config=True)
    launch_wait = Float(
        0.0,
        min=0,
        help="Seconds that a kernel start waits for its services. 0 (default) never waits: the "
        "gateway holds the first call instead. More suits batch runs, for JupyterLab drops cells "
        "that are run during the wait.",
    ).tag(config=True)
    hold_seconds = Float(
        60.0,
        min=0,
        help="Seconds that a request waits at a door while its service starts, then 503. "
        "0 answers at once. Default: 60.",
    ).tag(config=True)
    idle_minutes = Float(
        10.0,
        min=0,
        help="Minutes that a service stays once nobody works with it any more, and that a kernel "
        "counts as working after its last call (at least one minute). 0 stops a service at once. "
        "Default: 10.",
    ).tag(config=True)
    runtime = CaselessStrEnum(
        list(RUNTIMES),
        default_value="auto",
        help="How local services run: auto (default; container first, then process), docker, "
        "process, external, or fake (for tests: answers without starting anything).",
    ).tag(config=True)
    namespace = Unicode(
        "coursia-genai",
        help="Prefix of container and network names. Two Labs that share a Docker engine and not "
        "an owner need two. Default: coursia-genai.",
    ).tag(config=True)
    services_path = Unicode(
        "",
        help="Folder of your own service files (*.toml), outside the notebook root and owned by "
        "you. Empty (default): only the built-in services.",
    ).tag(config=True)
    workflows_path = Unicode(
        "",
        help="Folder of the workflows that you registered with `coursia-genai workflows`, outside "
        "the notebook root and owned by you. Empty (default): `workflows` beside services_path "
        "where that is set, else coursia-genai/workflows in Jupyter's data directory.",
    ).tag(config=True)
    model_roots = List(
        Unicode(),
        help="Folders with model files; mounted read-only into containers. Default: none.",
    ).tag(config=True)
    secrets_path = Unicode(
        "",
        help="Private folder, outside the notebook root, that holds .env.genai-extension and "
        ".secrets/comfyui_auth_tokens.conf: files of lines NAME=value that only you can read (mode "
        "0600). HF_TOKEN there opens gated model files. `coursia-genai secrets` writes them; a "
        "change counts without a restart. Empty (default): no secrets.",
    ).tag(config=True)
    shut_memory = Bool(
        True,
        help="Where secrets_path is set, or a provider's key in the server's environment is kept "
        "from kernels, keep other processes of the same user, kernels among "
        "them, out of the server's memory, on Linux: it writes no core dump then, and py-spy, gdb "
        "and strace need root. Default: True; without secrets nothing is changed.",
    ).tag(config=True)
    hub_url = Unicode(
        "",
        help="Address of the hub that holds model repositories, for a mirror of your institution. "
        "Empty (default): https://huggingface.co.",
    ).tag(config=True)
    model_reserve_gib = Float(
        2.0,
        min=0,
        help="GiB that a download of model files leaves free on the disk. Default: 2.",
    ).tag(config=True)
    state_path = Unicode(
        "",
        help="Private folder for what must survive a crash on this host: ownership, process "
        "records, credentials of running services. Empty (default): a folder in Jupyter's "
        "runtime directory.",
    ).tag(config=True)
    store_url = Unicode(
        "",
        help="Where timeline, consents and pins are kept: sqlite:////absolute/path, or "
        "postgresql://user:password@host/database, or the path of a private file (mode 0600) "
        "whose only line is such a URL, so that no password stands in the configuration. Empty "
        "(default): coursia-genai/store.sqlite3 in Jupyter's data directory.",
    ).tag(config=True)
    record_prompts = Bool(
        False,
        help="Keep the prompt of every picture, up to 8,000 letters, in the Lab's record, with who "
        "wrote it. False (default): only a hash, by which whoever has a picture can prove its "
        "prompt. Tell people before you set it.",
    ).tag(config=True)
    record_days = Float(
        365.0,
        min=0,
        help="Days for which the record of generations is kept: who had what made by which "
        "service, when, and a hash of the file. 0 keeps it until the next few hundred have been "
        "made. Default: 365, a school year.",
    ).tag(config=True)
    thumbnails = Bool(
        True,
        help="Keep a small copy, at most 96 x 96 pixels, of each picture in the Lab's record, for "
        "the history of whoever had it made: the newest 200 of each person, for record_days. "
        "Through the panel and the REST API nobody else sees them, no teacher and no "
        "administrator; they go when people erase their history. True (default). False keeps "
        "none, and deletes those that the record has when the server starts.",
    ).tag(config=True)
    thumbnails_mib = Int(
        64,
        min=0,
        help="MiB that all thumbnails may take in the record; the oldest give way. 0 is as "
        "thumbnails = False. Default: 64, about 13,000 of them.",
    ).tag(config=True)
    network_subnet = Unicode(
        "172.20.0.0/16",
        help="Subnet of the containers' own network. Default: 172.20.0.0/16.",
    ).tag(config=True)
    max_concurrent = Int(
        3, min=1, help="Local services that may start or run at one time. Default: 3."
    ).tag(config=True)
    open_doors = Bool(
        False,
        help="Let local callers without a token use the doors, for notebooks with literal "
        "addresses on your own machine. Default: False, for every user of the machine could.",
    ).tag(config=True)
    trusted_folders = List(
        Unicode(),
        help="Folders below the server's root whose notebooks may name services in their metadata "
        "and start them without asking each person once; '.' trusts every notebook. Whoever can "
        "write there can start services. Default: none.",
    ).tag(config=True)
    docker_host = Unicode(
        "",
        help="Address of the Docker engine, as in DOCKER_HOST. Empty (default): the environment's, "
        "then the usual socket.",
    ).tag(config=True)
    start_known_containers = Bool(
        False,
        help="Start a stopped container that somebody else made, when a service file names it in "
        "known_containers. It is never stopped or removed. Default: False, a running one is used "
        "and a stopped one is left alone.",
    ).tag(config=True)
    pull_images = Bool(
        True,
        help="Fetch a missing container image from the registry that a service file names, when "
        "the service is to start. False: only images that are on this machine run. Default: True.",
    ).tag(config=True)
    gpu_reader = List(
        Unicode(),
        help="Command that reads the GPUs, in place of the one that asks the NVIDIA driver: for "
        "tests and special drivers. It answers each line of its input with a line of JSON. Empty "
        "(default): our own.",
    ).tag(config=True)
    demo_boot_seconds = Float(
        0.0, min=0, help="Seconds that the demo engine pretends to boot. Default: 0."
    ).tag(config=True)
    demo_seconds_per_step = Float(
        0.05, min=0, help="Seconds that the demo engine spends on a step. Default: 0.05."
    ).tag(config=True)

    @validate("namespace")
    def _namespace_names_containers(self, proposal: dict[str, object]) -> str:
        value = str(proposal["value"])
        if not value or not value[0].isalnum() or not all(c.isalnum() or c in "-_." for c in value):
            raise ConfigurationError(
                f"GenAILab.namespace = {value!r} cannot name a container.",
                "Use letters, digits, '-', '_' and '.', beginning with a letter or digit.",
            )
        return value

    def settings_from_traits(self, *, state_folder: str) -> LabSettings:
        """Return the traits as frozen values; `state_folder` stands in for an empty state_path."""
        return LabSettings(
            mode=self.mode,
            launch_wait=self.launch_wait,
            hold_seconds=self.hold_seconds,
            idle_minutes=self.idle_minutes,
            runtime=self.runtime,
            namespace=self.namespace,
            services_path=self.services_path,
            workflows_path=_absolute(self.workflows_path) if self.workflows_path else "",
            model_roots=tuple(map(_absolute, self.model_roots)),
            secrets_path=_absolute(self.secrets_path) if self.secrets_path else "",
            shut_memory=self.shut_memory,
            hub_url=self.hub_url,
            model_reserve_gib=self.model_reserve_gib,
            state_path=_absolute(self.state_path or state_folder),
            store_url=self.store_url,
            record_prompts=self.record_prompts,
            record_days=self.record_days,
            thumbnails=self.thumbnails,
            thumbnails_mib=self.thumbnails_mib,
            network_subnet=self.network_subnet,
            max_concurrent=self.max_concurrent,
            open_doors=self.open_doors,
            trusted_folders=tuple(self.trusted_folders),
            docker_host=self.docker_host,
            start_known_containers=self.start_known_containers,
            pull_images=self.pull_images,
            gpu_reader=tuple(self.gpu_reader),
            fallback=self.fallback,
            policy_source=self.policy_source.strip(),
            teachers=tuple(self.teachers),
            admins=tuple(self.admins),
            trust_usernames=self.trust_usernames,
            allow_own_keys=self.allow_own_keys,
            text_models=tuple(self.text_models),
            daily_cents=self.daily_cents,
            withhold_keys=self.withhold_keys,
            demo_boot_seconds=self.demo_boot_seconds,
            demo_seconds_per_step=self.demo_seconds_per_step,
        )


def _absolute(path: str) -> str:
    # Services run in folders of their own, where a relative path would mean another place.
    return str(Path(path).expanduser().absolute())
