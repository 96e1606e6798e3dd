"""Queries that are written once as SQL and then only run: on a hot page the builder costs more than the database."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from peewee import Database, Value

from portal.db import database


@dataclass(frozen=True)
class Bind:
    """A place for a value that is given each time the query runs."""

    name: str


def bind(name: str) -> Value:
    """A place in a query, as an operand."""
    return Value(Bind(name), converter=False)


class Kept:
    """One query, built when it is first run on a kind of database; its shape must not depend on the values."""

    def __init__(self, build: Callable[[], Any]) -> None:
        self.build = build
        self.written: dict[type[Database], tuple[Any, str, list[Any]]] = {}

    def rows(self, **values: Any) -> list[tuple[Any, ...]]:
        """Run it; rows as the driver gives them."""
        rows: list[tuple[Any, ...]] = self.run(values)[1].fetchall()
        return rows

    def models(self, **values: Any) -> list[Any]:
        """Run it; instances with what was joined, as the query itself would give them."""
        query, cursor = self.run(values)
        # Peewee has no public way to turn a cursor into the instances of a query that is already written.
        return list(query._get_cursor_wrapper(cursor))

    def model(self, **values: Any) -> Any:
        """The first instance, or None."""
        found = self.models(**values)
        return found[0] if found else None

    def run(self, values: dict[str, Any]) -> tuple[Any, Any]:
        kind = type(database.obj)
        if kind not in self.written:
            query = self.build()
            self.written[kind] = (query, *query.bind(database.obj).sql())
        query, sql, params = self.written[kind]
        given = [plain(values[each.name]) if isinstance(each, Bind) else each for each in params]
        return query, database.execute_sql(sql, given)


def plain(value: Any) -> Any:
    """A value as both drivers take it: a word as its text, a moment as naive UTC."""
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, datetime) and value.tzinfo:
        return value.astimezone(UTC).replace(tzinfo=None)
    return value
