"""Kernels of notebooks that lie on no disk get what these need."""

from __future__ import annotations

import asyncio
from pathlib import Path

from coursia_genai_lab.launch.needs import Needs, find_needs_elsewhere
from coursia_genai_lab.launch.resolve import Claim, Resolver
from coursia_genai_lab.wire.notebooks import Profile

SHELF = {
    "course/a.ipynb": Profile(type="GENAI_BASIC", services=["openai"]),
    "b.ipynb": Profile(),
    "wide.ipynb": Profile(
        type="GENAI_BASIC",
        services=["flux", "openai"],
        widened=["flux", "openai"],
        metadata_digest="d1",
    ),
}


class Shelf:
    """Profiles by API path."""

    async def get(self, api_path: str) -> Profile:
        return SHELF.get(api_path, Profile(path=api_path, unreadable=True, note="not there"))


def needs(root: Path, *claims: Claim) -> Needs:
    return asyncio.run(find_needs_elsewhere(claims, Resolver(root_dir=root), Shelf()))


def test_the_notebook_of_a_session_is_found_by_its_path(tmp_path: Path):
    found = needs(tmp_path, Claim("course/a.ipynb"))
    assert (found.profile.services, found.path) == (["openai"], "course/a.ipynb")


def test_the_notebook_of_a_request_is_found_by_its_folder_and_name(tmp_path: Path):
    found = needs(tmp_path, Claim("course/4f1c", "a.ipynb"))
    assert found.path == "course/a.ipynb"


def test_two_notebooks_of_a_kernel_are_joined(tmp_path: Path):
    found = needs(tmp_path, Claim("b.ipynb"), Claim("course/a.ipynb"))
    assert (found.profile.services, found.path) == (["openai"], "b.ipynb")


def test_each_asks_for_what_only_its_metadata_names(tmp_path: Path):
    found = needs(tmp_path, Claim("wide.ipynb"), Claim("course/a.ipynb"))
    assert [(one.path, one.digest, one.services) for one in found.widenings] == [
        ("wide.ipynb", "d1", ("flux",))
    ]


def test_what_is_not_there_no_notebook_or_a_console_needs_nothing(tmp_path: Path):
    for claim in (
        Claim("absent.ipynb"),
        Claim("../course/a.ipynb"),
        Claim("course/a.txt"),
        Claim("course/a.ipynb", type="console"),
    ):
        found = needs(tmp_path, claim)
        assert (found.profile.type, found.path) == ("CLASSIC", "")
