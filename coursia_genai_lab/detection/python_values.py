"""What an expression of a notebook stands for: names, texts, tables, calls."""

from __future__ import annotations

import ast
from typing import Any

from .python_libraries import Libraries
from .text_methods import filled, first_set, text_method
from .values import (
    HOLE,
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
MOST_ITEMS = 64


class Expressions(Libraries):
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
        self.loaded.add(node.id)
        found = self.scope.find(node.id)
        if found is not None:
            return found
        for module in self.stars:
            if self.is_library(module):
                return Named(f"{module}.{node.id}")
        return Named(f"builtins.{node.id}") if node.id in _FOLLOWED_BUILTINS else UNKNOWN

    def _attribute(self, node: ast.Attribute) -> Value:
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

    def _subscript(self, node: ast.Subscript) -> Value:
        owner, key = self.value(node.value), self.value(node.slice)
        if _is_graph_entry(node):
            self.note_node("inputs", node)
        return spread(owner, lambda option: self._item(option, key, node))

    def _item(self, owner: Value, key: Value, node: ast.AST) -> Value:
        if isinstance(owner, Table):
            if isinstance(key, (Text, Constant)):
                return owner.entries.get(as_text(key).text, UNKNOWN)
            return choice(owner.entries.values())
        if isinstance(owner, Row):
            index = key.value if isinstance(key, Constant) else None
            if isinstance(index, int) and -len(owner.items) <= index < len(owner.items):
                return owner.items[index]
            return choice(owner.items)
        if isinstance(owner, Named) and self.holds_environment(owner.name):
            return self.variable(key, None, node)
        if isinstance(owner, Named):
            return Named(f"{owner.name}[]", owner.address, owner.key)
        return Text(HOLE, owner.variables) if isinstance(owner, Text) else UNKNOWN

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
        for item in node.values:
            known = self.value(item)
            found.append(known)
            on = truth(known)
            if on is False and isinstance(node.op, ast.And):
                return Constant(False)
            if on is True and isinstance(node.op, ast.Or):
                break
        if isinstance(node.op, ast.And):
            return Constant(True) if all(truth(one) is True for one in found) else UNKNOWN
        return first_set(found)

    def _unaryop(self, node: ast.UnaryOp) -> Value:
        on = truth(self.value(node.operand))
        known = isinstance(node.op, ast.Not) and on is not None
        return Constant(not on) if known else UNKNOWN

    def _compare(self, node: ast.Compare) -> Value:
        found = self.values([node.left, *node.comparators])
        if len(found) == 2 and isinstance(found[0], Text) and found[0].variables:
            # Not decisive, but it tells which branch runs when nobody sets the variable.
            same = found[0].text == as_text(found[1]).text
            return Named("?default-true" if same else "?default-false")
        return UNKNOWN

    def _ifexp(self, node: ast.IfExp) -> Value:
        test = self.value(node.test)
        on = truth(test)
        if on is not None:
            return self.value(node.body if on else node.orelse)
        found = [self.value(node.body), self.value(node.orelse)]
        return choice(found[::-1] if test == Named("?default-false") else found)

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

    # Calls

    def _call(self, node: ast.Call) -> Value:
        function = self.value(node.func)
        positional = [self.value(item) for item in node.args]
        named = {item.arg: self.value(item.value) for item in node.keywords if item.arg}
        for item in node.keywords:
            if item.arg is None:
                for option in options(self.value(item.value)):
                    if isinstance(option, Table):
                        named = {**option.entries, **named}
        return choice(
            [self._call_one(option, positional, named, node) for option in options(function)]
        )

    def _call_one(
        self,
        function: Value,
        positional: list[Value],
        named: dict[str, Value],
        node: ast.Call,
    ) -> Value:
        if isinstance(function, Function):
            return self.run(function, positional, named)
        if isinstance(function, Klass):
            return self.make(function, positional, named)
        if isinstance(function, Method):
            return self._method(function, positional, named, node)
        return self.library(
            function if isinstance(function, Named) else UNKNOWN, positional, named, node
        )

    def _method(
        self, method: Method, positional: list[Value], named: dict[str, Value], node: ast.AST
    ) -> Value:
        owner = method.owner
        if isinstance(owner, Text):
            return text_method(owner, method.word, positional, named)
        if isinstance(owner, Table):
            return self._table_method(owner, method.word, positional, node)
        if method.word in {"append", "insert"} and len(owner.items) < MOST_ITEMS:
            owner.items.extend(positional[-1:])
        elif method.word == "extend" and positional and isinstance(positional[0], Row):
            owner.items.extend(positional[0].items[: MOST_ITEMS - len(owner.items)])
        elif method.word == "pop":
            return choice(owner.items)
        return UNKNOWN

    def _table_method(
        self, table: Table, word: str, positional: list[Value], node: ast.AST
    ) -> Value:
        if word in {"get", "pop", "setdefault"} and positional:
            found = self._item(table, positional[0], node)
            return found if found is not UNKNOWN else choice(positional[1:2])
        if word in {"copy", "encode"}:
            # `encode`: the text that json.dumps made of it.
            return table
        if word == "items":
            return Row([Row([Text(key), item]) for key, item in table.entries.items()])
        if word == "values":
            return Row(list(table.entries.values()))
        if word == "keys":
            return Row([Text(key) for key in table.entries])
        if word == "update" and positional and isinstance(positional[0], Table):
            table.entries.update(positional[0].entries)
        return UNKNOWN


def _is_graph_entry(node: ast.Subscript) -> bool:
    """Return whether this is `workflow["6"]["inputs"]`, as only graphs of nodes have it."""
    inner = node.value.slice if isinstance(node.value, ast.Subscript) else None
    return (
        isinstance(node.slice, ast.Constant)
        and node.slice.value == "inputs"
        and isinstance(inner, ast.Constant)
        and isinstance(inner.value, str)
        and inner.value.isdigit()
    )


_FOLLOWED_BUILTINS = {"str", "open", "getattr", "super", "print", "dict", "list", "map", "zip"}


def _is_text(left: Value, right: Value) -> bool:
    return any(isinstance(one, Text) for side in (left, right) for one in options(side))


def _below(left: Value, right: Value) -> Value:
    if isinstance(left, Text):
        return join([left, right], "/")
    # A path: its folder may be unknown, its file name still says something.
    return join([Text(HOLE), right], "/") if texts(right) else UNKNOWN
