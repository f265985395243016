"""What the server says with values in it, as templates read from its sources."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from coursia_genai_lab import errors
from coursia_genai_lab.lab.fallback import SENTENCES, cause

PACKAGE = Path(errors.__file__).parent

ELSEWHERE = {
    "build_contexts": "runs in containers; its words end up in logs, which stay English",
    "catalog/compose.py": "writes files and command lines",
    "catalog/fields.py": "completes what pydantic says of a service file, which is English",
    "catalog/mistakes.py": "completes what pydantic says of a service file, which is English",
    "catalog/read.py": "completes what pydantic says of a service file, which is English",
    "catalog/spec.py": "completes what pydantic says of a service file, which is English",
    "cli": "is read on the command line",
    "client": "is read in kernels",
    "detection/apart.py": "is a program text",
    "detection/magics.py": "is a program text",
    "engines/a1111.py": "is told to the code in a kernel that asked for a picture",
    "engines/a1111_order.py": "is told to the code in a kernel that asked for a picture",
    "engines/calls.py": "is told to the code in a kernel that asked for a picture",
    "engines/comfyui_errors.py": "is told to the code in a kernel that asked for a picture",
    "engines/comfyui_fitness.py": "is told to the code in a kernel that asked for a picture",
    "engines/comfyui_job.py": "is told to the code in a kernel that asked for a picture",
    "engines/comfyui_pictures.py": "is told to the code in a kernel that asked for a picture",
    "engines/event_stream.py": "is told to the code in a kernel that asked for a picture",
    "engines/exported.py": "is read on the command line, where workflows are registered",
    "engines/found_parameters.py": "is read on the command line, where workflows are registered",
    "engines/found_pictures.py": "is read on the command line, where workflows are registered",
    "engines/limits.py": "is told to the code in a kernel that asked for a picture",
    "engines/openai_cloud_call.py": "is told to the code in a kernel that asked for a picture",
    "engines/openai_images.py": "is told to the code in a kernel that asked for a picture",
    "engines/openai_images_answer.py": "is told to the code in a kernel that asked",
    "engines/openai_images_call.py": "is told to the code in a kernel that asked for a picture",
    "engines/openrouter_chat.py": "is told to the code in a kernel that asked for a picture",
    "engines/openrouter_models.py": "is told to the code in a kernel that asked for a picture",
    "engines/openrouter_plan.py": "is told to the code in a kernel that asked for a picture",
    "engines/picture_check.py": "is told to the code in a kernel that asked for a picture",
    "engines/registered.py": "is read on the command line, where workflows are registered",
    "engines/registering.py": "is read on the command line, where workflows are registered",
    "engines/registration_file.py": "is read on the command line, where workflows are registered",
    "engines/workflow_pictures.py": "is told to the code in a kernel that asked for a picture",
    "engines/workflow_plan.py": "is told to the code in a kernel that asked for a picture",
    "handlers/openai.py": "is told to the code in a kernel that asked for a picture",
    "handlers/thumbnails.py": "writes headers",
    "handlers/usage.py": "is written into the audit log",
    "lab/ledger/kept_charge.py": "is a repr",
    "lab/ownership.py": "ends the start of the server, before there is a page",
    "lab/usage_rows.py": "is written into exported tables",
    "launch/job_tokens.py": "is read on the command line",
    "launch/launcher.py": "is a program text",
    "provenance": "is written into pictures",
    "runtimes/docker_threads.py": "is a defect of ours, which the log tells",
    "runtimes/fake.py": "is of a stand-in for tests",
    "runtimes/fake_builder.py": "is of a stand-in for tests",
    "secret_files": "is read on the command line",
    "servers": "is said by engines, in their own words",
    "weights/bring.py": "is read on the command line",
    "weights/stock.py": "is read on the command line",
    "widgets": "is read in notebooks, and has a catalogue of its own",
    "wire": "is told to programs",
}
"""Modules whose words no page shows, with the reason."""

DOORS = {"gateway/doors.py", "gateway/holding.py"}
"""Of the gateway, whose other words are told to the code in a kernel, these reach the page."""

UNSEEN_CALLS = {
    "AttributeError",
    "LookupError",
    "OSError",
    "PermissionError",
    "RuntimeError",
    "TypeError",
    "ValueError",
    "_log",
    "_note",
    "log",
    "note",
    "set_header",
}
"""Calls whose text goes to a log, a protocol or a programmer."""

UNSEEN_FIELDS = {"command", "source"}


def _names(kind: type[errors.GenAIError]) -> Iterator[str]:
    yield kind.__name__
    for child in kind.__subclasses__():
        if child.__module__ == errors.__name__:
            yield from _names(child)


OF_PROGRAMS = {"TokenMissing", "TokenRefused", "ModelUnknown", "GenerationTimedOut"}
"""Errors that only code in a kernel meets; it gets them in English."""

TELLING = {"Problem", *_names(errors.GenAIError)} - OF_PROGRAMS
"""Calls whose first two arguments are a message and a remedy."""

COMMAND = re.compile(r"(?:coursia-genai|docker|python|private|attachment|Content-) ?\S*")
LONG_ENOUGH = re.compile(r"[A-Za-z']{2,}.*[A-Za-z']{2,}|[a-z]{3}")


def shown(path: Path) -> bool:
    place = path.relative_to(PACKAGE).as_posix()
    if place.startswith("gateway/"):
        return place in DOORS
    return not any(place == one or place.startswith(one + "/") for one in ELSEWHERE)


@cache
def templates() -> dict[str, str]:
    """Return each template, `Port %1 is taken.`, and a place where it is said."""
    found = {cause(code, "%1").problem.message: f"lab/fallback.py, {code}" for code in SENTENCES}
    for path in sorted(PACKAGE.rglob("*.py")):
        if not shown(path):
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        texts = _constants(tree)
        for node in _said(tree):
            template = _template(node, texts)
            if template is not None:
                found.setdefault(template, f"{path.relative_to(PACKAGE)}:{node.lineno}")
    return found


@cache
def plain_sentences() -> dict[str, str]:
    """Return each message and remedy without values, and a place where it is said."""
    found: dict[str, str] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        if not shown(path):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and _name(node.func) in TELLING:
                fields = [one.value for one in node.keywords if one.arg in ("message", "remedy")]
                for text in (one for value in [*node.args[:2], *fields] for one in _texts(value)):
                    if " " in text.strip():
                        found.setdefault(text, f"{path.relative_to(PACKAGE)}:{node.lineno}")
    return found


def _texts(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _texts(node.body)
        yield from _texts(node.orelse)


def _constants(tree: ast.Module) -> dict[str, str]:
    return {
        target.id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def _said(node: ast.AST) -> Iterator[ast.expr]:
    """Yield the texts with values that a person may read, and those in their values."""
    if isinstance(node, ast.Call) and _name(node.func) in UNSEEN_CALLS:
        return
    if isinstance(node, ast.keyword) and node.arg in UNSEEN_FIELDS:
        return
    if isinstance(node, ast.expr) and _has_text(node):
        yield node
        for value in _inside(node):
            yield from _said(value)
    else:
        for child in ast.iter_child_nodes(node):
            yield from _said(child)


def _inside(node: ast.expr) -> Iterator[ast.expr]:
    """Yield the values of a text, or of a sum of texts."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        yield from _inside(node.left)
        yield from _inside(node.right)
    elif isinstance(node, ast.JoinedStr):
        yield from (one.value for one in node.values if isinstance(one, ast.FormattedValue))
    else:
        yield node


