"""The documentation says what there is, and its links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from coursia_genai_lab.cli import main
from coursia_genai_lab.handlers import ROUTES

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def shown(pattern: str) -> str:
    """Return a route as the page writes it."""
    path = re.sub(r"\(\?P<command>([^|)]*)[^)]*\)", r"\1", pattern)
    return re.sub(r"\(\?P<(\w+)>(?:[^()]|\([^()]*\))*\)", r"{\1}", path)


@pytest.mark.parametrize("route", [shown(pattern) for pattern, _ in ROUTES])
def test_every_route_is_documented(route: str) -> None:
    text = (ROOT / "docs" / "developers" / "rest-api.md").read_text(encoding="utf-8")
    assert re.search(rf"`{re.escape(route)}[`?]", text), route


@pytest.mark.parametrize("command", sorted(main.commands))
def test_every_command_is_documented(command: str) -> None:
    text = (ROOT / "docs" / "admins" / "README.md").read_text(encoding="utf-8")
    assert f"coursia-genai {command}" in text


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_leads_to_a_file(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8"))
    local = [link for link in links if not link.startswith(("http://", "https://"))]
    missing = [link for link in local if not (page.parent / link).exists()]
    assert missing == []


def test_every_page_is_led_to_by_another() -> None:
    targets = {
        (page.parent / link).resolve()
        for page in PAGES
        for link in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8"))
    }
    roots = {ROOT / "README.md", ROOT / "CONTRIBUTING.md"}
    assert [page for page in PAGES if page not in targets | roots] == []


def test_the_readme_names_the_two_commands_and_shows_a_picture() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "make lab" in text
    assert "make test" in text
    assert re.search(r"!\[[^\]]+\]\(docs/images/[^)]+\.png\)", text)
