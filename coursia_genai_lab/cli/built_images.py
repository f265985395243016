"""What `coursia-genai doctor` says of images that were built here: whether they are of today."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..catalog.spec import ServiceSpec
from ..errors import ConfigurationError, GenAIError
from .checks import Finding

if TYPE_CHECKING:
    import docker

LOOK_SECONDS = 5.0


def images_of_today(specs: Iterable[ServiceSpec], host: str | None = None) -> list[Finding]:
    """Tell which images were built from something else than their context has now.

    An image that is missing is told elsewhere; nothing is told when Docker cannot be asked, and
    nothing of images that somebody built by hand.
    """
    built = {spec.container.image: spec for spec in specs if spec.build and spec.container}
    if not built:
        return []
    wanted: dict[str, str] = {}
    found: list[Finding] = []
    for image, spec in built.items():
        try:
            wanted[image] = _content(spec)
        except ConfigurationError as error:
            found.append(Finding(f"build {spec.name}", "note", error.message, error.remedy))
    labels = asyncio.run(_ask(list(wanted), host))
    for image, content in wanted.items():
        if labels.get(image) not in (None, content):
            spec = built[image]
            found.append(
                Finding(
                    f"build {spec.name}",
                    "note",
                    f"The image {image} was built from an older version of its build context.",
                    "It goes on to work; build it again when nobody needs the service.",
                    f"coursia-genai build {spec.name}",
                )
            )
    return found


def _content(spec: ServiceSpec) -> str:
    from ..runtimes.build_context import build_context

    archive, content = build_context(spec).pack()
    archive.close()
    return content


async def _ask(images: list[str], host: str | None) -> dict[str, str | None]:
    from ..runtimes.docker_build_remains import BUILD_LABEL
    from ..runtimes.docker_engine import DockerEngine

    def look(client: docker.DockerClient) -> dict[str, str | None]:
        rows = client.images.list(filters={"label": BUILD_LABEL})
        labels = {tag: row.labels.get(BUILD_LABEL) for row in rows for tag in row.tags}
        return {image: labels.get(image) for image in images}

    engine = DockerEngine(host)
    try:
        return await engine.call(look, seconds=LOOK_SECONDS)
    except GenAIError:
        return {}
    finally:
        engine.close()
