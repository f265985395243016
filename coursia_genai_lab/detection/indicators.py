"""The `[detect]` tables of all specs, put together for fast look-up."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase, translate
from functools import lru_cache

from ..catalog import ServiceSpec
from .fragments import Fragments
from .signs import host_of
from .values import HOLE, Text

LONGEST_WORD = 200
MOST_REMEMBERED = 2_000
_SHORTEST_FRAGMENT = 5
_SDK_WRAPPERS = (".with_raw_response", ".with_streaming_response", ".with_options()")
"""What the openai SDK puts between a client and a call that stays the same."""
_PORT = re.compile(r":(\d{2,5})(?:/|$)")


@dataclass(frozen=True)
class Route:
    """A URL path of a dialect; `common` when it is one plain word that anybody might use."""

    path: str
    pattern: re.Pattern[str]
    services: tuple[str, ...]
    work: bool

    @property
    def common(self) -> bool:
        plain = self.path.strip("/*")
        return "/" not in plain and "_" not in plain


@dataclass(frozen=True)
class Call:
    """The dotted end of a call name, as a glob, and the libraries that it may come from."""

    name: str
    words: tuple[str, ...]
    """The last is `*` where it is a glob."""
    pattern: re.Pattern[str]
    services: tuple[str, ...]
    modules: tuple[str, ...]


class Indicators:
    """What to look for, for every service of a catalogue."""

    def __init__(self, specs: Mapping[str, ServiceSpec]) -> None:
        self.specs = specs
        self.routes = _routes(specs)
        self.calls = _calls(specs)
        self.variables = _grouped(specs, "variables")
        self.nodes = _grouped(specs, "nodes")
        self.images_by_chat = [
            (_glob(model), name)
            for name, spec in specs.items()
            if spec.kind == "cloud"
            for model in spec.detect.models
        ]
        self._words = [
            (_glob(model), name) for name, spec in specs.items() for model in spec.detect.models
        ]
        self._prefers = [
            (word.lower(), name) for name, spec in specs.items() for word in spec.detect.prefers
        ]
        self._hosts = [
            (_glob(host.lower()), name)
            for name, spec in specs.items()
            for host in spec.detect.hosts
        ]
        self.containers = {
            container: name
            for name, spec in specs.items()
            for container in (name, *spec.known_containers)
        }
        # Notebooks call the same few names over and over.
        self._remembered_call = lru_cache(MOST_REMEMBERED)(self._call)
        self.fragments = Fragments(_fragments(specs))

    def mentioned_in(self, lowered: str) -> bool:
        """Return whether code (in lower case) holds anything that could become work."""
        return self.fragments.in_text(lowered)

    def route(self, url: str) -> list[Route]:
        """Return the routes that the path of a URL ends in, the longest first."""
        path = url.split("?", 1)[0].split("#", 1)[0]
        return [route for route in self.routes if route.pattern.search(path)]

    def call(self, name: str) -> Call | None:
        """Return the entry for a dotted call name, `openai.OpenAI().images.generate`."""
        return self._remembered_call(name)

    def _call(self, name: str) -> Call | None:
        for wrapper in _SDK_WRAPPERS:
            name = name.replace(wrapper, "")
        root, _, rest = name.partition(".")
        words = (rest or root).split(".")
        origin = name.partition("(")[0].split(".")
        for call in self.calls:
            wanted = len(call.words)
            if call.words[-1] != "*" and call.words[-1] != words[-1]:
                continue
            if not call.pattern.fullmatch(".".join(words[-wanted:])):
                continue
            if (wanted > 1 and root.startswith("?")) or self.is_of(origin, call.modules):
                return call
        return None

    def is_of(self, origin: Iterable[str], modules: Iterable[str]) -> bool:
        """Return whether a part of a dotted name is one of the modules, literals or globs."""
        return any(fnmatchcase(part, module) for module in modules for part in origin)

    def dialect_word(self, services: Iterable[str]) -> str:
        """Return the word by which people call servers of these services' dialect."""
        return next(self.specs[name].dialect for name in services).removesuffix("ui")

    def usual_port(self, services: Iterable[str], address: str) -> bool:
        """Return whether an address has a port on which one of the services listens."""
        ports = {spec.door_port for spec in map(self.specs.__getitem__, services)}
        ports |= {s.container.port for s in map(self.specs.__getitem__, services) if s.container}
        found = _PORT.search(address)
        return found is not None and int(found.group(1)) in ports

    def particular(self, word: str) -> set[str]:
        """Return the services that a model, file, host or variable name speaks for."""
        if not word or len(word) > LONGEST_WORD or len(word.split(None, 1)) != 1:
            return set()
        found = {name for pattern, name in self._words if pattern.fullmatch(word)}
        lowered = word.lower()
        return found | {name for prefers, name in self._prefers if prefers in lowered}

    def host(self, address: str) -> str | None:
        """Return the service whose host an address names."""
        host = host_of(address)
        for pattern, name in self._hosts:
            if host and pattern.fullmatch(host):
                return name
        return None

    def cloud_model(self, model: str) -> str | None:
        """Return the cloud service that offers a picture model, the longest match first."""
        found = [
            (len(pattern.pattern), name)
            for pattern, name in self.images_by_chat
            if pattern.fullmatch(model)
        ]
        return max(found)[1] if found else None

    def variable_service(self, text: Text | None) -> str | None:
        """Return the only service that one of a text's variables belongs to."""
        for variable in sorted(text.variables) if text else ():
            services = self.variables.get(variable, ())
            if len(services) == 1:
                return services[0]
        return None


