"""What a kernel needs: the profiles of its notebooks, joined. Blocking; runs in a thread."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ..wire.notebooks import NotebookType, Profile
from ..wire.policy import Mode
from .dotenv import names_set
from .resolve import Claim, Notebook, Resolver

_TYPES: tuple[NotebookType, ...] = ("CLASSIC", "GENAI_BASIC", "GENAI_ADVANCED", "HYBRID")
_NARROWEST_FIRST: tuple[Mode | None, ...] = ("off", "demo", "local", "cloud", "auto", None)


class Profiles(Protocol):
    """The part of the profile cache that a launch uses."""

    def get(self, path: Path, *, api_path: str = "") -> Profile:
        """Return the profile of a notebook; never raises for what is in it."""


@dataclass(frozen=True)
class Needs:
    """What a kernel's notebooks need, and what their `.env` files set."""

    profile: Profile
    path: str
    """API path of the first notebook; empty when the kernel has none."""
    dotenv: Mapping[str, str]
    person: str = ""


NOTHING = Needs(Profile(), "", {})


def find_needs(
    claims: Sequence[Claim],
    resolver: Resolver,
    profiles: Profiles,
    names: Callable[[Profile], Collection[str]],
) -> Needs:
    """Return what the notebooks that exist need; `names` tells which variables matter."""
    notebooks = resolver.locate(claims)
    if not notebooks:
        return NOTHING
    profile = joined([profiles.get(one.file, api_path=one.api_path) for one in notebooks])
    if profile.type == "CLASSIC":
        return Needs(profile, notebooks[0].api_path, {})
    return Needs(profile, notebooks[0].api_path, env_names(notebooks, resolver, names(profile)))


def env_names(
    notebooks: Sequence[Notebook], resolver: Resolver, names: Collection[str]
) -> dict[str, str]:
    """Return which names the notebooks' `.env` files set, each with its file."""
    found: dict[str, str] = {}
    for folder in dict.fromkeys(one.file.parent for one in notebooks):
        found = {**names_set(folder, resolver.root, names), **found}
    return found


def joined(profiles: Sequence[Profile]) -> Profile:
    """Return one profile for notebooks that share a kernel.

    Services are united, the narrowest mode wins, and a notebook that names a hosted server adds
    no service to one that does not.
    """
    needy = [one for one in profiles if one.type != "CLASSIC"]
    if len(needy) <= 1:
        return needy[0] if needy else profiles[0]
    here = [one for one in needy if not one.remote] or needy
    return needy[0].model_copy(
        update={
            "type": max((one.type for one in needy), key=_TYPES.index),
            "services": list(dict.fromkeys(name for one in here for name in one.services)),
            "evidence": [item for one in needy for item in one.evidence],
            "remote": all(one.remote for one in needy),
            "mode": min((one.mode for one in needy), key=_NARROWEST_FIRST.index),
            "declared": any(one.declared for one in needy),
        }
    )
