"""A new key for everything that is sealed, while the portal runs: row by row, and where it was cut off it goes on.

The files of cases stay as they are: their keys are sealed, and are sealed anew like every other column."""

from collections.abc import Iterable, Iterator
from typing import Any

from peewee import Database, Table, fn

from portal.db import SealedField, database
from portal.models import TABLES
from portal.outside.vault import PREFIX, VERSION, add_key, drop_old_keys, vault

AT_ONCE = 500
BEFORE_KEY, KEY_LENGTH = len(VERSION) + 1, 2 * (PREFIX - 1)


class StillNeeded(Exception):
    """An old key cannot go: so many texts open with nothing else."""

    def __init__(self, count: int) -> None:
        super().__init__(f"An old key is still needed for {count} texts. Run rotate-key to its end first.")


class OtherKeys(Exception):
    """The key file at hand is not the one that sealed what is there."""

    def __init__(self, lacking: Iterable[str], held: Iterable[str]) -> None:
        super().__init__(
            f"What is here was sealed with the key {', '.join(lacking)}, and the key file at hand holds"
            f" {', '.join(sorted(held))}. Set IMPARTIAL_KEY_FILE to the file it was made with."
        )


def sealed_fields() -> Iterator[SealedField]:
    """Every column that is kept sealed."""
    for model in TABLES:
        yield from (field for field in model._meta.sorted_fields if isinstance(field, SealedField))


def as_kept(field: SealedField) -> tuple[Any, Any]:
    """The table and the column with what it really holds."""
    table = Table(field.model._meta.table_name, ("id", field.column_name))
    return table, getattr(table, field.column_name)


def keys_in_use(target: Database) -> list[str]:
    """The ids of the keys without which something in this database does not open; none where it is still empty."""
    found, there = set(), set(target.get_tables())
    for field in sealed_fields():
        table, column = as_kept(field)
        if table._path[0] not in there:
            continue
        key = fn.SUBSTR(column, BEFORE_KEY + 1, KEY_LENGTH)
        found |= {row[0] for row in table.select(key).where(column != "").distinct().tuples().execute(target)}
    return sorted(found)


def refuse_other_keys(needed: list[str]) -> None:
    """Raise OtherKeys where something that these keys sealed would stay sealed."""
    if not needed:
        return
    vault().read_if_changed()
    if lacking := [key for key in needed if key not in vault().keys]:
        raise OtherKeys(lacking, vault().keys)


def rotate() -> int:
    """Take a new key, unless a rotation is under way, and seal everything with it; returns how many texts were sealed
    anew. Raises Altered where one does not open."""
    primary = add_key(vault().path)
    vault().read_if_changed()
    return sum(reseal(field, primary) for field in sealed_fields())


def reseal(field: SealedField, primary: str) -> int:
    """Seal what is not sealed with the primary key, some rows at a time, each unless it changed meanwhile."""
    table, column = as_kept(field)
    sealed, last = 0, 0
    while rows := list(
        table.select(table.id, column)
        .where((table.id > last) & is_of_another(column, primary))
        .order_by(table.id)
        .limit(AT_ONCE)
        .tuples()
        .execute(database.obj)
    ):
        with database.atomic():
            for number, old in rows:
                new = vault().seal(vault().open(old, field.about), field.about)
                is_as_read = (table.id == number) & (column == old)
                sealed += table.update({column: new}).where(is_as_read).execute(database.obj)
        last = rows[-1][0]
    return sealed


def is_of_another(column: Any, primary: str) -> Any:
    return (column != "") & (fn.SUBSTR(column, BEFORE_KEY + 1, KEY_LENGTH) != primary)


def finish() -> int:
    """Let the old keys go; returns how many. Raises StillNeeded while anything opens with one of them alone."""
    with database.atomic():
        vault().read_if_changed()
        waiting = sum(count_of_another(field, vault().primary) for field in sealed_fields())
        if waiting:
            raise StillNeeded(waiting)
        gone = len(vault().keys) - 1
        if gone:
            drop_old_keys(vault().path, vault().primary)
            vault().read_if_changed()
        return gone


def count_of_another(field: SealedField, primary: str) -> int:
    table, column = as_kept(field)
    count = table.select(fn.COUNT(table.id)).where(is_of_another(column, primary))
    return int(count.scalar(database.obj))
