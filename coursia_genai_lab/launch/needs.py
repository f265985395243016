"""What a kernel needs: the profiles of its notebooks, joined. Blocking; runs in a thread."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ..detection.dotenv import names_set
from ..lab.consents import Widening
from ..wire.notebooks import NotebookType, Profile, Resources
from ..wire.policy import Fallback, Mode
from .resolve import Claim, Notebook, Resolver
from .withholding import limited, widening_of

_TYPES: tuple[NotebookType, ...] = ("CLASSIC", "GENAI_BASIC", "GENAI_ADVANCED", "HYBRID")
_NARROWEST_FIRST: tuple[Mode | None, ...] = ("off", "demo", "local", "cloud", "auto", None)
_MOST_CAREFUL_FIRST: tuple[Fallback | None, ...] = ("never", "ask", None, "auto")


class Profiles(Protocol):
    """The part of the profile cache that a launch uses."""

    def get(self, path: Path, *, api_path: str = "") -> Profile:
        """Return the profile of a notebook; never raises for what is in it."""


class Contents(Protocol):
    """The profiles of notebooks that lie on no disk, as far as a launch uses them."""

    async def get(self, api_path: str) -> Profile:
        """Return the profile of a notebook; `unreadable` where there is none."""


@dataclass(frozen=True)
class Needs:
    """What a kernel's notebooks need, and what their `.env` files set."""

    profile: Profile
    path: str
    """API path of the first notebook; empty when the kernel has none."""
    dotenv: Mapping[str, str]
    person: str = ""
    widenings: tuple[Widening, ...] = ()
    """What the metadata of each notebook asks for beyond the code of them all."""


# Without validation, whose building would be paid by every start of a server.
NOTHING = Needs(Profile.model_construct(resources=Resources.model_construct()), "", {})


def find_needs(
    claims: Sequence[Claim],
    resolver: Resolver,
    profiles: Profiles,
    names: Callable[[Profile], Collection[str]],
    also: Profile | None = None,
) -> Needs:
    """Return what the notebooks that exist need; `names` tells which variables matter.

    `also` is what the caller knows of an open notebook: its variables are looked for as well.
    """
    notebooks = resolver.locate(claims)
    if not notebooks:
        return NOTHING
    examined = [profiles.get(one.file, api_path=one.api_path) for one in notebooks]
    profile = joined(examined)
    if profile.type == "CLASSIC" and also is None:
        return Needs(profile, notebooks[0].api_path, {})
    wanted = {*names(profile), *(() if also is None else names(also))}
    widenings = [
        widening_of(one, notebook.api_path, notebook.file.relative_to(resolver.root).as_posix())
        for one, notebook in zip(examined, notebooks, strict=True)
    ]
    return Needs(
        profile,
        notebooks[0].api_path,
        env_names(notebooks, resolver, wanted),
        widenings=limited(filter(None, widenings), profile.widened),
    )


async def find_needs_elsewhere(
    claims: Sequence[Claim], resolver: Resolver, contents: Contents
) -> Needs:
    """Return what the notebooks that the contents manager has need; no `.env` lies beside them."""
    profiles: dict[str, Profile] = {}
    for claim in claims:
        for path in resolver.api_paths(claim):
            profile = profiles.get(path) or await contents.get(path)
            if not profile.unreadable:
                profiles[path] = profile
                break
    if not profiles:
        return NOTHING
    profile = joined(list(profiles.values()))
    widenings = [widening_of(one, path) for path, one in profiles.items()]
    return Needs(
        profile,
        next(iter(profiles)),
        {},
        widenings=limited(filter(None, widenings), profile.widened),
    )


def env_names(
    notebooks: Sequence[Notebook], resolver: Resolver, names: Collection[str]
) -> dict[str, str]:
    """Return which names the notebooks' `.env` files set, each with its file.

    Of a notebook behind a link both folders count: the kernel runs in the link's.
    """
    found: dict[str, str] = {}
    folders = [folder for one in notebooks for folder in (_runs_in(one, resolver), one.file.parent)]
    for folder in dict.fromkeys(folders):
        found = {**names_set(folder, resolver.root, names), **found}
    return found


def _runs_in(notebook: Notebook, resolver: Resolver) -> Path:
    return Path(os.path.realpath((resolver.root / notebook.api_path).parent))


def narrowest(modes: Iterable[Mode | None]) -> Mode | None:
    """Return the mode that allows the least; None allows what the server does."""
    return min(modes, key=_NARROWEST_FIRST.index)


def joined(profiles: Sequence[Profile]) -> Profile:
    """Return one profile for notebooks that share a kernel.

    Services are united, the narrowest mode and fallback win, and a notebook that names a hosted
    server adds no service to one that does not. What is optional, hosted, or named by metadata
    alone stays so only if it is that for every notebook that names it. The notebooks run one
    after another, so of the resources the largest is wanted. Sections are one notebook's own.
    """
    needy = [one for one in profiles if one.type != "CLASSIC"]
    if len(needy) <= 1:
        return needy[0] if needy else profiles[0]
    here = [one for one in needy if not one.remote] or needy
    services = list(dict.fromkeys(name for one in here for name in one.services))

    def everywhere(said: Callable[[Profile], Collection[str]]) -> list[str]:
        return [
            name
            for name in services
            if all(name in said(one) for one in here if name in one.services)
        ]

    return needy[0].model_copy(
        update={
            "type": max((one.type for one in needy), key=_TYPES.index),
            "services": services,
            "optional": everywhere(lambda one: one.optional),
            "widened": everywhere(lambda one: one.widened),
            "remote_services": everywhere(lambda one: one.remote_services),
            "evidence": [item for one in needy for item in one.evidence],
            "literal_addresses": [item for one in needy for item in one.literal_addresses],
            "remote": all(one.remote for one in needy),
            "mode": narrowest(one.mode for one in needy),
            "fallback": min((one.fallback for one in needy), key=_MOST_CAREFUL_FIRST.index),
            "declared": any(one.declared for one in needy),
            "resources": Resources(
                gpus=max(one.resources.gpus for one in here),
                vram_mib=max(one.resources.vram_mib for one in here),
                memory_mib=max(one.resources.memory_mib for one in here),
            ),
            "sections": [],
        }
    )
