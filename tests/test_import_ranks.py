"""A module imports lower ranks only; folders of one rank do not import each other."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent / "coursia_genai_lab"
RANKS = [
    {"errors", "wire"},
    {"config", "catalog", "client", "secret_files"},
    {"detection", "gpu", "engines", "provenance", "weights"},
    {"runtimes"},
    {"lab"},
    {"gateway"},
    {"launch", "notebooks"},
    {"loading"},
    {"events", "handlers"},
    {"composition"},
    {"assembly"},
    {"app"},
    {"cli"},
]
RANK_OF = {name: rank for rank, names in enumerate(RANKS) for name in names}
ON_CLIENT_ALONE = {"widgets", "mcp_server"}
ALLOWED_TO_THEM = {"client", "errors", "wire"}
FREE = {"__init__", "__main__", "_version"}
ALONE = {"servers", "build_contexts"}
"""What runs where nothing else of ours is."""


def modules() -> Iterator[tuple[Path, str]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        relative = path.relative_to(PACKAGE)
        yield path, relative.parts[0].removesuffix(".py")


def own_imports(path: Path) -> Iterator[tuple[str, int]]:
    """Yield the top-level folder or module of ours that each import names, with its line."""
    parts = ("coursia_genai_lab", *path.relative_to(PACKAGE).with_suffix("").parts)
    here = parts[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            base = here[: len(here) - node.level + 1] if node.level else ()
            names = [
                ".".join(
                    (*base, *((node.module or "").split(".") if node.module else []), alias.name)
                )
                for alias in node.names
            ]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        for name in names:
            found = name.split(".")
            if found[0] == "coursia_genai_lab" and len(found) > 1:
                yield found[1], node.lineno


def test_every_module_imports_lower_ranks_only() -> None:
    wrong = []
    for path, top in modules():
        if top in FREE:
            continue
        for target, line in own_imports(path):
            if target == top or target in FREE:
                continue
            place = f"{path.relative_to(PACKAGE)}:{line} imports {target}"
            if top == "servers":
                wrong.append(f"{place}: servers import nothing of ours")
            elif top == "build_contexts":
                wrong.append(f"{place}: images hold nothing else of ours")
            elif top in ON_CLIENT_ALONE:
                if target not in ALLOWED_TO_THEM:
                    wrong.append(f"{place}: {top} stands on client alone")
            elif target not in RANK_OF or RANK_OF[target] >= RANK_OF[top]:
                wrong.append(place)
    assert wrong == []


def test_every_folder_has_a_rank() -> None:
    known = set(RANK_OF) | ON_CLIENT_ALONE | FREE | ALONE
    unknown = {top for _, top in modules()} - known
    assert unknown == set()


def test_no_module_is_called_after_nothing() -> None:
    vague = {"utils", "util", "helpers", "helper", "common", "manager", "misc"}
    assert [path.name for path, _ in modules() if path.stem in vague] == []


def test_no_module_is_longer_than_its_limit() -> None:
    long = {
        path.relative_to(PACKAGE).as_posix(): lines
        for path, _ in modules()
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 400
    }
    assert long == {}
