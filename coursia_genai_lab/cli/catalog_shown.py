"""Services and verdicts on service files, as people read them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from ..catalog.spec import ModelSpec, ServiceSpec
from ..weights.inventory import find_files, missing_models, weights_problem
from ..wire.problems import Problem
from .shown import console, plain

GIB = 1024**3


def print_verdicts(verdicts: Iterable[Mapping[str, Any]], problems: Iterable[Problem]) -> None:
    """Print each file with its mistakes and notes, then what they get wrong together."""
    screen = console()
    count = wrong = 0
    for one in verdicts:
        count += 1
        wrong += not one["ok"]
        head = plain("ok     " if one["ok"] else "WRONG  ", "green" if one["ok"] else "bold red")
        screen.print(head.append_text(plain(one["file"])))
        for mistake in one["mistakes"]:
            place = f"line {mistake['line']}: " if mistake["line"] is not None else ""
            hint = f"; did you mean {mistake['suggestion']}?" if mistake["suggestion"] else ""
            screen.print(plain(f"         {place}{mistake['message']}{hint}"))
        for note in one["notes"]:
            screen.print(plain(f"         note: {note['field']}: {note['message']}", "yellow"))
    for problem in problems:
        screen.print(plain(f"{problem.message} {problem.remedy}", "yellow"))
    right = f"{count} right." if not wrong else f"{wrong} of {count} wrong."
    screen.print(plain(f"Service files: {right}", "bold"))


def print_table(specs: Sequence[ServiceSpec], problems: Iterable[Problem]) -> None:
    """Print one line for each service."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("service", "what it is", "door", "GPU", "models"):
        table.add_column(title, no_wrap=title != "what it is")
    for spec in specs:
        table.add_row(
            plain(spec.name),
            plain(spec.title),
            plain(str(spec.door_port or "")),
            plain(f"{spec.gpu.vram_mib / 1024:.0f} GiB" if spec.gpu else ""),
            plain(str(len(spec.models) or "")),
        )
    screen = console()
    screen.print(table)
    for problem in problems:
        screen.print(plain(f"{problem.message} {problem.remedy}", "yellow"))


def page_of(spec: ServiceSpec, source: str, roots: Sequence[str]) -> dict[str, Any]:
    """Return everything that is known of a service, and which of its model files are here."""
    missing = {model.id for model in missing_models(spec, roots)}
    problem = weights_problem(spec, roots)
    models = [
        {
            "id": model.id,
            "needed_to_start": model.id in missing,
            "files": [
                {"folder": found.spec.folder, "name": found.spec.name, "state": found.state}
                for found in find_files(model, roots)
            ],
        }
        for model in spec.models
    ]
    return {
        "source": source,
        "spec": spec.model_dump(mode="json"),
        "here": models,
        "problem": problem.model_dump(mode="json") if problem is not None else None,
    }


def print_page(spec: ServiceSpec, page: Mapping[str, Any]) -> None:
    """Print a service as a page."""
    screen = console()
    screen.print(plain(f"{spec.name}: {spec.title}", "bold"))
    if spec.summary:
        screen.print(plain(spec.summary))
    screen.print()
    for label, text in _facts(spec, page["source"]):
        line = plain(f"{label:<14}", "dim")
        screen.print(line.append_text(plain(text)))
    here = {one["id"]: one for one in page["here"]}
    for model in spec.models:
        _print_model(screen, model, here[model.id])
    if spec.troubleshooting.strip():
        screen.print()
        screen.print(plain("When something is wrong", "bold"))
        for text in spec.troubleshooting.strip().splitlines():
            screen.print(plain(f"- {text}"))
    if page["problem"] is not None:
        screen.print()
        screen.print(plain(page["problem"]["message"], "yellow"))
        screen.print(plain(page["problem"]["remedy"]))
        if page["problem"]["command"]:
            screen.print(plain(f"  {page['problem']['command']}", "bold"))


def _facts(spec: ServiceSpec, source: str) -> Iterable[tuple[str, str]]:
    box, gpu = spec.container, spec.gpu
    yield "file", source
    yield "kind", f"{spec.kind}, speaks {spec.dialect}"
    if spec.door_port is not None:
        yield "door", f"127.0.0.1:{spec.door_port}, another port where that one is taken"
    if spec.address:
        yield "address", spec.address
    if box is not None:
        yield "image", f"{box.image}, port {box.port} inside"
        yield "memory", f"{box.memory_mib / 1024:.0f} GiB"
        folders = [*box.models, *(f"{name} (if there)" for name in box.optional_models)]
        if folders:
            yield "model folders", ", ".join(folders)
    if spec.build is not None:
        yield "built from", spec.build.context
    if spec.process is not None:
        yield "process", " ".join(spec.process.command)
    if gpu is not None:
        which = f"GPU {', '.join(gpu.ids)}" if gpu.ids else f"{gpu.count} of the Lab's choice"
        alone = ", alone on it" if gpu.exclusive else ""
        yield "GPU", f"{which}, {gpu.vram_mib / 1024:.0f} GiB{alone}"
    names = [name for group in spec.exports for name in group.variables]
    if names:
        yield "variables", ", ".join(names)
    if spec.install:
        yield "to have it", spec.install
    if spec.install_command:
        yield "", spec.install_command


def _print_model(screen: Console, model: ModelSpec, here: Mapping[str, Any]) -> None:
    size = f", {model.size_mib / 1024:.1f} GiB" if model.size_mib else ""
    optional = ", optional" if model.optional else ""
    screen.print()
    screen.print(plain(f"model {model.id}: {model.title}{size}{optional}", "bold"))
    if model.licence:
        accept = "; to be accepted before it is fetched" if model.accept else ""
        url = f" {model.licence_url}" if model.licence_url else ""
        screen.print(plain(f"  licence: {model.licence}{url}{accept}"))
    if model.gated:
        screen.print(plain("  its hub gives it to accounts only: it needs a token"))
    for file, found in zip(model.files, here["files"], strict=True):
        length = f", {file.size_bytes / GIB:.1f} GiB" if file.size_bytes else ""
        source = file.repository or file.url or "an administrator brings it"
        state = plain(
            f"  {found['state']:<9}", "green" if found["state"] == "present" else "yellow"
        )
        screen.print(state.append_text(plain(f"{file.folder}/{file.name}{length}, {source}")))