def _has_text(node: ast.expr) -> bool:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _has_text(node.left) or _has_text(node.right)
    return isinstance(node, ast.JoinedStr)


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _parts(node: ast.expr, texts: dict[str, str]) -> Iterator[str | None]:
    """Yield literal parts, and None for each value."""
    if isinstance(node, ast.Constant):
        yield str(node.value)
    elif isinstance(node, ast.Name) and node.id in texts:
        yield texts[node.id]
    elif isinstance(node, ast.JoinedStr):
        for one in node.values:
            yield from _parts(one.value if isinstance(one, ast.FormattedValue) else one, texts)
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        yield from _parts(node.left, texts)
        yield from _parts(node.right, texts)
    else:
        yield None


def _template(node: ast.expr, texts: dict[str, str]) -> str | None:
    """Return its words with %1, %2, … for values; None where it has no words."""
    words, places, after_value = "", 0, False
    for part in _parts(node, texts):
        if part is None:
            if not after_value:
                places += 1
                words += f"%{places}"
            after_value = True
        elif part:
            words += part
            after_value = False
    literal = re.sub(r"%\d", "", words).strip()
    if not places or not LONG_ENOUGH.search(literal) or " " not in literal:
        return None
    return None if COMMAND.match(words) or "\n" in words else words.strip()
