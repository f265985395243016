"""Write the reference pages that follow from the code, or check that they are fresh.

docs/admins/settings.md from the traits, docs/admins/services.md from the catalogue,
docs/teachers/what-is-detected.md from the indicators of the catalogue,
coursia_genai_lab/catalog/service.schema.json from the shape of a service file, and
coursia_genai_lab/lab/policy.schema.json from that of a class's policy.
"""

from __future__ import annotations

import ast
import inspect
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from indicator_examples import Row, rows_of
from pydantic import BaseModel

from coursia_genai_lab.catalog import load_catalog
from coursia_genai_lab.catalog import spec as spec_module
from coursia_genai_lab.catalog.spec import ModelFileSpec, ModelSpec, ServiceSpec
from coursia_genai_lab.config import GenAILab
from coursia_genai_lab.lab import policy_document
from coursia_genai_lab.lab.policy_document import PolicyDocument

ROOT = Path(__file__).resolve().parent.parent
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
SERVICES = (
    "A file `NAME.toml` in `GenAILab.services_path` adds a service or replaces one of these: "
    "[how to write one](catalogue.md). `coursia-genai catalog show NAME` prints the same for a "
    "machine, `coursia-genai catalog export NAME --toml` a file to begin with.\n"
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
    for name, trait in sorted(GenAILab.class_traits(config=True).items()):
        shown = repr(trait.default()) if trait.default() != "" else "empty"
        lines.append(f"| `GenAILab.{name}` | `{shown}` | {trait.help} |")
    return "\n".join(lines) + "\n"


def services_page() -> str:
    """Return the page of every built-in service."""
    lines = [
        NOTE + "# Built-in services\n",
        SERVICES,
        "| service | door | GPU memory | memory | models |",
        "|---|---|---|---|---|",
    ]
    specs = sorted(load_catalog(packages=False).values(), key=lambda item: item.name)
    for spec in specs:
        cells = [
            f"[{spec.name}](#{spec.name})",
            str(spec.door_port or ""),
            f"{spec.gpu.vram_mib // 1024} GiB" if spec.gpu else "",
            f"{spec.container.memory_mib // 1024} GiB" if spec.container else "",
            ", ".join(f"`{model.id}`" for model in spec.models),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    lines.append("")
    for spec in specs:
        lines += _service(spec)
    return "\n".join(lines) + "\n"


def _service(spec: ServiceSpec) -> list[str]:
    variables = [f"`{name}`" for group in spec.exports for name in group.variables]
    box = spec.container
    folders = (
        [*box.models, *(f"{name} (if it is there)" for name in box.optional_models)] if box else []
    )
    facts = [
        ("Kind", spec.kind),
        ("Dialect", spec.dialect),
        ("Door", f"127.0.0.1:{spec.door_port} if free" if spec.door_port else ""),
        ("Image", f"`{box.image}`, port {box.port} inside" if box else ""),
        ("Memory", f"{box.memory_mib} MiB" if box else ""),
        ("GPU", ", ".join(spec.gpu.ids) if spec.gpu and spec.gpu.ids else ""),
        ("GPU memory", f"{spec.gpu.vram_mib} MiB" if spec.gpu else ""),
        ("Model folders", ", ".join(folders)),
        ("Variables", ", ".join(variables)),
        ("To have it here", spec.install),
    ]
    rows = [f"- {label}: {text}" for label, text in facts if text]
    return [
        f"## {spec.name}\n",
        f"{spec.title}. {spec.summary}\n",
        *rows,
        "",
        *(line for model in spec.models for line in _model(model)),
        *(f"- {line}" for line in spec.troubleshooting.strip().splitlines()),
        *([""] if spec.troubleshooting.strip() else []),
    ]


def _model(model: ModelSpec) -> list[str]:
    if not model.files:
        return []
    licence = f"[{model.licence}]({model.licence_url})" if model.licence_url else model.licence
    notes = [
        f"{model.size_mib / 1024:.1f} GiB" if model.size_mib else "",
        licence + (", to be accepted first" if model.accept else ""),
        "optional" if model.optional else "",
        "needs a token of its hub" if model.gated else "",
    ]
    head = f"`{model.id}`: {model.title}, {', '.join(note for note in notes if note)}.\n"
    table = ["| file | bytes | SHA-256 | from |", "|---|---|---|---|"]
    return [head, *table, *map(_file, model.files), ""]


def _file(file: ModelFileSpec) -> str:
    size = f"{file.size_bytes:,}" if file.size_bytes is not None else "not published"
    digest = f"`{file.sha256[:12]}…`" if file.sha256 else "its hub's"
    source = file.repository or file.url or "an administrator"
    return f"| `{file.folder}/{file.name}` | {size} | {digest} | {source} |"


def service_schema() -> str:
    """Return the JSON Schema of a service file, for editors and other tools."""
    schema = ServiceSpec.model_json_schema()
    schema["required"].remove("name")  # the file's own name
    return _published(schema, ServiceSpec, spec_module, "A service of CoursIA GenAI Lab")


def policy_schema() -> str:
    """Return the JSON Schema of a class's policy."""
    schema = PolicyDocument.model_json_schema()
    title = "The policy of a class, for CoursIA GenAI Lab"
    return _published(schema, PolicyDocument, policy_document, title)


def _published(
    schema: dict[str, Any], whole: type[BaseModel], module: ModuleType, title: str
) -> str:
    """Return a schema with the descriptions that stand in the source, as a file's text."""
    described = _docstrings(module)
    parts = {**schema["$defs"], whole.__name__: schema}
    for name, body in parts.items():
        for field, text in described.get(name, {}).items():
            if field in body.get("properties", {}):
                body["properties"][field]["description"] = text
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": title}
    return json.dumps({**head, **_untitled(schema)}, indent=2, ensure_ascii=False) + "\n"


def _docstrings(module: ModuleType) -> dict[str, dict[str, str]]:
    """Return class -> field -> the text that stands under the field in the source."""
    found: dict[str, dict[str, str]] = {}
    for node in ast.parse(inspect.getsource(module)).body:
        if not isinstance(node, ast.ClassDef):
            continue
        fields = found.setdefault(node.name, {})
        for field, text in zip(node.body, node.body[1:], strict=False):
            if (
                isinstance(field, ast.AnnAssign)
                and isinstance(field.target, ast.Name)
                and isinstance(text, ast.Expr)
                and isinstance(text.value, ast.Constant)
            ):
                fields[field.target.id] = " ".join(str(text.value.value).split())
    return found


def _untitled(schema: Any) -> Any:
    """Drop the titles that pydantic invents; a key of a table may be called `title`, too."""
    if isinstance(schema, list):
        return [_untitled(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    # Without this a key that no pattern fits would be right.
    closed = {"additionalProperties": False} if "patternProperties" in schema else {}
    return closed | {
        key: _untitled(value)
        for key, value in schema.items()
        if not (key == "title" and isinstance(value, str))
    }


def detection_page() -> str:
    """Return the page of every indicator, with an example and a counter-example each."""
    catalog = load_catalog(packages=False)
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
        "docs/admins/settings.md": settings_page(),
        "docs/admins/services.md": services_page(),
        "docs/teachers/what-is-detected.md": detection_page(),
        "coursia_genai_lab/catalog/service.schema.json": service_schema(),
        "coursia_genai_lab/lab/policy.schema.json": policy_schema(),
    }
    for name, text in pages.items():
        path = ROOT / name
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
