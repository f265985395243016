"""`coursia-genai policy`: check the policy of a class, show what holds, print one to begin with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from ..catalog.load import load_catalog
from ..catalog.mistakes import Mistake
from ..catalog.read import BadSpec
from ..errors import NotFound
from ..lab.patterns import matches
from ..lab.policy import ALLOWED_BELOW, CAREFUL
from ..lab.policy_document import PolicyDocument, read_document
from ..lab.policy_file import PolicyFile
from ..lab.policy_problems import Unread
from ..wire.policy import PolicyView, Quota
from .find import as_json as json_option
from .find import need_lab, where
from .settings import operator_settings
from .shown import console, plain, print_json, told

EXAMPLE = Path(__file__).parents[1] / "lab" / "policy_example.toml"
SCHEMA = EXAMPLE.with_name("policy.schema.json")
_MOST_BYTES = 1024 * 1024


@click.group()
def policy() -> None:
    """The policy of a class: what it may use, and how much."""


@policy.command(short_help="Check the policy in FILE.")
@click.argument("file", type=click.Path(path_type=Path))
@json_option
def check(file: Path, as_json: bool) -> None:
    """Check the policy of a class in FILE, TOML or JSON.

    Each mistake is told with its line and field; notes are no mistakes. The exit status is 0 when
    it is right, 1 when something is wrong.
    """
    with told(as_json):
        try:
            with file.open("rb") as opened:
                data = opened.read(_MOST_BYTES)
        except OSError as error:
            raise NotFound(
                f"{file} cannot be read: {error.strerror}.",
                "Name the file of a policy; `coursia-genai policy example` prints one.",
            ) from None
    mistakes: tuple[Mistake, ...] = ()
    notes: list[str] = []
    try:
        document = read_document(file.name, data)
        notes = [*_notes_on_names(document), *_notes_on_settings(document), *_notes_on_place(file)]
    except BadSpec as bad:
        mistakes = bad.mistakes
    if as_json:
        shown = [mistake.to_dict() for mistake in mistakes]
        print_json({"ok": not mistakes, "mistakes": shown, "notes": notes})
    else:
        _print_verdict(file, mistakes, notes)
    raise SystemExit(1 if mistakes else 0)


@policy.command()
@where
@json_option
def show(url: str, token: str, as_json: bool) -> None:
    """Show what holds for you on the Lab that runs."""
    with told(as_json), need_lab(url, token).client() as lab:
        view = lab.policy()
    if as_json:
        print_json(view.model_dump(mode="json"))
    else:
        _print_view(view)


@policy.command()
def example() -> None:
    """Print a policy that uses every key, to begin with."""
    click.echo(EXAMPLE.read_text(encoding="utf-8"), nl=False)


@policy.command()
def schema() -> None:
    """Print the JSON Schema of a policy, for editors."""
    click.echo(SCHEMA.read_text(encoding="utf-8"), nl=False)


def _notes_on_names(document: PolicyDocument) -> Iterator[str]:
    """Tell of names that nothing here bears: a misspelt limit would bind nobody."""
    catalog = load_catalog(operator_settings().services_path or None)
    models = {model.id for spec in catalog.values() for model in spec.models}
    for name in document.providers:
        if name not in catalog or catalog[name].kind != "cloud":
            yield f"providers.{name}: no cloud of this Lab is called so"
    for role, patterns in document.models.items():
        for pattern in patterns:
            # Clouds have more models than any catalogue knows.
            elsewhere = pattern.startswith(("openrouter/", "gpt-"))
            if not elsewhere and not any(matches(model, [pattern]) for model in models):
                yield f"models.{role}: no model of this Lab is called {pattern}"
    known = set(document.groups)
    for name in document.teachers:
        if name.startswith("@") and name[1:] not in known:
            yield f"teachers: {name} is no group of this policy; only a hub can have it"


def _notes_on_settings(document: PolicyDocument) -> Iterator[str]:
    """Tell of words that the operator does not allow."""
    settings = operator_settings()
    if document.mode is not None and document.mode not in ALLOWED_BELOW[settings.mode]:
        yield f"mode: GenAILab.mode is {settings.mode} here, which does not allow {document.mode}"
    if CAREFUL.index(document.fallback or "never") > CAREFUL.index(settings.fallback):
        yield f"fallback: GenAILab.fallback is {settings.fallback} here, which is more careful"
    if document.text is not None and document.text.models and not settings.text_models:
        yield "text.models: GenAILab.text_models allows none here"


def _notes_on_place(file: Path) -> Iterator[str]:
    try:
        PolicyFile(file.absolute()).look(at_once=True)
    except Unread as error:
        yield f"A Lab of yours would not read it here: {error.problem.message}"


def _print_verdict(file: Path, mistakes: tuple[Mistake, ...], notes: list[str]) -> None:
    screen = console()
    for mistake in mistakes:
        screen.print(plain(str(mistake)))
    for note in notes:
        screen.print(plain(f"note: {note}", "yellow"))
    if mistakes:
        screen.print(plain(f"{file} is wrong: {len(mistakes)} to correct.", "bold red"))
    else:
        screen.print(plain(f"{file} is right.", "bold green"))


def _print_view(view: PolicyView) -> None:
    screen = console()
    rows = [
        ("class", view.course or ("(no name)" if view.source else "none")),
        ("read from", view.source),
        ("when a local service cannot answer", view.fallback),
        ("longest wait in line", _seconds(view.queue_seconds)),
        ("models", "all" if view.models is None else ", ".join(view.models) or "none"),
        ("text models", ", ".join(view.text.models) or "none"),
        ("groups", ", ".join(view.groups)),
    ]
    for label, value in rows:
        if value:
            screen.print(plain(f"{label}: {value}"))
    for quota in view.quotas:
        screen.print(plain(f"quota: {_quota(quota)}"))
    if view.problem is not None:
        screen.print(plain(f"{view.problem.message} {view.problem.remedy}", "yellow"))
    if not view.enforced:
        screen.print(plain("Nothing is enforced: kernels run as the user who runs the Lab."))


def _quota(quota: Quota) -> str:
    whose = f"{quota.scope} {quota.name}".strip() if quota.scope != "course" else "the course"
    limits = [
        f"{value:g} {unit}"
        for value, unit in (
            (quota.pictures, "pictures"),
            (quota.gpu_seconds, "GPU seconds"),
            (quota.cents, "US cents"),
        )
        if value is not None
    ]
    window = "in all" if quota.window == "course" else f"a {quota.window}"
    return f"{whose}: {', '.join(limits) or 'no limit'} {window}"


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{value:g} s"
