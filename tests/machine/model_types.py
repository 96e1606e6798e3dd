"""Tells mypy what Peewee adds to a model by itself: `id`, `<key>_id`, the way back of a key, values of its own fields."""

from collections.abc import Callable, Iterator
from typing import TypeGuard

from mypy.nodes import MDEF, AssignmentStmt, CallExpr, NameExpr, StrExpr, SymbolTableNode, TypeInfo, Var
from mypy.plugin import ClassDefContext, Plugin
from mypy.types import AnyType, TypeOfAny


def plugin(version: str) -> type[Plugin]:
    """What mypy calls to load this file."""
    return ModelTypes


class ModelTypes(Plugin):
    """Adds the attributes to every class that comes from `peewee.Model`."""

    def get_base_class_hook(self, fullname: str) -> Callable[[ClassDefContext], None] | None:
        """Answer for a base that is a model, whatever it is called."""
        base = self.lookup_fully_qualified(fullname)
        is_model = base and isinstance(base.node, TypeInfo) and base.node.has_base("peewee.Model")
        return _complete if is_model else None


def _complete(context: ClassDefContext) -> None:
    model = context.cls.info
    _add(model, "id")
    for name, key in _keys(context):
        _add(model, f"{name}_id")
        _add(_target(key, model), _way_back(key, model))
    for field in _untyped(context):
        field.is_inferred_def = False
        assert isinstance(field.node, Var)
        field.node.type = AnyType(TypeOfAny.explicit)


def _untyped(context: ClassDefContext) -> Iterator[NameExpr]:
    """Fields whose class comes from `playhouse`, which has no types: on a case they are words, not fields."""
    for line in context.cls.defs.body:
        if isinstance(line, AssignmentStmt) and isinstance(line.rvalue, CallExpr):
            kind = getattr(line.rvalue.callee, "node", None)
            if isinstance(line.lvalues[0], NameExpr) and isinstance(kind, TypeInfo) and kind.fallback_to_any:
                yield line.lvalues[0]


def _keys(context: ClassDefContext) -> Iterator[tuple[str, CallExpr]]:
    for line in context.cls.defs.body:
        if (
            isinstance(line, AssignmentStmt)
            and isinstance(line.lvalues[0], NameExpr)
            and _is_key(line.rvalue)
        ):
            yield line.lvalues[0].name, line.rvalue


def _is_key(value: object) -> TypeGuard[CallExpr]:
    return isinstance(value, CallExpr) and getattr(value.callee, "name", "") == "ForeignKeyField"


def _target(key: CallExpr, model: TypeInfo) -> TypeInfo:
    node = getattr(key.args[0], "node", None)
    return node if isinstance(node, TypeInfo) else model


def _way_back(key: CallExpr, model: TypeInfo) -> str:
    named = dict(zip(key.arg_names, key.args, strict=True)).get("backref")
    return named.value if isinstance(named, StrExpr) else f"{model.name.lower()}_set"


def _add(model: TypeInfo, name: str) -> None:
    if name not in model.names:
        attribute = Var(name, AnyType(TypeOfAny.explicit))
        attribute.info = model
        attribute._fullname = f"{model.fullname}.{name}"
        model.names[name] = SymbolTableNode(MDEF, attribute, plugin_generated=True)
