"""Names of images: which registry they name, and whether they may be fetched from it."""

from __future__ import annotations

from docker.utils import parse_repository_tag

from ..catalog.spec import ContainerSpec


def registry_of(image: str) -> str | None:
    """Return the registry that the reference names; None where it leaves that to the engine."""
    first, slash, _ = image.partition("/")
    named = bool(slash) and ("." in first or ":" in first or first == "localhost")
    return first if named else None


def split_reference(image: str) -> tuple[str, str]:
    """Return repository and tag or digest; without either the tag `latest`.

    Without a tag the engine would fetch every image of the repository.
    """
    repository, tag = parse_repository_tag(image)
    return repository, tag or "latest"


def may_be_fetched(container: ContainerSpec) -> bool:
    """Say whether the service file allows that a missing image is fetched.

    Where it says nothing, only a reference that names its registry may be: an image that was
    built here under a short name could else be replaced by whoever registers that name.
    """
    if container.pull is not None:
        return container.pull
    return registry_of(container.image) is not None
