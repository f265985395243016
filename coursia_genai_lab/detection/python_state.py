"""What has been learned so far while a notebook's Python is followed."""

from __future__ import annotations

import ast
from dataclasses import dataclass, replace

from .dotenv import Surroundings
from .indicators import Indicators
from .signs import Sign, Way, WayKind, excerpt_of, judge_address
from .values import (
    HOLE,
    UNKNOWN,
    Constant,
    Function,
    Klass,
    Scope,
    Text,
    Value,
    as_text,
    choice,
    texts,
)

MOST_STEPS = 60_000
MOST_SIGNS = 400


class Exhausted(Exception):
    """The notebook asks for more following than it is worth."""


@dataclass(frozen=True)
class Place:
    """The cell, and the part of it, that code stands in."""

    index: int
    lines: tuple[str, ...]
    first_line: int = 0


class State:
    """Names, signs and limits of one notebook."""

    def __init__(self, indicators: Indicators, surroundings: Surroundings | None = None) -> None:
        self.indicators = indicators
        self.surroundings = surroundings or Surroundings()
        self.scope = Scope()
        self.module = self.scope
        self.place = Place(0, ())
        self.signs: dict[tuple[object, ...], Sign] = {}
        self.functions: list[Function] = []
        self.loaded: set[str] = set()
        self.stars: list[str] = []
        self.set_variables: dict[str, Value] = {}
        self.studies: dict[int, list[int]] = {}
        self.starts_own_server = False
        self.rebound: set[str] = set()
        """Names that are assigned in more than one place: what they hold is no constant."""
        self.owners: list[Value] = []
        """The objects whose methods are being followed."""
        self.unsure = 0
        """Above 0 in code that may not run: what it assigns is one more possibility."""
        self.returned: list[list[Value]] = []
        self.running: list[int] = []
        self.depth = 0
        self.ways: list[Way] = []
        """Conditions on the code being followed, across calls."""
        self.aside: list[int] = []
        """Depths of call at which code was entered that a switch turns off: what it assigns,
        names or studies counts for nothing."""
        self.parameters: set[str] = set()
        """Names that a `parameters` cell sets."""
        self.callers: list[int] = []
        """Cells of the calls being followed."""
        self.touches: dict[int, set[tuple[str, ...]]] = {}
        """Cell -> services that it sends work to, itself or through a function, or whose answers
        it handles."""
        self.trail: list[tuple[str, ...]] = []
        """Services in the order in which code touched them."""
        self.sent_by: dict[int, set[tuple[str, ...]]] = {}
        """Function -> services that calling it sends work to."""
        self.outputs: dict[str, set[tuple[str, ...]]] = {}
        """Name -> services whose answers it holds."""
        self._steps = 0

    def run(self, function: Function, positional: list[Value], named: dict[str, Value]) -> Value:
        """Follow a call into a function of the notebook; the walk over statements does it."""
        raise NotImplementedError

    def make(self, klass: Klass, positional: list[Value], named: dict[str, Value]) -> Value:
        """Return an object of a class of the notebook."""
        raise NotImplementedError

    def value(self, node: ast.expr | None) -> Value:
        """Return what an expression stands for; the walk over expressions does it."""
        raise NotImplementedError

    def assign(self, target: ast.expr, known: Value) -> None:
        """Give a target its value; the walk over statements does it."""
        raise NotImplementedError

    def spend(self) -> None:
        """Count a step.

        Raises:
            Exhausted: there were too many.
        """
        self._steps += 1
        if self._steps > MOST_STEPS:
            raise Exhausted

    def variable(self, name: Value, default: Value | None, node: ast.AST) -> Value:
        """Return what reading an environment variable gives, and note whose it is."""
        known = [text.text for text in texts(name) if HOLE not in text.text]
        found: list[Value] = []
        for word in known:
            self.note_variable(word, node)
            if word in self.set_variables:
                found.append(self.set_variables[word])
                continue
            base = as_text(default) if default is not None else Text(HOLE)
            if isinstance(default, Constant):
                base = Text(HOLE)
            switch = self.surroundings.switch(word)
            if switch is not None:
                base = Text(str(switch).lower())
            found.append(Text(base.text, base.variables | {word}))
        return choice(found) if found else (default or UNKNOWN)

    def sign(
        self,
        services: tuple[str, ...],
        rule: str,
        node: ast.AST,
        *,
        work: bool,
        address: Value | None = None,
        needs_support: bool = False,
        graph: bool = False,
        edits: bool = False,
    ) -> None:
        """Note what the line of a node shows."""
        if not services:
            return
        if work:
            self.touch(services)
        line = self.place.first_line + getattr(node, "lineno", 0)
        key = (services, rule, self.place.index, line, work)
        first = next(iter(texts(address)), None)
        ways = frozenset(self.ways)
        old = self.signs.get(key)
        if old is not None:
            if not old.ways <= ways:
                self.signs[key] = replace(old, ways=old.ways & ways)
            return
        if len(self.signs) >= MOST_SIGNS:
            return
        self.signs[key] = Sign(
            services=services,
            rule=rule,
            cell=self.place.index,
            line=line,
            excerpt=excerpt_of(self.line(line)),
            work=work,
            address=judge_address(first),
            address_text=first.text.replace(HOLE, "…") if first else "",
            needs_support=needs_support,
            graph=graph,
            edits=edits,
            variables=first.variables if first else frozenset(),
            ways=ways,
        )

    def touch(self, services: tuple[str, ...]) -> None:
        """Note that the code being followed, and all that called it, uses services."""
        self.trail.append(services)
        for cell in {self.place.index, *self.callers}:
            self.touches.setdefault(cell, set()).add(services)
        for function in self.running:
            self.sent_by.setdefault(function, set()).add(services)

    def keep_outputs(self, target: ast.expr, before: int) -> None:
        """Note that a name holds the answer of what was touched since a point of the trail."""
        if self.depth or self.aside:
            return
        touched = self.trail[before:]
        for part in target.elts if isinstance(target, (ast.Tuple, ast.List)) else (target,):
            whole = isinstance(part, ast.Name)
            while isinstance(part, (ast.Attribute, ast.Subscript, ast.Starred)):
                part = part.value
            if isinstance(part, ast.Name) and touched:
                self.outputs.setdefault(part.id, set()).update(touched)
            elif isinstance(part, ast.Name) and whole and not self.unsure:
                # It now holds something else.
                self.outputs.pop(part.id, None)

    def way(self, kind: WayKind, node: ast.AST, branch: int) -> Way:
        """Return the condition that a statement of the present cell makes."""
        line = self.place.first_line + getattr(node, "lineno", 0)
        return Way(kind, id(node), branch, self.place.index, line, excerpt_of(self.line(line)))

    def line(self, number: int) -> str:
        """Return a line of the present cell, counted from 1."""
        index = number - self.place.first_line - 1
        return self.place.lines[index] if 0 <= index < len(self.place.lines) else ""

    def note_node(self, kind: str, node: ast.AST) -> None:
        """Note a node of a ComfyUI graph."""
        services = self.indicators.nodes.get(kind) or self._graph_services()
        self.sign(services, f"node:{kind[:40]}", node, work=False, graph=True)

    def note_word(self, word: str, node: ast.AST) -> None:
        """Note a model, file or host name that speaks for one service."""
        for service in sorted(self.indicators.particular(word)):
            self.sign((service,), "word", node, work=False)

    def note_variable(self, name: str, node: ast.AST) -> None:
        """Note that a service's variable is read."""
        services = self.indicators.variables.get(name)
        if services:
            self.sign(services, f"variable:{name}", node, work=False)

    def is_cloud(self, services: tuple[str, ...]) -> bool:
        return all(self.indicators.specs[name].kind == "cloud" for name in services)

    def cloud_default(self, call: str) -> str | None:
        """Return the cloud service that lists a call."""
        found = self.indicators.call(f"?.{call}")
        return found.services[0] if found else None

    def _graph_services(self) -> tuple[str, ...]:
        return tuple(sorted({name for names in self.indicators.nodes.values() for name in names}))
