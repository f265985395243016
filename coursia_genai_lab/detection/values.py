"""What a name can stand for while a notebook is read without being run.

Only what leads to an address, a model or a call is followed; everything else is UNKNOWN.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

HOLE = "\x00"
"""Stands in a text for a part that is not known."""

LONGEST_TEXT = 2_000
MOST_CHOICES = 4
DEEPEST_NAME = 200


@dataclass(frozen=True)
class Text:
    """A string; `variables` are the environment variables that can change it."""

    text: str
    variables: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Constant:
    """A literal that is no string: a number, a truth value, None."""

    value: Any


@dataclass(frozen=True)
class Named:
    """Something imported, or made from it: `openai.OpenAI().images.generate`.

    A name that starts with `?` came from nowhere that we know. `address` is the base URL that
    an object was made with, `key` the credential, `body` what a prepared request carries.
    """

    name: str
    address: Value | None = None
    key: Value | None = None
    sends: bool = False


@dataclass(eq=False)
class Table:
    """A dictionary with text keys."""

    entries: dict[str, Value] = field(default_factory=dict)


@dataclass(eq=False)
class Row:
    """A list, tuple or set."""

    items: list[Value] = field(default_factory=list)


@dataclass(eq=False)
class Scope:
    """Names of a module, function or class body."""

    names: dict[str, Value] = field(default_factory=dict)
    outer: Scope | None = None
    shared: set[str] = field(default_factory=set)
    """Names that a `global` statement gives to the module."""

    def find(self, name: str) -> Value | None:
        """Return what the name stands for here or further out, else None."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.names:
                return scope.names[name]
            scope = scope.outer
        return None


FunctionNode: TypeAlias = "ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda"


@dataclass(eq=False)
class Function:
    """A function or method of the notebook; `place` says in which cell it stands."""

    node: FunctionNode
    scope: Scope
    place: Any
    owner: Instance | Klass | None = None
    runs: list[int] = field(default_factory=lambda: [0])
    """How often it was run, shared by all bound copies."""

    @property
    def name(self) -> str:
        return "<lambda>" if isinstance(self.node, ast.Lambda) else self.node.name

    def decorators(self) -> set[str]:
        """Return the last words of its decorators."""
        if isinstance(self.node, ast.Lambda):
            return set()
        return {_last_word(item) for item in self.node.decorator_list}

    def bound(self, owner: Instance | Klass) -> Function:
        return Function(self.node, self.scope, self.place, owner, self.runs)


@dataclass(eq=False)
class Klass:
    """A class of the notebook."""

    name: str
    scope: Scope
    bases: list[Value] = field(default_factory=list)
    made: bool = False
    example: Instance | None = None
    """The object of it that was made first."""

    def find(self, name: str, depth: int = 0) -> Value | None:
        """Return a class attribute, looking into the bases."""
        if name in self.scope.names:
            return self.scope.names[name]
        if depth < 8:
            for base in self.bases:
                if isinstance(base, Klass) and base is not self:
                    found = base.find(name, depth + 1)
                    if found is not None:
                        return found
        return None


@dataclass(eq=False)
class Instance:
    """An object of a class of the notebook."""

    klass: Klass
    attributes: dict[str, Value] = field(default_factory=dict)


@dataclass(eq=False)
class Method:
    """A method of a text, table or row."""

    owner: Text | Table | Row
    word: str


@dataclass(frozen=True)
class Choice:
    """One of several; the first is what happens when nobody changes a setting."""

    options: tuple[Value, ...]


Value: TypeAlias = (
    "Text | Constant | Named | Table | Row | Function | Klass | Instance | Method | Choice"
)

UNKNOWN = Named("?")
DEFAULT_TRUE = Named("?default-true")
"""A condition that holds unless a setting or an argument says otherwise."""
DEFAULT_FALSE = Named("?default-false")
SOMETIMES = Named("?sometimes")
"""A condition that holds for some of several values that all come by."""


def options(value: Value | None) -> tuple[Value, ...]:
    """Return what the value may be, the likeliest first."""
    if value is None:
        return ()
    return value.options if isinstance(value, Choice) else (value,)


def choice(values: Iterable[Value]) -> Value:
    """Return one value that may be any of these; UNKNOWN yields to what is known."""
    found: list[Value] = []
    for value in values:
        for option in options(value):
            if option is not UNKNOWN and not any(option is old or option == old for old in found):
                found.append(option)
    if not found:
        return UNKNOWN
    return found[0] if len(found) == 1 else Choice(tuple(found[:MOST_CHOICES]))


def spread(value: Value, change: Callable[[Value], Value]) -> Value:
    """Apply a change to each option."""
    if isinstance(value, Choice):
        return choice([change(option) for option in value.options])
    return change(value)


def texts(value: Value | None) -> list[Text]:
    """Return the texts that the value may be."""
    return [option for option in options(value) if isinstance(option, Text)]


def as_text(value: Value | None) -> Text:
    """Return the value as it would look inside a string."""
    first = options(value)[:1]
    if first and isinstance(first[0], Text):
        return first[0]
    if first and isinstance(first[0], Constant):
        return Text(str(first[0].value))
    return Text(HOLE)


def as_texts(value: Value | None) -> list[Text]:
    """Return every form the value may take inside a string, at least one."""
    return [as_text(option) for option in options(value)] or [Text(HOLE)]


def join(parts: Iterable[Value | None], between: str = "") -> Value:
    """Return the texts put together, over the likeliest combinations."""
    made = [Text("")]
    first = True
    for part in parts:
        glue = "" if first else between
        first = False
        made = [
            Text((left.text + glue + right.text)[:LONGEST_TEXT], left.variables | right.variables)
            for left in made
            for right in as_texts(part)
        ][:MOST_CHOICES]
    return choice(made)


def truth(value: Value) -> bool | None:
    """Return whether a literal switch is on; None where it may be either."""
    known = {bool(o.value) if isinstance(o, Constant) else None for o in options(value)}
    return known.pop() if len(known) == 1 else None


def _last_word(node: ast.expr) -> str:
    if isinstance(node, ast.Call):
        node = node.func
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""
