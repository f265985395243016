"""A desk on a real Lab with the fake runtime."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from coursia_genai_lab.catalog.load import load_catalog
from coursia_genai_lab.catalog.spec import ServiceSpec
from coursia_genai_lab.config import LabSettings
from coursia_genai_lab.gateway.doors import Doors
from coursia_genai_lab.gateway.tokens import Tokens
from coursia_genai_lab.lab.cloud_questions import CloudQuestions
from coursia_genai_lab.lab.clouds import Clouds
from coursia_genai_lab.lab.consents import Consents
from coursia_genai_lab.lab.lab import Lab
from coursia_genai_lab.launch.desk import LocalLaunchDesk
from coursia_genai_lab.launch.orders import LaunchOrder
from coursia_genai_lab.runtimes.base import Instance
from coursia_genai_lab.runtimes.fake import FakeRuntime
from coursia_genai_lab.runtimes.readiness import until_ready
from coursia_genai_lab.secret_files.secret import Secret
from coursia_genai_lab.wire.notebooks import Profile

PATIENCE = 60.0
PROFILE_WORDS = (
    *("remote", "remote_services", "mode", "fallback", "optional", "widened", "metadata_digest"),
    *("declared", "evidence"),
)


@dataclass(frozen=True)
class Bench:
    """The parts that a launch stands on."""

    lab: Lab
    tokens: Tokens
    doors: Doors
    desk: LocalLaunchDesk
    runtime: FakeRuntime
    consents: Consents

    async def until(self, true: Callable[[], bool]) -> None:
        """Wait until something is true of the Lab."""

        async def look() -> None:
            while not true():
                await self.lab.wait_for_change(self.lab.revision, 1)

        await asyncio.wait_for(look(), PATIENCE)


def order(*services: str, number: int = 1, kernel_id: str = "k1", **changes: Any) -> LaunchOrder:
    """Return the order of a plain GenAI notebook."""
    words = {name: changes.pop(name) for name in PROFILE_WORDS if name in changes}
    arguments: dict[str, Any] = {
        "launch_id": f"launch{number}",
        "kernel_id": kernel_id,
        "profile": Profile(
            path="course/nb.ipynb",
            type="GENAI_BASIC",
            needs_image_service=True,
            services=list(services),
            **words,
        ),
        "path": "course/nb.ipynb",
        "person": "ada",
        "base_environment": {"PATH": "/bin"},
        "kernelspec_environment": {},
        "dotenv": {},
    }
    return LaunchOrder(**{**arguments, **changes})


@pytest.fixture
def opened_bench(tmp_path: Path) -> Callable[..., AbstractAsyncContextManager[Bench]]:
    """Open a Lab on the fake runtime, with doors and a desk; arguments are Lab settings.

    `keys` are the providers' keys, by the names of their secrets; with them clouds are offered.
    With `opens` false the Lab is left for the test to open.
    """

    @asynccontextmanager
    async def opened(runtime: FakeRuntime | None = None, **settings: Any) -> AsyncIterator[Bench]:
        used = FakeRuntime() if runtime is None else runtime
        given: Consents | None = settings.pop("consents", None)
        keys: dict[str, str] = settings.pop("keys", {})
        opens: bool = settings.pop("opens", True)
        catalog = load_catalog()
        clouds = Clouds(catalog, lambda name: Secret(keys[name]) if name in keys else None)
        async with aiohttp.ClientSession() as session:

            async def answers(spec: ServiceSpec, instance: Instance) -> None:
                await until_ready(
                    instance.url, spec.readiness, timeout_seconds=PATIENCE, session=session
                )

            lab = Lab(
                catalog=catalog,
                settings=LabSettings(state_path=str(tmp_path), runtime="fake", **settings),
                runtimes=lambda: {"fake": used},
                answers=answers,
                clouds=clouds,
            )
            tokens = Tokens(lab.leases)
            doors = Doors(lab, tokens)
            consents = given or Consents(trusted_folders=["trusted"])
            if opens:
                await lab.open()
                await lab.opened(PATIENCE)
            try:
                questions = CloudQuestions(catalog, consents) if keys else None
                desk = LocalLaunchDesk(lab, tokens, doors, consents, questions)
                yield Bench(lab, tokens, doors, desk, used, consents)
            finally:
                await doors.close()
                await lab.close()

    return opened
