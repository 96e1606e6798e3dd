"""Queries that are written once as SQL and then only run: on a hot page the builder costs more than the database."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from typing import Any

from peewee import (
    SQL,
    AutoField,
    CharField,
    Database,
    FieldAlias,
    FloatField,
    ForeignKeyField,
    IntegerField,
    JSONField,
    TextField,
    Value,
)

from portal.db import database

Row = tuple[Any, ...]


@dataclass(frozen=True)
class Bind:
    """A place for a value that is given each time the query runs."""

    name: str


def bind(name: str) -> Value:
    """A place in a query, as an operand."""
    return Value(Bind(name), converter=False)


def literal(word: StrEnum) -> SQL:
    """A word that stands in the query itself: SQLite plans anew each time a bound value may decide on a partial index."""
    return SQL(f"'{word.value}'")


@dataclass
class Written:
    """A query as one kind of database takes it, and how its rows become instances once they were asked for."""

    query: Any
    sql: str
    params: list[Any]
    read: Callable[[Row], Any] | None = None


class Kept:
    """One query, built when it is first run on a kind of database; its shape must not depend on the values."""

    def __init__(self, build: Callable[[], Any]) -> None:
        self.build = build
        self.written: dict[type[Database], Written] = {}

    def rows(self, **values: Any) -> list[Row]:
        """Run it; rows as the driver gives them."""
        rows: list[Row] = run(self.for_database(), values).fetchall()
        return rows

    def models(self, **values: Any) -> list[Any]:
        """Run it; instances with what was joined, as the query itself would give them."""
        written = self.for_database()
        if written.read is None:
            written.read = reader(written.query)
        return [*map(written.read, run(written, values))]

    def model(self, **values: Any) -> Any:
        """The first instance, or None."""
        found = self.models(**values)
        return found[0] if found else None

    def for_database(self) -> Written:
        kind = type(database.obj)
        if kind not in self.written:
            query = self.build()
            self.written[kind] = Written(query, *query.bind(database.obj).sql())
        return self.written[kind]


def run(written: Written, values: dict[str, Any]) -> Any:
    given = [plain(values[each.name]) if isinstance(each, Bind) else each for each in written.params]
    return database.execute_sql(written.sql, given)


def plain(value: Any) -> Any:
    """A value as both drivers take it: a word as its text, a moment as naive UTC."""
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, datetime) and value.tzinfo:
        return value.astimezone(UTC).replace(tzinfo=None)
    return value


# --- from rows to instances -------------------------------------------------------------------------------------

# Of these the drivers give the very values that the models hold.
AS_GIVEN = {AutoField, IntegerField, FloatField, CharField, TextField, ForeignKeyField}


@dataclass
class Part:
    """One table's share of a row: where its columns stand, their names, and which must be converted."""

    model: Any
    places: list[int] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    converted: list[tuple[str, Callable[[Any], Any]]] = field(default_factory=list)

    def add(self, place: int, column: Any) -> None:
        self.places.append(place)
        self.names.append(column.name)
        if type(column) not in AS_GIVEN:
            self.converted.append((column.name, column.python_value))

    def read(self, row: Row) -> Any:
        """The instance; None where an outer join found no row."""
        values = dict(zip(self.names, map(row.__getitem__, self.places), strict=True))
        if values["id"] is None:
            return None
        for name, convert in self.converted:
            if values[name] is not None:
                values[name] = convert(values[name])
        instance = self.model(__no_default__=True)
        instance.__data__ = values
        return instance


def reader(query: Any) -> Callable[[Row], Any]:
    """What makes instances of a query's rows; every table that it selects must be selected with its id.

    Peewee finds out at every answer which column belongs to which instance, and sets them one by one; it has no public
    way to settle this once."""
    parts, named = parts_of(query)
    links = [
        (source, attribute, joined, attribute in parts[source].model._meta.fields)
        for source, joins in query._joins.items()
        for joined, attribute, *_ in joins
        if joined in parts
    ]

    def read(row: Row) -> Any:
        found = {source: part.read(row) for source, part in parts.items()}
        for source, attribute, joined, is_key in links:
            if is_key and found[source]:
                found[source].__rel__[attribute] = found[joined]
            elif found[source]:
                setattr(found[source], attribute, found[joined])
        for place, name in named:
            setattr(found[query.model], name, row[place])
        return found[query.model]

    return read


def parts_of(query: Any) -> tuple[dict[Any, Part], list[tuple[int, str]]]:
    """The parts of a query's rows by their table or its alias, and the places of what was computed, with their names."""
    parts: dict[Any, Part] = {}
    named: list[tuple[int, str]] = []
    for place, column in enumerate(query._returning):
        if column.is_alias():
            named.append((place, column._alias))
        elif isinstance(column, FieldAlias):
            parts.setdefault(column.source, Part(column.source.model)).add(place, column.field)
        else:
            parts.setdefault(column.model, Part(column.model)).add(place, column)
    return parts, named


# --- from instances to rows -------------------------------------------------------------------------------------


class Added:
    """Beside `Remembered`: a table to which rows are added so often that its INSERT is kept as well."""

    id: Any
    __data__: dict[str, Any]
    _dirty: set[str]

    def save(self, *args: Any, **how: Any) -> Any:
        """Add the row, which is new as long as it has no number; whatever else there is to save is left to Peewee."""
        if self.id is not None:
            return super().save(*args, **how)  # type: ignore[misc]
        table: Any = type(self)
        insert, blank, converted = inserting(table)
        values = blank | self.__data__
        for name, convert in converted:
            if values[name] is not None:
                values[name] = convert(values[name])
        [(self.id,)] = insert.rows(**values)
        self._dirty.clear()
        return 1


@cache
def inserting(model: Any) -> tuple[Kept, dict[str, None], list[tuple[str, Callable[[Any], Any]]]]:
    """The INSERT of a table, a row that holds nothing, and which of its values must be converted."""
    columns = [column for column in model._meta.sorted_fields if column is not model.id]
    insert = Kept(lambda: model.insert({each: bind(each.name) for each in columns}).returning(model.id))
    converted = [(each.name, writing(each)) for each in columns if type(each) not in AS_GIVEN]
    return insert, {each.name: None for each in columns}, converted


def writing(column: Any) -> Callable[[Any], Any]:
    """How a column's value is written; Peewee would build a call of SQL around each JSON."""
    return compact if isinstance(column, JSONField) else column.db_value


def compact(value: Any) -> str:
    """JSON as SQLite's own `json` writes it."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False)
