"""Follow a call into a function or class of the notebook."""

from __future__ import annotations

import ast

from .python_values import Expressions
from .values import (
    UNKNOWN,
    Constant,
    Function,
    Instance,
    Klass,
    Row,
    Scope,
    Table,
    Value,
    choice,
)

DEEPEST_CALL = 12
MOST_RUNS = 12


class Functions(Expressions):
    """Run functions over what is known of their arguments."""

    def body(self, statements: list[ast.stmt]) -> bool:
        """Follow statements; the walk over statements does it."""
        raise NotImplementedError

    def make(self, klass: Klass, positional: list[Value], named: dict[str, Value]) -> Value:
        """Return an object of a class of the notebook, its constructor run."""
        klass.made = klass.made or not self.aside
        instance = Instance(klass)
        klass.example = klass.example or instance
        start = klass.find("__init__")
        if isinstance(start, Function):
            self.run(start.bound(instance), positional, named)
        else:
            fields = [name for name in klass.scope.names if not name.startswith("__")]
            instance.attributes.update(zip(fields, positional, strict=False))
            instance.attributes.update(named)
            after = klass.find("__post_init__")
            if isinstance(after, Function):
                self.run(after.bound(instance), [], {})
        return instance

    def run(self, function: Function, positional: list[Value], named: dict[str, Value]) -> Value:
        """Follow a call into a function, its parameters bound to what is known."""
        if (
            self.depth >= DEEPEST_CALL
            or id(function.node) in self.running
            or function.runs[0] >= MOST_RUNS
        ):
            for services in sorted(self.sent_by.get(id(function.node), ())):
                self.touch(services)
            return UNKNOWN
        function.runs[0] += 1
        scope = Scope(outer=function.scope)
        self._bind_parameters(function, scope, positional, named)
        outer_scope, outer_place, outer_unsure = self.scope, self.place, self.unsure
        self.callers.append(outer_place.index)
        self.scope, self.place, self.unsure = scope, function.place, 0
        self.running.append(id(function.node))
        self.owners.append(function.owner or UNKNOWN)
        self.returned.append([])
        self.depth += 1
        try:
            if isinstance(function.node, ast.Lambda):
                return self.value(function.node.body)
            self.body(function.node.body)
            return choice(self.returned[-1])
        finally:
            self.depth -= 1
            self.returned.pop()
            self.running.pop()
            self.owners.pop()
            self.callers.pop()
            self.scope, self.place, self.unsure = outer_scope, outer_place, outer_unsure

    def _bind_parameters(
        self, function: Function, scope: Scope, positional: list[Value], named: dict[str, Value]
    ) -> None:
        arguments = function.node.args
        names = [argument.arg for argument in [*arguments.posonlyargs, *arguments.args]]
        given = list(positional)
        owner = function.owner
        if isinstance(owner, Klass) and "staticmethod" not in function.decorators():
            given_class = "classmethod" in function.decorators()
            owner = owner if given_class else owner.example or Instance(owner)
        if owner is not None and "staticmethod" not in function.decorators():
            given.insert(0, owner)
        defaults = dict(zip(reversed(names), reversed(arguments.defaults), strict=False))
        defaults.update(
            (argument.arg, default)
            for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
            if default is not None
        )
        for index, name in enumerate([*names, *(a.arg for a in arguments.kwonlyargs)]):
            if index < len(given) and index < len(names):
                scope.names[name] = given[index]
            elif name in named:
                scope.names[name] = named[name]
            else:
                scope.names[name] = self._default(defaults.get(name), function)
        if arguments.kwarg is not None:
            rest = {name: item for name, item in named.items() if name not in scope.names}
            scope.names[arguments.kwarg.arg] = Table(rest)
        if arguments.vararg is not None:
            scope.names[arguments.vararg.arg] = Row(given[len(names) :])

    def _default(self, node: ast.expr | None, function: Function) -> Value:
        if node is None:
            return UNKNOWN
        outer, self.scope = self.scope, function.scope
        try:
            known = self.value(node)
        finally:
            self.scope = outer
        # A default may be overridden by any caller: a switch is not constant because of it.
        return UNKNOWN if isinstance(known, Constant) else known
