"""Which keys of the server's environment a kernel does not get.

A key that serves the Lab is of no use to a kernel that reaches the Lab's doors, and of much to
whoever reads its outputs. `withhold_keys` says from whom keys are kept:

never   from nobody
genai   from kernels that get a token; the door of the cloud takes the key's place
all     from every kernel, and from whatever else the server starts
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection, Iterable, Mapping, MutableMapping

from ..catalog.spec import ServiceSpec
from ..config import WithholdKeys
from ..errors import GenAIError
from ..secret_files.lines import is_fit
from ..secret_files.secret import Secret

log = logging.getLogger(__name__)

LAB_SECRETS = frozenset({"GENAI_POLICY_TOKEN", "OPENROUTER_MANAGEMENT_KEY"})
"""What only the Lab itself reads."""
PROVIDER_KEYS = frozenset(
    {
        "ANTHROPIC_API_KEY",
        "AZURE_OPENAI_API_KEY",
        "BFL_API_KEY",
        "COHERE_API_KEY",
        "DEEPSEEK_API_KEY",
        "FAL_KEY",
        "GEMINI_API_KEY",
        "GOOGLE_API_KEY",
        "GROQ_API_KEY",
        "HF_TOKEN",
        "HUGGINGFACEHUB_API_TOKEN",
        "HUGGING_FACE_HUB_TOKEN",
        "IDEOGRAM_API_KEY",
        "MISTRAL_API_KEY",
        "OPENAI_API_KEY",
        "OPENROUTER_API_KEY",
        "REPLICATE_API_TOKEN",
        "STABILITY_API_KEY",
        "TOGETHER_API_KEY",
        "XAI_API_KEY",
    }
)
"""What `all` keeps from kernels besides. A kernel with a token keeps those that the Lab cannot
stand in for, or a notebook that also writes text with them would stop working."""
TOKEN_PREFIX = "cgl_"
SHORTEST_KEY = 8
"""A shorter value may well stand under another name by chance."""


def cloud_keys(specs: Iterable[ServiceSpec]) -> dict[str, str]:
    """Return the names of the clouds' keys, each with its service."""
    clouds = [spec for spec in specs if spec.kind == "cloud"]
    return {spec.credential.secret: spec.name for spec in clouds if spec.credential.secret}


def keys_for_the_lab(
    specs: Collection[ServiceSpec], environment: Mapping[str, str]
) -> dict[str, Secret]:
    """Return the clouds' keys in an environment that may serve the Lab.

    One that stands beside an address of the same group is for that address, and no cloud of ours
    is sent it; a token of a Lab, as in a server that a kernel started, is no key.
    """
    found = {name: environment.get(name, "") for name in cloud_keys(specs)}
    return {
        name: Secret(value)
        for name, value in found.items()
        if _is_key(value) and is_fit(value) and not _beside(name, specs, [environment])
    }


class EnvironmentKeys:
    """Say which keys a kernel does not get, by name; no value is ever held here.

    `secret_names` returns what the folder of secrets holds and may block.
    """

    def __init__(
        self,
        mode: WithholdKeys,
        specs: Collection[ServiceSpec],
        secret_names: Callable[[], Collection[str]] = tuple,
    ) -> None:
        self.mode = mode
        self._specs = specs
        self._secret_names = secret_names
        self._clouds = cloud_keys(specs)
        self._ours = frozenset(self._clouds) | LAB_SECRETS
        self._kept: frozenset[str] = frozenset()
        self._lock = threading.Lock()

    @property
    def everywhere(self) -> frozenset[str]:
        """What no kernel gets at all, whatever its notebook needs."""
        if self.mode != "all":
            return frozenset()
        with self._lock:
            return self._ours | self._kept | PROVIDER_KEYS

    def look(self) -> None:
        """Learn anew which names the secrets have. Blocks; never raises."""
        try:
            names = frozenset(self._secret_names())
        except GenAIError as error:
            log.warning("The names of the secrets cannot be read: %s", error.message)
            return
        with self._lock:
            self._kept = names

    def clear(self, environment: MutableMapping[str, str]) -> None:
        """Take what no kernel gets out of an environment; tokens of a Lab stay."""
        named = {name for name in self.everywhere if _is_key(environment.get(name, ""))}
        for name in named | _copies(named, environment):
            del environment[name]

    def group_names(self) -> frozenset[str]:
        """Return the variables beside which a key may belong to somebody else's address."""
        return frozenset(name for key in self._clouds for name in _groups_of(key, self._specs))

    def withheld(
        self,
        environment: Mapping[str, str],
        kernelspec: Mapping[str, str],
        dotenv: Collection[str],
    ) -> frozenset[str]:
        """Return what a kernel that gets a token does not get of its environment.

        A key that belongs to an address of the user's own stays with it, and so does one that
        kernel.json names: both are left as they are.
        """
        if self.mode == "never":
            return frozenset()
        with self._lock:
            ours = self._ours | self._kept
        places = [environment, kernelspec, dict.fromkeys(dotenv, "set")]
        mine = {
            name
            for name in ours
            if _is_key(environment.get(name, ""))
            and name not in kernelspec
            and not _beside(name, self._specs, places, but=ours)
        }
        everywhere = {name for name in self.everywhere if _is_key(environment.get(name, ""))}
        kept = mine | everywhere
        copies = {
            name
            for name in _copies(kept, environment) - ours - kernelspec.keys()
            if not _beside(name, self._specs, places, but=ours)
        }
        return frozenset(kept | copies)

    def clouds_of(self, names: Collection[str]) -> tuple[str, ...]:
        """Return the clouds whose keys these are."""
        return tuple(service for name, service in self._clouds.items() if name in names)


def _is_key(value: str) -> bool:
    return bool(value) and not value.startswith(TOKEN_PREFIX)


def _copies(names: Collection[str], environment: Mapping[str, str]) -> set[str]:
    """Return under what other names the values of these stand there, too."""
    values = {environment[name] for name in names if len(environment[name]) >= SHORTEST_KEY}
    return {name for name, value in environment.items() if value in values} - set(names)


def _groups_of(name: str, specs: Iterable[ServiceSpec]) -> set[str]:
    groups = (group.variables for spec in specs for group in spec.exports)
    return {one for group in groups if name in group for one in group}


def _beside(
    name: str,
    specs: Iterable[ServiceSpec],
    places: Iterable[Mapping[str, str]],
    *,
    but: Collection[str] = (),
) -> bool:
    """Say whether anything else of the name's groups is set there."""
    others = _groups_of(name, specs) - {name, *but}
    return any(place.get(other) for place in places for other in others)
