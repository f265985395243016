"""Write the reference pages that follow from the code, or check that they are fresh.

docs/admins/settings.md from the traits, docs/admins/services.md from the catalogue,
docs/teachers/what-is-detected.md from the indicators of the catalogue.
"""

from __future__ import annotations

import sys
from pathlib import Path

from indicator_examples import Row, rows_of

from coursia_genai_lab.catalog import load_catalog
from coursia_genai_lab.catalog.spec import ServiceSpec
from coursia_genai_lab.config import GenAILab

DOCS = Path(__file__).resolve().parent.parent / "docs"
NOTE = "<!-- Written by scripts/generate_docs.py; change the code instead. -->\n\n"
INTRODUCTION = (
    "Set them in `jupyter_server_config.py` (`c.GenAILab.mode = 'demo'`) or on the command line "
    "(`--GenAILab.mode=demo`).\n"
)

DETECTION = (
    "Code decides, not words: a service counts when code that runs sends work for pictures to it. "
    "Comments, texts, functions that nobody calls and clients that nobody uses are no evidence; "
    "a port alone never is.\n"
    "`coursia-genai detect --explain FILE` shows for one notebook which lines decided.\n\n"
    "Each service names its indicators in its own file, as words or with `*` for anything; a "
    "service that an administrator adds brings its own. Calls and routes decide. Variables, "
    "probes, nodes, models and words support them, and choose among services of one kind; alone "
    "they decide nothing. Two probes of one server, beside something that names the service, "
    "count too: a notebook about the connection.\n\n"
    "Every example here runs as a test: its first cell is detected as that service, its second is "
    "not.\n"
)
DETECTION_HEAD = (
    "| indicator | what it means | example | looks alike, needs nothing |\n|---|---|---|---|"
)
SINGULAR = {"prefers": "word"}


def settings_page() -> str:
    """Return the page of every trait of `GenAILab`."""
    lines = [
        NOTE + "# Settings\n",
        INTRODUCTION,
        "| setting | default | what it does |",
        "|---|---|---|",
    ]
    for name, trait in sorted(GenAILab.class_own_traits(config=True).items()):
        shown = repr(trait.default()) if trait.default() != "" else "empty"
        lines.append(f"| `GenAILab.{name}` | `{shown}` | {trait.help} |")
    return "\n".join(lines) + "\n"


def services_page() -> str:
    """Return the page of every built-in service."""
    lines = [
        NOTE + "# Built-in services\n",
        "A file `NAME.toml` in `GenAILab.services_path` adds a service or replaces one of these.\n",
    ]
    for spec in sorted(load_catalog().values(), key=lambda item: item.name):
        lines += _service(spec)
    return "\n".join(lines) + "\n"


def _service(spec: ServiceSpec) -> list[str]:
    variables = [f"`{name}`" for group in spec.exports for name in group.variables]
    facts = [
        ("Kind", spec.kind),
        ("Dialect", spec.dialect),
        ("Door", f"127.0.0.1:{spec.door_port} if free" if spec.door_port else ""),
        ("Image", f"`{spec.container.image}`" if spec.container else ""),
        ("GPU memory", f"{spec.gpu.vram_mib} MiB" if spec.gpu else ""),
        ("Variables", ", ".join(variables)),
        ("Models", ", ".join(f"`{model.id}`" for model in spec.models)),
        ("To have it here", spec.install),
    ]
    rows = [f"- {label}: {text}" for label, text in facts if text]
    return [f"## {spec.name}\n", f"{spec.title}. {spec.summary}\n", *rows, ""]


def detection_page() -> str:
    """Return the page of every indicator, with an example and a counter-example each."""
    catalog = load_catalog()
    lines = [NOTE + "# What is detected\n", DETECTION]
    for spec in sorted(catalog.values(), key=lambda item: item.name):
        lines += [f"## {spec.name}\n", f"{spec.title}.\n", DETECTION_HEAD]
        lines += [_indicator(row) for row in rows_of(spec, catalog)]
        lines.append("")
    return "\n".join(lines).rstrip("\n") + "\n"


def _indicator(row: Row) -> str:
    name = SINGULAR.get(row.kind, row.kind.removesuffix("s"))
    why = f"{row.why_not}<br>{_code(row.counter_example)}"
    return f"| {name} `{row.literal}` | {row.meaning} | {_code(row.example)} | {why} |"


def _code(cell: str) -> str:
    lines = [line for line in cell.split("\n") if line.strip()]
    return "<br>".join(f"`{line}`".replace("|", "\\|") for line in lines)


def main() -> int:
    """Write the pages; with --check only say which are stale, and return 1 then."""
    stale = []
    pages = {
        "admins/settings.md": settings_page(),
        "admins/services.md": services_page(),
        "teachers/what-is-detected.md": detection_page(),
    }
    for name, text in pages.items():
        path = DOCS / name
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(name)
        if "--check" not in sys.argv:
            path.write_text(text, encoding="utf-8")
    if "--check" in sys.argv and stale:
        print(f"Stale: {', '.join(stale)}. Run: make wire")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
