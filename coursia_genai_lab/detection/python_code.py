"""Follow a notebook's Python, cell by cell, to the calls that send image work.

Nothing is run. Names are followed through assignments, functions, classes and dictionaries, so
that a URL put together in three cells is recognised where it is used, and code that nothing
calls counts for nothing.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence

from .dotenv import Surroundings
from .indicators import Indicators
from .magics import Chunk, Effort, chunks_of
from .python_branches import Branches
from .python_calls import entry_name
from .python_state import Exhausted, Place
from .read import Cell
from .values import (
    HOLE,
    UNKNOWN,
    Constant,
    Function,
    Instance,
    Klass,
    Named,
    Row,
    Scope,
    Table,
    Text,
    Value,
    as_text,
    choice,
    options,
)


class PythonReader(Branches):
    """Read the Python cells of one notebook; `signs` holds what they show."""

    in_parameters = False

    def __init__(self, indicators: Indicators, surroundings: Surroundings | None = None) -> None:
        super().__init__(indicators, surroundings)
        self.broken: list[tuple[Cell, Chunk]] = []
        """Pieces of cells that could not be followed; they are scanned as text."""

    def read(self, cells: Iterable[Cell]) -> None:
        """Follow the cells in order, then the functions that are used but were not reached."""
        effort = Effort()
        parsed = [(cell, chunk) for cell in cells for chunk in chunks_of(cell.source, effort)]
        self.rebound = _assigned_twice(parsed)
        for cell, chunk in parsed:
            for name, value in chunk.variables:
                self.set_variables[name] = Text(value)
            self.starts_own_server |= chunk.starts_own_server
            if chunk.tree is None:
                self.broken.append((cell, chunk))
                continue
            self.place = Place(cell.index, chunk.lines, chunk.first_line)
            self.in_parameters = not cell.tags.isdisjoint(_PARAMETERS)
            if not self.guarded(chunk.tree.body):
                self.broken.append((cell, chunk))
        self._run_what_is_named()

    def guarded(self, body: list[ast.stmt]) -> bool:
        """Follow statements; return False where they are too deep or too many to be followed."""
        try:
            self.body(body)
        except (RecursionError, Exhausted):
            return False
        else:
            return True
        finally:
            self.scope, self.depth, self.unsure = self.module, 0, 0
            self.running.clear()
            self.owners.clear()
            self.returned.clear()
            self.ways.clear()
            self.aside.clear()
            self.callers.clear()

    def _run_what_is_named(self) -> None:
        # Callbacks, getattr, objects that came from elsewhere: whoever is named somewhere in
        # code that runs may be called; whoever is not named is not.
        for _ in range(6):
            waiting = [f for f in self.functions if not f.runs[0] and self._is_named(f)]
            if not waiting:
                return
            for function in waiting:
                self.place = function.place
                try:
                    self.run(function, [], {})
                except (RecursionError, Exhausted):
                    function.runs[0] += 1

    def _is_named(self, function: Function) -> bool:
        owner = function.owner
        if isinstance(owner, Klass):
            if not owner.made and not function.decorators() & {"staticmethod", "classmethod"}:
                return False
            return function.name in self.loaded or _is_registered(function)
        return function.name in self.loaded or _is_registered(function)

    # Statements

    def _import_statement(self, node: ast.Import) -> None:
        for item in node.names:
            name = item.name if item.asname else item.name.split(".")[0]
            self.bind(item.asname or name, Named(name))

    def _importfrom_statement(self, node: ast.ImportFrom) -> None:
        for item in node.names:
            if item.name == "*":
                self.stars.append(node.module or "")
            else:
                self.bind(item.asname or item.name, Named(f"{node.module or ''}.{item.name}"))

    def _functiondef_statement(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self.values([*node.args.defaults, *node.args.kw_defaults])
        made = Function(node, self.scope, self.place)
        if not self.aside:
            self.functions.append(made)
        self.scope.names[node.name] = made
        for decorator in node.decorator_list:
            known = self.value(decorator)
            if _registers(decorator):
                for option in options(known):
                    if isinstance(option, Function):
                        self.run(option, [made], {})

    _asyncfunctiondef_statement = _functiondef_statement

    def _classdef_statement(self, node: ast.ClassDef) -> None:
        klass = Klass(node.name, Scope(outer=self.scope), self.values(node.bases))
        self.values(node.decorator_list)
        outer, self.scope = self.scope, klass.scope
        before = len(self.functions)
        try:
            self.body(node.body)
        finally:
            self.scope = outer
        for function in self.functions[before:]:
            if function.scope is klass.scope:
                function.owner, function.scope = klass, outer
        self.scope.names[node.name] = klass

    def _return_statement(self, node: ast.Return) -> bool:
        known = self.value(node.value)
        if self.returned and self.depth not in self.aside:
            self.returned[-1].append(known)
        return not self.unsure

    def _raise_statement(self, node: ast.Raise) -> bool:
        self._other(node)
        return not self.unsure and bool(self.returned)

    def _assign_statement(self, node: ast.Assign) -> None:
        before = len(self.trail)
        known = self.value(node.value)
        for target in node.targets:
            self.assign(target, known)
            self.keep_outputs(target, before)

    def _annassign_statement(self, node: ast.AnnAssign) -> None:
        self.assign(node.target, self.value(node.value))

    def _augassign_statement(self, node: ast.AugAssign) -> None:
        left = ast.copy_location(ast.BinOp(_loading(node.target), node.op, node.value), node)
        self.assign(node.target, self.value(left))

    def _with_statement(self, node: ast.With | ast.AsyncWith) -> bool:
        for item in node.items:
            known = self.value(item.context_expr)
            if item.optional_vars is not None:
                self.assign(item.optional_vars, known)
        return self.body(node.body)

    _asyncwith_statement = _with_statement

    def _global_statement(self, node: ast.Global) -> None:
        self.scope.shared.update(node.names)

    def _delete_statement(self, node: ast.Delete) -> None:
        return None

    # Binding

    def bind(self, name: str, known: Value) -> None:
        """Give a name its value; in code that may not run, one more that it may have."""
        if isinstance(known, Constant) and name in self.rebound:
            known = UNKNOWN
        scope = self.module if name in self.scope.shared else self.scope
        if scope is self.module:
            if self.aside:
                return
            if self.in_parameters and not self.depth:
                self.parameters.add(name)
        if self.unsure and name in scope.names:
            known = choice([known, scope.names[name]])
        scope.names[name] = known

    def assign(self, target: ast.expr, known: Value) -> None:
        """Assign to a name, an attribute, an entry, or several at once."""
        if isinstance(target, ast.Name):
            self.bind(target.id, known)
        elif isinstance(target, ast.Attribute):
            # An object's switch may be turned by any of its methods.
            known = UNKNOWN if isinstance(known, Constant) else known
            for owner in options(self.value(target.value)):
                if isinstance(owner, Instance):
                    self._put(owner.attributes, target.attr, known)
        elif isinstance(target, ast.Subscript):
            self._assign_entry(target, known)
        elif isinstance(target, (ast.Tuple, ast.List)):
            rows = [one for one in options(known) if isinstance(one, Row)]
            for index, item in enumerate(target.elts):
                found = [row.items[index] for row in rows if index < len(row.items)]
                self.assign(item, choice(found))
        elif isinstance(target, ast.Starred):
            self.assign(target.value, UNKNOWN)

    def _put(self, entries: dict[str, Value], name: str, known: Value) -> None:
        if name in entries and self.aside:
            known = choice([entries[name], known])
        elif name in entries and self.unsure:
            known = choice([known, entries[name]])
        entries[name] = known

    def _assign_entry(self, target: ast.Subscript, known: Value) -> None:
        key = as_text(self.value(target.slice)).text
        for owner in options(self.value(target.value)):
            if isinstance(owner, Table) and HOLE not in key:
                if self.aside:
                    self._put(owner.entries, key, known)
                else:
                    owner.entries[key] = known
            elif isinstance(owner, Named) and owner.name == "os.environ" and not self.aside:
                # What the notebook itself sets, nobody else can.
                self.set_variables[key] = known


_PARAMETERS = frozenset({"parameters", "injected-parameters"})
"""Tags of the cells that papermill fills in."""
_PLAIN_DECORATORS = {
    "property", "cached_property", "staticmethod", "classmethod", "abstractmethod", "dataclass",
    "lru_cache", "cache", "wraps", "contextmanager", "asynccontextmanager", "overload", "override",
    "setter", "timer", "njit", "jit", "retry",
}  # fmt: skip


def _registers(decorator: ast.expr) -> bool:
    node = decorator.func if isinstance(decorator, ast.Call) else decorator
    word = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
    return word not in _PLAIN_DECORATORS


def _is_registered(function: Function) -> bool:
    return bool(function.decorators() - _PLAIN_DECORATORS - {""})


def _assigned_twice(parsed: Sequence[tuple[Cell, Chunk]]) -> set[str]:
    # What papermill injects replaces the parameters: it is not a second opinion.
    injected = any("injected-parameters" in cell.tags for cell, _ in parsed)
    seen: set[str] = set()
    twice: set[str] = set()
    for cell, chunk in parsed:
        if chunk.tree is None or (injected and "parameters" in cell.tags):
            continue
        for name in _stored_names(chunk.tree):
            (twice if name in seen else seen).add(name)
    return twice


def _stored_names(tree: ast.Module) -> Iterator[str]:
    # `ast.walk` takes a third of the time of a whole notebook: this takes a third of that.
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Name):
            if isinstance(node.ctx, ast.Store):
                yield node.id
            continue
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store):
            # The table was made with another value before.
            key = node.slice.value if isinstance(node.slice, ast.Constant) else ""
            yield from (entry_name(key),) * 2
        for part in node.__dict__.values():
            if isinstance(part, list):
                waiting.extend(item for item in part if isinstance(item, ast.AST))
            elif isinstance(part, ast.AST):
                waiting.append(part)


def _loading(target: ast.expr) -> ast.expr:
    if isinstance(target, ast.Name):
        return ast.copy_location(ast.Name(target.id, ast.Load()), target)
    return target
