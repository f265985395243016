"""What an expression of a notebook stands for: names, texts, tables, calls."""

from __future__ import annotations

import ast
from typing import Any

from .python_calls import MOST_ITEMS, Calls
from .signs import WayKind
from .text_methods import filled, first_set
from .values import (
    DEFAULT_FALSE,
    DEFAULT_TRUE,
    HOLE,
    SOMETIMES,
    UNKNOWN,
    Constant,
    Function,
    Instance,
    Klass,
    Method,
    Named,
    Row,
    Scope,
    Table,
    Text,
    Value,
    as_text,
    choice,
    join,
    options,
    spread,
    texts,
    truth,
)

DEEPEST_NAME = 160


class Expressions(Calls):
    """Evaluate expressions; what cannot be known is UNKNOWN, never an error."""

    def value(self, node: ast.expr | None) -> Value:
        """Return what an expression stands for, noting the calls that it makes."""
        if node is None:
            return UNKNOWN
        self.spend()
        method = getattr(self, f"_{type(node).__name__.lower()}", None)
        if method is None:
            self.values(child for child in ast.iter_child_nodes(node))
            return UNKNOWN
        result: Value = method(node)
        return result

    def values(self, nodes: Any) -> list[Value]:
        return [self.value(node) for node in nodes if isinstance(node, ast.expr)]

    # Literals

    def _constant(self, node: ast.Constant) -> Value:
        if isinstance(node.value, str):
            if '"class_type"' in node.value:
                self.note_node("json", node)
            self.note_word(node.value, node)
            return Text(node.value)
        return Constant(node.value) if not isinstance(node.value, bytes) else UNKNOWN

    def _joinedstr(self, node: ast.JoinedStr) -> Value:
        return join(self.value(part) for part in node.values)

    def _formattedvalue(self, node: ast.FormattedValue) -> Value:
        return self.value(node.value)

    def _dict(self, node: ast.Dict) -> Value:
        table = Table()
        for key, item in zip(node.keys, node.values, strict=True):
            known = self.value(item)
            if key is None:
                for option in options(known):
                    if isinstance(option, Table):
                        table.entries.update(option.entries)
                continue
            name = self.value(key)
            if isinstance(name, (Text, Constant)) and len(table.entries) < MOST_ITEMS:
                table.entries[as_text(name).text] = known
        node_kind = table.entries.get("class_type")
        if isinstance(node_kind, Text):
            self.note_node(node_kind.text, node)
        return table

    def _row(self, node: ast.List | ast.Tuple | ast.Set) -> Value:
        return Row(self.values(node.elts[:MOST_ITEMS]))

    _list = _tuple = _set = _row

    # Names

    def _name(self, node: ast.Name) -> Value:
        if not self.aside:
            self.loaded.add(node.id)
        if self.outputs and not self.depth and node.id in self.outputs:
            for services in self.outputs[node.id]:
                self.touch(services)
        found = self.scope.find(node.id)
        if found is not None:
            return found
        for module in self.stars:
            if self.is_library(module):
                return Named(f"{module}.{node.id}")
        return Named(f"builtins.{node.id}") if node.id in _FOLLOWED_BUILTINS else UNKNOWN

    def _attribute(self, node: ast.Attribute) -> Value:
        if not self.aside:
            self.loaded.add(node.attr)
        return spread(self.value(node.value), lambda owner: self.attribute(owner, node.attr))

    def attribute(self, owner: Value, name: str) -> Value:
        """Return an attribute; on something imported, a longer name."""
        if isinstance(owner, Instance):
            found = owner.attributes.get(name)
            if found is None:
                found = self._bind(owner.klass.find(name), owner)
            return UNKNOWN if found is None else found
        if isinstance(owner, Klass):
            found = self._bind(owner.find(name), owner)
            return UNKNOWN if found is None else found
        if isinstance(owner, Named):
            if len(owner.name) > DEEPEST_NAME:
                return UNKNOWN
            return Named(f"{owner.name}.{name}", owner.address, owner.key, owner.sends)
        if isinstance(owner, (Text, Table, Row)):
            return Method(owner, name)
        return Named(f"?.{name}")

    def _bind(self, found: Value | None, owner: Instance | Klass) -> Value | None:
        if not isinstance(found, Function):
            return found
        kinds = found.decorators()
        if "staticmethod" in kinds:
            return found
        if "classmethod" in kinds:
            return found.bound(owner.klass if isinstance(owner, Instance) else owner)
        bound = found.bound(owner) if isinstance(owner, Instance) else found
        if kinds & {"property", "cached_property"} and isinstance(owner, Instance):
            return self.run(bound, [], {})
        return bound

    # Operators

    def _binop(self, node: ast.BinOp) -> Value:
        left, right = self.value(node.left), self.value(node.right)
        if isinstance(node.op, ast.Add) and _is_text(left, right):
            return join([left, right])
        if isinstance(node.op, ast.Mod) and isinstance(left, Text):
            return filled(left, right)
        if isinstance(node.op, ast.Div):
            return spread(left, lambda one: _below(one, right))
        return UNKNOWN

    def _boolop(self, node: ast.BoolOp) -> Value:
        found: list[Value] = []
        for number, item in enumerate(node.values):
            later = isinstance(node.op, ast.Or) and number > 0
            known = self._on_way(item, "fallback" if later else None, node, number)
            found.append(known)
            on = truth(known)
            if on is False and isinstance(node.op, ast.And):
                return Constant(False)
            if on is True and isinstance(node.op, ast.Or):
                break
        if isinstance(node.op, ast.And):
            if DEFAULT_FALSE in found:
                return DEFAULT_FALSE
            return Constant(True) if all(truth(one) is True for one in found) else UNKNOWN
        return DEFAULT_TRUE if DEFAULT_TRUE in found else first_set(found)

    def _unaryop(self, node: ast.UnaryOp) -> Value:
        known = self.value(node.operand)
        if not isinstance(node.op, ast.Not):
            return UNKNOWN
        if known in (DEFAULT_TRUE, DEFAULT_FALSE):
            return DEFAULT_FALSE if known == DEFAULT_TRUE else DEFAULT_TRUE
        on = truth(known)
        return Constant(not on) if on is not None else UNKNOWN

    def _compare(self, node: ast.Compare) -> Value:
        found = self.values([node.left, *node.comparators])
        if len(found) != 2 or not isinstance(node.ops[0], (ast.Eq, ast.NotEq, ast.In)):
            return UNKNOWN
        if isinstance(node.left, ast.Name) and node.left.id in self.rebound:
            return UNKNOWN
        same = _is_among(found[0], found[1], isinstance(node.ops[0], ast.In))
        if same is None or same == SOMETIMES:
            return same or UNKNOWN
        # Not decisive, but it tells which branch runs when nobody sets anything.
        return (
            DEFAULT_TRUE
            if (same == DEFAULT_TRUE) != (isinstance(node.ops[0], ast.NotEq))
            else DEFAULT_FALSE
        )

    def _ifexp(self, node: ast.IfExp) -> Value:
        test = self.value(node.test)
        on = truth(test)
        if on is not None:
            return self.value(node.body if on else node.orelse)
        kinds: list[WayKind | None] = ["branch", "branch"]
        if test in (DEFAULT_TRUE, DEFAULT_FALSE):
            kinds = [None, "setting"] if test == DEFAULT_TRUE else ["setting", None]
        found = [
            self._on_way(part, kind, node, branch)
            for branch, (part, kind) in enumerate(zip((node.body, node.orelse), kinds, strict=True))
        ]
        return choice(found[::-1] if test == DEFAULT_FALSE else found)

    def _on_way(self, part: ast.expr, kind: WayKind | None, node: ast.expr, branch: int) -> Value:
        if kind is None:
            return self.value(part)
        self.ways.append(self.way(kind, node, branch))
        try:
            return self.value(part)
        finally:
            self.ways.pop()

    def _namedexpr(self, node: ast.NamedExpr) -> Value:
        known = self.value(node.value)
        self.scope.names[node.target.id] = known
        return known

    def _await(self, node: ast.Await) -> Value:
        return self.value(node.value)

    def _starred(self, node: ast.Starred) -> Value:
        return self.value(node.value)

    # What makes functions and loops inside an expression

    def _lambda(self, node: ast.Lambda) -> Value:
        made = Function(node, self.scope, self.place)
        self.functions.append(made)
        return made

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp) -> Value:
        outer = self.scope
        self.scope = Scope(outer=outer)
        try:
            self._generators(node.generators)
            return Row([self.value(node.elt)])
        finally:
            self.scope = outer

    _listcomp = _setcomp = _generatorexp = _comprehension

    def _dictcomp(self, node: ast.DictComp) -> Value:
        outer = self.scope
        self.scope = Scope(outer=outer)
        try:
            self._generators(node.generators)
            self.values([node.key, node.value])
            return Table()
        finally:
            self.scope = outer

    def _generators(self, generators: list[ast.comprehension]) -> None:
        for generator in generators:
            self.assign(generator.target, self.element(self.value(generator.iter)))
            self.values(generator.ifs)

    def element(self, value: Value) -> Value:
        """Return what a loop over the value meets."""
        found: list[Value] = []
        for option in options(value):
            if isinstance(option, Row):
                found.extend(option.items)
            elif isinstance(option, Table):
                found.extend(Text(key) for key in option.entries)
        return choice(found)


_FOLLOWED_BUILTINS = {"str", "open", "getattr", "super", "print", "dict", "list", "map", "zip"}


def _is_among(left: Value, right: Value, within: bool) -> Named | None:
    """Return whether a text equals one, or is one of several; None where nothing tells."""
    asked = [one for one in options(left) if isinstance(one, Text) and HOLE not in one.text]
    if within:
        rows = [one for one in options(right) if isinstance(one, Row)]
        offered = {as_text(item).text for row in rows for item in row.items}
    else:
        offered = {one.text for one in texts(right)[:1]}
    if not asked or not offered:
        return None
    hits = [one.text in offered for one in asked]
    if len(asked) == 1:
        return DEFAULT_TRUE if hits[0] else DEFAULT_FALSE
    return SOMETIMES if any(hits) else None


def _is_text(left: Value, right: Value) -> bool:
    return any(isinstance(one, Text) for side in (left, right) for one in options(side))


def _below(left: Value, right: Value) -> Value:
    if isinstance(left, Text):
        return join([left, right], "/")
    # A path: its folder may be unknown, its file name still says something.
    return join([Text(HOLE), right], "/") if texts(right) else UNKNOWN
