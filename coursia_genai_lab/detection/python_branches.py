"""Follow what a notebook does only on a condition, and remember the condition."""

from __future__ import annotations

import ast

from .python_functions import Functions
from .signs import Way, WayKind
from .values import DEFAULT_FALSE, DEFAULT_TRUE, SOMETIMES, Constant, Scope, truth


class Branches(Functions):
    """Switches, branches, fallbacks and loops.

    A switch that is off is looked behind, but what stands there binds no name.
    """

    switched: Way | None = None
    """What a switch turned off by ending the statements early: the rest of them."""
    otherwise: Way | None = None
    """The condition on the statements that follow."""

    def body(self, statements: list[ast.stmt]) -> bool:
        """Follow statements in order; return whether they end before their last line."""
        before = len(self.ways)
        try:
            return self._in_order(statements)
        finally:
            del self.ways[before:]

    def _in_order(self, statements: list[ast.stmt]) -> bool:
        for index, statement in enumerate(statements):
            self.spend()
            method = getattr(self, f"_{type(statement).__name__.lower()}_statement", None)
            if method is None:
                self._other(statement)
            elif method(statement):
                way, self.switched = self.switched, None
                if way is not None and isinstance(statement, ast.If):
                    self._aside(statements[index + 1 :], way)
                return True
            elif self.otherwise is not None:
                # A branch that leaves makes what follows its other branch.
                self.ways.append(self.otherwise)
                self.otherwise = None
        return False

    def _other(self, statement: ast.stmt) -> None:
        for child in ast.iter_child_nodes(statement):
            if isinstance(child, ast.expr):
                self.value(child)

    def _if_statement(self, node: ast.If) -> bool:
        test = self.value(node.test)
        on = True if _is_main_guard(node.test) else truth(test)
        if on is not None:
            return self._switch(node, on)
        kinds: tuple[WayKind | None, WayKind | None] = (None, None)
        if test in (DEFAULT_TRUE, DEFAULT_FALSE):
            kinds = (None, "setting") if test == DEFAULT_TRUE else ("setting", None)
        elif test != SOMETIMES and (node.orelse or _leaves(node)):
            kinds = ("branch", "branch")
        elif test != SOMETIMES and _asks_whether_missing(node.test):
            kinds = ("fallback", None)
        self._either(node, *kinds)
        if kinds[1] is not None and _leaves(node):
            self.otherwise = self.way(kinds[1], node, 1)
        return False

    def _switch(self, node: ast.If, on: bool) -> bool:
        taken, other = (node.body, node.orelse) if on else (node.orelse, node.body)
        ended = self.body(taken)
        way = self._switch_way(node)
        if way is not None:
            self._aside(other, way)
            self.switched = way if ended else None
        return ended

    def _switch_way(self, node: ast.If) -> Way | None:
        """Return the condition, None for one that nobody can turn, like `if False`."""
        if _is_main_guard(node.test):
            return None
        names = {part.id for part in ast.walk(node.test) if isinstance(part, ast.Name)}
        fixed = any(
            isinstance(part, ast.Constant) and not part.value for part in ast.walk(node.test)
        )
        if not names or fixed:
            return None
        fixed_names = {name for name in names if isinstance(self.scope.find(name), Constant)}
        chosen = names & self.parameters or not fixed_names
        return self.way("setting" if chosen else "off", node, 0)

    def _aside(self, statements: list[ast.stmt], way: Way) -> None:
        if not statements:
            return
        outer, self.scope = self.scope, Scope(outer=self.scope)
        self.ways.append(way)
        self.aside.append(self.depth)
        try:
            self._maybe([statements])
        finally:
            self.scope = outer
            self.ways.pop()
            self.aside.pop()

    def _either(self, node: ast.If, first: WayKind | None, second: WayKind | None) -> None:
        parts = [(node.body, first, 0), (node.orelse, second, 1)]
        if "setting" in (first, second):
            # The likelier comes last: what is assigned last is taken for the likelier.
            parts.sort(key=lambda part: part[1] is None)
        for statements, kind, branch in parts:
            self._maybe([statements], self.way(kind, node, branch) if kind else None)

    def _for_statement(self, node: ast.For | ast.AsyncFor) -> None:
        self.assign(node.target, self.element(self.value(node.iter)))
        self._maybe([node.body, node.orelse])

    _asyncfor_statement = _for_statement

    def _while_statement(self, node: ast.While) -> None:
        if truth(self.value(node.test)) is not False:
            self._maybe([node.body])
        self._maybe([node.orelse])

    def _try_statement(self, node: ast.Try) -> bool:
        ended = self.body(node.body)
        for number, handler in enumerate(node.handlers):
            self._maybe([handler.body], self.way("fallback", handler, number))
        if not ended:
            ended = self.body(node.orelse)
        return self.body(node.finalbody) or (ended and not self.unsure)

    _trystar_statement = _try_statement

    def _match_statement(self, node: ast.Match) -> None:
        self.value(node.subject)
        for number, case in enumerate(node.cases):
            self._maybe([case.body], self.way("branch", node, number))

    def _maybe(self, parts: list[list[ast.stmt]], way: Way | None = None) -> None:
        self.unsure += 1
        if way is not None:
            self.ways.append(way)
        try:
            for part in parts:
                self.body(part)
        finally:
            self.unsure -= 1
            if way is not None:
                self.ways.pop()


def _leaves(node: ast.If) -> bool:
    last = node.body[-1]
    return not node.orelse and isinstance(last, (ast.Return, ast.Raise, ast.Continue, ast.Break))


def _asks_whether_missing(test: ast.expr) -> bool:
    """Return whether this is `not picture` or `picture is None`."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return isinstance(test.operand, ast.Name)
    return (
        isinstance(test, ast.Compare)
        and isinstance(test.ops[0], ast.Is)
        and isinstance(test.comparators[0], ast.Constant)
        and test.comparators[0].value is None
    )


def _is_main_guard(test: ast.expr) -> bool:
    return (
        isinstance(test, ast.Compare)
        and isinstance(test.left, ast.Name)
        and test.left.id == "__name__"
    )
