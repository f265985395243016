"""What in a valid service file deserves a second look, and what two files get wrong together."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from ..wire.problems import Problem
from .spec import ServiceSpec

_SECRET = re.compile(
    r"(^|_)(API_?KEY|KEY|TOKEN|SECRET|PASSWORD|PASSWD|PWD|CREDENTIALS?|AUTH)($|_)", re.IGNORECASE
)
_SECRET_SEEN = (
    "It looks like a secret, and everybody who may inspect the container or the image reads it; "
    "services get their credential as a file."
)
_PICKLE_SEEN = "Such files can run code when they are loaded; prefer .safetensors."
_PLAIN_SEEN = "Nobody can tell whether what comes is what was meant; add its sha256."
_PICKLES = (".ckpt", ".pt", ".pth", ".bin", ".pkl")


def advice_on(spec: ServiceSpec) -> Iterator[tuple[str, str]]:
    """Yield (field, sentence) for what works and is better done otherwise."""
    yield from _secrets(spec)
    if spec.container is not None:
        image = spec.container.image
        if "@sha256:" not in image and (":" not in image.rpartition("/")[2] or ":latest" in image):
            yield "container.image", f"{image} may be another image tomorrow; name a tag or digest."
        if spec.container.user in ("root", "0") or (spec.container.user or "").startswith(
            ("root:", "0:")
        ):
            yield "container.user", "It runs as root inside; a user of its own is safer."
    if spec.address and not spec.address.startswith(("https:", "http://127.", "http://localhost")):
        yield "address", "Pictures and prompts travel unencrypted; use https:// if you can."
    for number, model in enumerate(spec.models):
        for index, file in enumerate(model.files):
            where = f"models.{number}.files.{index}"
            if file.name.lower().endswith(_PICKLES):
                yield (
                    f"{where}.name",
                    "Such files can run code when they are loaded; prefer .safetensors.",
                )
            if (file.url or "").startswith("http:") and not file.sha256:
                yield (
                    f"{where}.url",
                    _PLAIN_SEEN,
                )


def _secrets(spec: ServiceSpec) -> Iterator[tuple[str, str]]:
    tables: dict[str, Mapping[str, str]] = {}
    if spec.container is not None:
        tables["container.environment"] = spec.container.environment
    if spec.process is not None:
        tables["process.environment"] = spec.process.environment
    if spec.build is not None:
        tables["build.arguments"] = spec.build.arguments
    for where, table in tables.items():
        for name, value in table.items():
            if value and _SECRET.search(name):
                yield f"{where}.{name}", _SECRET_SEEN


def clashes(specs: Iterable[ServiceSpec]) -> Iterator[Problem]:
    """Yield what services get wrong together: one door port for two of them."""
    first: dict[int, ServiceSpec] = {}
    for spec in specs:
        if spec.door_port is None:
            continue
        other = first.setdefault(spec.door_port, spec)
        if other is not spec:
            yield Problem(
                code="door_port_shared",
                message=f"{other.name} and {spec.name} both want the port {spec.door_port}.",
                remedy="The first to open gets it, the other another one; notebooks with a "
                "literal address may reach the wrong one. Give one of them another door_port.",
            )
