"""Write the JSON Schema of every wire shape, and the TypeScript types made from it.

    python scripts/generate_wire.py           write wire/schema.json and src/_wire.ts
    python scripts/generate_wire.py --check   exit 1 when one of them is stale

Needs the front end's packages (`jlpm install`) for json-schema-to-typescript and prettier.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from coursia_genai_lab import wire
from coursia_genai_lab.wire.shape import Shape

ROOT = Path(__file__).resolve().parent.parent
SCHEMA = ROOT / "coursia_genai_lab" / "wire" / "schema.json"
TYPES = ROOT / "src" / "_wire.ts"
JSON2TS = ROOT / "node_modules" / "json-schema-to-typescript" / "dist" / "src" / "cli.js"
PRETTIER = ROOT / "node_modules" / "prettier" / "bin" / "prettier.cjs"
# What a caller sends: a field with a default may be left out. In answers every field is there.
REQUESTS = {"EnableKernel", "FetchRequest", "GenerationRequest", "ModeChange"}
BANNER = "// Generated from coursia_genai_lab/wire by scripts/generate_wire.py; do not edit.\n"


def build_schema() -> dict[str, Any]:
    """Return one schema whose `$defs` hold every exported shape and every named choice."""
    # Before the first shape is loaded, for a class reads its docstrings when it is made.
    Shape.model_config["use_attribute_docstrings"] = True
    models: list[tuple[type[BaseModel], JsonSchemaMode]] = []
    choices: dict[tuple[str, ...], str] = {}
    for name in wire.__all__:
        exported = getattr(wire, name)
        if get_origin(exported) is Literal:
            choices[get_args(exported)] = name
        elif isinstance(exported, type) and issubclass(exported, BaseModel):
            models.append((exported, "validation" if name in REQUESTS else "serialization"))
    _, schema = models_json_schema(models, ref_template="#/$defs/{model}")
    definitions = {name: tidy(body, choices) for name, body in schema["$defs"].items()}
    for name, body in definitions.items():
        if "properties" in body and name not in REQUESTS:
            body["required"] = list(body["properties"])
    definitions |= {
        name: {"type": "string", "enum": list(values)} for values, name in choices.items()
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Wire",
        "description": "Every shape that crosses a boundary, by name.",
        "type": "object",
        "additionalProperties": False,
        "required": sorted(definitions),
        "properties": {name: {"$ref": f"#/$defs/{name}"} for name in sorted(definitions)},
        "$defs": dict(sorted(definitions.items())),
    }


def tidy(schema: Any, choices: dict[tuple[str, ...], str]) -> Any:
    """Drop the titles that pydantic invents, and name the choices that have a name."""
    if isinstance(schema, list):
        return [tidy(item, choices) for item in schema]
    if not isinstance(schema, dict):
        return schema
    named = choices.get(tuple(schema["enum"])) if isinstance(schema.get("enum"), list) else None
    if named:
        described = {"description": schema["description"]} if "description" in schema else {}
        return {"$ref": f"#/$defs/{named}", **described}
    return {
        key: (
            {name: tidy(body, choices) for name, body in value.items()}
            if key == "properties"
            else tidy(value, choices)
        )
        for key, value in schema.items()
        if not (key == "title" and isinstance(value, str))
    }


def build_types(schema_text: str) -> str:
    """Return the TypeScript source for a schema, formatted as the rest of `src/` is."""
    missing = [str(tool.relative_to(ROOT)) for tool in (JSON2TS, PRETTIER) if not tool.exists()]
    if missing:
        sys.exit(f"Missing {', '.join(missing)}: run `jlpm install` first.")
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as source:
        source.write(schema_text)
        source.flush()
        raw = run(["node", str(JSON2TS), "--input", source.name, "--no-format", "--bannerComment="])
    return run(["node", str(PRETTIER), "--stdin-filepath", str(TYPES)], stdin=BANNER + raw)


def run(command: list[str], stdin: str = "") -> str:
    """Return what a command prints; its failure is ours."""
    done = subprocess.run(
        command, input=stdin, capture_output=True, text=True, encoding="utf-8", cwd=ROOT, timeout=60
    )
    if done.returncode:
        sys.exit(f"{Path(command[1]).name} failed:\n{done.stderr}")
    return done.stdout


def main() -> int:
    """Write both files, or compare them; return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; fail when stale")
    check = parser.parse_args().check
    schema_text = json.dumps(build_schema(), indent=2, ensure_ascii=False) + "\n"
    stale = []
    for path, text in ((SCHEMA, schema_text), (TYPES, build_types(schema_text))):
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(str(path.relative_to(ROOT)))
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    if stale:
        print(("Stale: " if check else "Wrote: ") + ", ".join(stale))
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
