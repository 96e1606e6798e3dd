"""Takes the checks of access apart: every condition of the functions that decide, forced one way and then the other."""

import ast
import gc
import inspect
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from types import CodeType, FunctionType
from typing import Any

from flask import Flask

from portal import policy
from portal.kept import Kept
from portal.views import instructions
from portal.web import routing, session

# What says who is told, not who may see, and what reads an address.
TELLING = {
    "number_of",
    "beside",
    "recipients",
    "users_told",
    "barred_from",
    "active_or",
    "office",
    "colleagues",
    "is_expected",
    "experts_told",
    "others_told",
}
GUARDS = ("signed_in", "manages", "sees_case", "performs", "knows_password", "enrolls", "freshly", "proved")


@dataclass(frozen=True)
class Mutant:
    """One condition of a function, and what it is taken for: true, false, or without one of its two sides."""

    function: str
    condition: str
    taken_for: str
    code: CodeType
    targets: tuple[FunctionType, ...]

    def __str__(self) -> str:
        return f"{self.function}: {self.condition} -> {self.taken_for}"


def own_functions(module: Any) -> dict[str, Any]:
    return {
        name: function
        for name, function in vars(module).items()
        if inspect.isfunction(function)
        and function.__module__ == module.__name__
        and name not in {*TELLING, *GUARDS}
    }


DECIDING = (
    own_functions(policy)
    | own_functions(routing)
    | {
        function.__name__: function
        for function in (
            session.is_live,
            session.find,
            session.know,
            session.is_fresh,
            session.is_proved,
            instructions.own_case,
        )
    }
)


def deciding(app: Flask) -> Iterator[tuple[Callable[..., Any], str, tuple[FunctionType, ...]]]:
    """Each function that decides on access, the name of the code in it that runs, and the functions that run it."""
    for name, function in DECIDING.items():
        yield function, name, (function,)
    for guard in GUARDS:
        guarded = tuple(
            each for view in app.view_functions.values() for each in layers(view) if is_of(each, guard)
        )
        yield getattr(routing, guard), "guarded", guarded


def layers(view: Any) -> Iterator[FunctionType]:
    """A view's guards, the outermost first, and the view itself."""
    while view is not None:
        yield view
        view = getattr(view, "__wrapped__", None)


def is_of(function: FunctionType, guard: str) -> bool:
    return function.__code__.co_qualname.startswith(f"{guard}.")


def mutants(app: Flask) -> Iterator[Mutant]:
    """Every mutant of every function that decides, in the order of the code."""
    for function, name, targets in deciding(app):
        if not targets:
            continue
        source = textwrap.dedent(inspect.getsource(function))
        for place in range(len(conditions(ast.parse(source)))):
            for taken_for in ("true", "false", "left", "right"):
                tree = ast.parse(source)
                condition = conditions(tree)[place]
                said = ast.unparse(condition.node)
                if condition.force(taken_for):
                    code = code_of(compile(ast.fix_missing_locations(tree), "mutant", "exec"), name)
                    yield Mutant(function.__name__, said, taken_for, code, targets)


@dataclass
class Condition:
    """A condition and where it hangs in the tree."""

    node: Any
    replace: Callable[[Any], None]

    def force(self, taken_for: str) -> bool:
        """Change the tree; False where this kind of condition cannot be taken so."""
        is_sql = isinstance(self.node, ast.BinOp)
        if is_sql != (taken_for in {"left", "right"}):
            return False
        if is_sql:
            self.replace(getattr(self.node, taken_for))
        else:  # the condition stays in the code, so that what it names stays known, but it decides nothing
            constant = ast.Constant(taken_for == "true")
            operator = ast.Or() if constant.value else ast.And()
            self.replace(ast.BoolOp(operator, [constant, self.node]))
        return True


def conditions(tree: ast.AST) -> list[Condition]:
    """The tests of `if`, the sides of `and` and `or`, what a yes or no returns, and the sides of a query's condition."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.If | ast.IfExp):
            found.append(Condition(node.test, lambda new, node=node: setattr(node, "test", new)))
        if isinstance(node, ast.BoolOp):
            found += [
                Condition(value, lambda new, node=node, place=place: node.values.__setitem__(place, new))
                for place, value in enumerate(node.values)
            ]
        for name, value in ast.iter_fields(node):
            if name in {"annotation", "returns"}:
                continue
            if isinstance(value, ast.BinOp) and isinstance(value.op, ast.BitAnd | ast.BitOr):
                found.append(Condition(value, lambda new, node=node, name=name: setattr(node, name, new)))
        if isinstance(node, ast.Call):
            found += [
                Condition(value, lambda new, node=node, place=place: node.args.__setitem__(place, new))
                for place, value in enumerate(node.args)
                if isinstance(value, ast.BinOp) and isinstance(value.op, ast.BitAnd | ast.BitOr)
            ]
    return found


def code_of(compiled: CodeType, name: str) -> CodeType:
    """The code of a function inside what was compiled, however deep."""
    for constant in compiled.co_consts:
        if isinstance(constant, CodeType):
            if constant.co_name == name:
                return constant
            try:
                return code_of(constant, name)
            except LookupError:
                continue
    raise LookupError(name)


@contextmanager
def alive(mutant: Mutant) -> Iterator[None]:
    """Within the block the portal runs with this mutant; queries that were kept are written anew."""
    was = [target.__code__ for target in mutant.targets]
    for target in mutant.targets:
        target.__code__ = mutant.code
    forget_queries()
    try:
        yield
    finally:
        for target, code in zip(mutant.targets, was, strict=True):
            target.__code__ = code
        forget_queries()


@cache
def kept_queries() -> list[Kept]:
    return [each for each in gc.get_objects() if isinstance(each, Kept)]


def forget_queries() -> None:
    for kept in kept_queries():
        kept.written.clear()
