"""What a call or a look into a table gives: the notebook's own functions, tables and texts."""

from __future__ import annotations

import ast

from .python_libraries import Libraries
from .text_methods import text_method
from .values import (
    HOLE,
    UNKNOWN,
    Constant,
    Function,
    Klass,
    Method,
    Named,
    Row,
    Table,
    Text,
    Value,
    as_text,
    choice,
    options,
    spread,
)

MOST_ITEMS = 64
_COLLECTS = {"append", "extend", "insert", "add", "update", "setdefault"}


class Calls(Libraries):
    """Tell a call of the notebook's own function from one of a library's."""

    def _subscript(self, node: ast.Subscript) -> Value:
        owner, key = self.value(node.value), self.value(node.slice)
        if _is_graph_entry(node):
            self.note_node("inputs", node)
        return spread(owner, lambda option: self._item(option, key, node))

    def _item(self, owner: Value, key: Value, node: ast.AST) -> Value:
        if isinstance(owner, Table):
            if isinstance(key, (Text, Constant)):
                found = owner.entries.get(as_text(key).text, UNKNOWN)
                changes = isinstance(found, Constant) and entry_name(as_text(key).text)
                return UNKNOWN if changes in self.rebound else found
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

    def _call(self, node: ast.Call) -> Value:
        function = self.value(node.func)
        before = len(self.trail)
        positional = [self.value(item) for item in node.args]
        named = {item.arg: self.value(item.value) for item in node.keywords if item.arg}
        for item in node.keywords:
            if item.arg is None:
                for option in options(self.value(item.value)):
                    if isinstance(option, Table):
                        named = {**option.entries, **named}
        if isinstance(node.func, ast.Attribute) and node.func.attr in _COLLECTS:
            self.keep_outputs(node.func.value, before)
        ways = options(function)
        # One of a table of functions, by a key that nothing tells.
        unknown = (
            len(ways) > 1
            and isinstance(node.func, ast.Subscript)
            and isinstance(self.value(node.func.slice), Named)
        )
        made = []
        for number, option in enumerate(ways):
            if unknown:
                self.ways.append(self.way("branch", node, number))
            try:
                made.append(self._call_one(option, positional, named, node))
            finally:
                if unknown:
                    self.ways.pop()
        return choice(made)

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


def entry_name(key: object) -> str:
    """Return how an entry that is assigned to stands among the names that are."""
    return f"[{key}]"


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
