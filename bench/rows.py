"""Rows on their way into a fresh SQLite database, many at a time and past the query builder."""

import sqlite3
from datetime import UTC, date, datetime
from operator import itemgetter
from typing import Any

from portal.db import MomentField, Remembered

Row = dict[str, Any]


def stamp(moment: datetime) -> str:
    """A moment as the database keeps it: naive UTC to the second."""
    return str(moment.astimezone(UTC))[:19]


def plain(value: Any) -> Any:
    """The same value in a type that the driver writes as it is."""
    return str(value) if isinstance(value, date | str) else value


class Rows:
    """Collects rows by table, each complete with the defaults of its model, and writes them together."""

    def __init__(self, connection: sqlite3.Connection, now: datetime) -> None:
        self.connection, self.now = connection, stamp(now)
        self.waiting: dict[type[Remembered], list[Row]] = {}
        self.blank: dict[type[Remembered], Row] = {}
        self.last_id: dict[type[Remembered], int] = {}
        self.words: list[tuple[int, str, str]] = []

    def add(self, model: type[Remembered], **values: Any) -> int:
        """One row by column names, with values as the database keeps them; returns its id."""
        return self.add_row(model, **values)[0]

    def add_row(self, model: type[Remembered], **values: Any) -> tuple[int, Row]:
        """The same; returns the row as well, which may change until it is written."""
        if model not in self.blank:
            self.begin(model)
        number = self.last_id[model] = self.last_id[model] + 1
        row = {**self.blank[model], "id": number, **values}
        self.waiting[model].append(row)
        return number, row

    def begin(self, model: type[Remembered]) -> None:
        """Learn the columns of a table and what stands in them where nothing is given."""
        self.waiting[model], self.last_id[model] = [], 0
        self.blank[model] = {field.column_name: self.default(field) for field in model._meta.sorted_fields}

    def default(self, field: Any) -> Any:
        if field.default is None:
            return None
        if isinstance(field, MomentField):
            return self.now
        value = field.default() if callable(field.default) else field.default
        return plain("{}" if value == {} else field.db_value(value))

    def write(self) -> None:
        """Write what waits; parents were added before their children."""
        for model, rows in self.waiting.items():
            columns = list(self.blank[model])
            names = ", ".join(f'"{column}"' for column in columns)
            marks = ", ".join("?" * len(columns))
            insert = f'INSERT INTO "{model._meta.table_name}" ({names}) VALUES ({marks})'
            self.connection.executemany(insert, map(itemgetter(*columns), rows))
            rows.clear()
        self.connection.executemany(
            "INSERT INTO case_search (rowid, words, tokens) VALUES (?, ?, ?)", self.words
        )
        self.words.clear()