def _glob(pattern: str) -> re.Pattern[str]:
    return re.compile(translate(pattern))


def _grouped(specs: Mapping[str, ServiceSpec], table: str) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for name, spec in specs.items():
        for word in getattr(spec.detect, table):
            found[word] = (*found.get(word, ()), name)
    return found


def _routes(specs: Mapping[str, ServiceSpec]) -> list[Route]:
    found: list[Route] = []
    for table, work in (("routes", True), ("probes", False)):
        for path, services in _grouped(specs, table).items():
            # An unknown part may end in the slash: f"{base}prompt".
            inner = ".+".join(re.escape(part) for part in path.strip("/").split("*"))
            pattern = re.compile(f"(?:^|[/{HOLE}]){inner}/?$")
            found.append(Route(path, pattern, services, work))
    return sorted(found, key=lambda route: (not route.work, -len(route.path)))


def _calls(specs: Mapping[str, ServiceSpec]) -> list[Call]:
    by_name: dict[tuple[str, tuple[str, ...]], tuple[str, ...]] = {}
    for name, spec in specs.items():
        for call in spec.detect.calls:
            key = (call, tuple(spec.detect.modules))
            by_name[key] = (*by_name.get(key, ()), name)
    found = []
    for (call, modules), services in by_name.items():
        words = call.split(".")
        if "*" in words[-1]:
            words[-1] = "*"
        found.append(Call(call, tuple(words), _glob(call), services, modules))
    return found


def _fragments(specs: Mapping[str, ServiceSpec]) -> tuple[str, ...]:
    wanted: set[str] = {"call_service", "image_generation", "modalities", "urljoin", *_SDK_WRAPPERS}
    for spec in specs.values():
        detect = spec.detect
        wanted.update(route.rstrip("/*") for route in detect.routes)
        wanted.update(probe.rstrip("/*") for probe in detect.probes if "_" in probe)
        wanted.update(
            call.partition("()")[0] for call in detect.calls if "*" not in call and "." in call
        )
        wanted.update(call for call in detect.calls if "*" not in call and len(call) >= 12)
        wanted.update(
            module.rsplit(".", 1)[-1].split("*", 1)[0]
            for module in detect.modules
            if module in _alone(spec)
        )
        if detect.nodes:
            wanted.add("class_type")
        if spec.kind == "cloud":
            wanted.update(model.split("*", 1)[0] for model in detect.models)
    lowered = {
        word.lower().removesuffix("()") for word in wanted if len(word) >= _SHORTEST_FRAGMENT
    }
    return tuple(sorted(_without_longer(lowered)))


def _alone(spec: ServiceSpec) -> Iterable[str]:
    # The modules of a cloud (`openai`) serve text far more often than pictures: their calls
    # are the fragment, not their import.
    return () if spec.kind == "cloud" else spec.detect.modules


def _without_longer(words: set[str]) -> set[str]:
    return {word for word in words if not any(other != word and other in word for other in words)}
