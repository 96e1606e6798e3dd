"""The database, SQLite or PostgreSQL by URL: one connection a thread, and the field types the schema is written in."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import unquote, urlsplit

from peewee import (
    Check,
    Database,
    DatabaseError,
    DatabaseProxy,
    DateTimeField,
    FieldAccessor,
    InterfaceError,
    Model,
    OperationalError,
    PostgresqlDatabase,
    SqliteDatabase,
    TextField,
)
from playhouse.fields import EnumField

from portal.outside.vault import vault

database = DatabaseProxy()

SQLITE_PRAGMAS = {
    "journal_mode": "wal",
    "synchronous": "full",
    "foreign_keys": 1,
    "busy_timeout": 10_000,
    "cache_size": -32_000,
    "secure_delete": 1,  # what is deleted is overwritten, so that a purge leaves nothing in the file
}


class SqliteFile(SqliteDatabase):  # type: ignore[misc]
    """A database in a file that its owner alone can read, whatever the umask of whoever starts the portal."""

    def _connect(self) -> Any:
        if self.database != ":memory:":
            keep_to_ourselves(Path(self.database))
        return super()._connect()


def keep_to_ourselves(path: Path) -> None:
    """Make the file before SQLite does, and take from others what they may do with one that is there, and with the logs
    beside it; SQLite makes new logs like the file itself.

    A file that is there is not opened: closing it would end every lock that SQLite holds on it in this process."""
    if not path.exists():
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL, 0o600))
    for each in (path, *(path.with_name(path.name + end) for end in ("-wal", "-shm", "-journal"))):
        with suppress(FileNotFoundError):
            if each.stat().st_mode & 0o077:
                each.chmod(0o600)


def connect(url: str) -> Database:
    """Point the schema at `sqlite:///path` or `postgresql://…`; connections open when first used."""
    database.initialize(open_database(url))
    return database.obj


def open_database(url: str) -> Database:
    """A database for the URL, not yet bound to the schema. Raises ValueError for another scheme."""
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        return SqliteFile(parts.path[1:] or ":memory:", pragmas=SQLITE_PRAGMAS, lock_type="IMMEDIATE")
    if parts.scheme in {"postgresql", "postgres"}:
        return PostgresqlDatabase(url, prefer_psycopg3=True)
    raise ValueError(
        f"DATABASE_URL must begin with sqlite:/// or postgresql://, not {unquote(parts.scheme)}://."
    )


def read_again(read: Callable[[], Any]) -> Any:
    """What the read gives; read once more, over a new connection, where the server had cut the one of before."""
    try:
        return read()
    except (OperationalError, InterfaceError):
        if is_sqlite() or database.in_transaction():
            raise
        let_go()
        return read()


def let_go() -> None:
    """Close this thread's connection after a fault, so that the next question opens one that works."""
    if not is_sqlite() and not database.in_transaction():
        with suppress(DatabaseError, InterfaceError):
            database.close()


def is_sqlite() -> bool:
    return isinstance(database.obj, SqliteDatabase)


def one_at_a_time(rows: Any) -> None:
    """Within a transaction: wait until nobody else is at the rows of this query, and keep them to ourselves to its end.

    In SQLite a transaction is alone anyway."""
    if not is_sqlite():
        list(rows.for_update("FOR NO KEY UPDATE").tuples())


# The short writes of this process queue here, where the next is woken at once; at SQLite each would sleep and try again.
turn = Lock()


@contextmanager
def patience(seconds: float) -> Iterator[None]:
    """A short write: it waits no longer than this for others to finish theirs. PostgreSQL makes nobody wait.

    Raises OperationalError when its turn does not come; not for use within a transaction."""
    if not is_sqlite():
        yield
        return
    if not turn.acquire(timeout=seconds):
        raise OperationalError("Others did not finish writing.")
    try:
        connection = database.connection()
        connection.execute(f"PRAGMA busy_timeout = {int(seconds * 1000)}")
        try:
            yield
        finally:
            connection.execute(f"PRAGMA busy_timeout = {SQLITE_PRAGMAS['busy_timeout']}")
    finally:
        turn.release()


class Remembered(Model):  # type: ignore[misc]
    """What every table shares: it saves only what was changed, so a stale copy cannot overwrite a claimed stage."""

    class Meta:
        database = database
        legacy_table_names = False
        only_save_dirty = True


class WordField(EnumField):  # type: ignore[misc]
    """One word of a vocabulary, refused by the database as well when it is not in it."""

    def bind(self, model: Any, name: str, set_attribute: bool = True) -> None:
        super().bind(model, name, set_attribute)
        self.words = {word.value: word for word in self.enum_class}
        listed = ", ".join(f"'{word}'" for word in self.words)
        self.constraints = [Check(f'"{self.column_name}" IN ({listed})')]

    def python_value(self, value: Any) -> Any:
        return None if value is None else self.words[value]


class MomentField(DateTimeField):  # type: ignore[misc]
    """A moment: aware UTC in the code, naive UTC to the second in the database. Refuses a naive datetime."""

    def db_value(self, value: datetime | None) -> Any:
        if isinstance(value, datetime):
            if value.tzinfo is None:
                raise ValueError("A moment needs its time zone.")
            value = value.astimezone(UTC).replace(tzinfo=None, microsecond=0)
        return super().db_value(value)

    def python_value(self, value: Any) -> datetime | None:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
        return moment and moment.replace(tzinfo=UTC)


class SealedField(TextField):  # type: ignore[misc]
    """Text that the database holds encrypted, bound to its column; empty text and NULL stay as they are.

    Equal values are sealed differently each time, so none is found by comparing. With `traced_by` another column of the
    table, a `CharField`, holds the keyed hash of whatever is set, and is what a query compares."""

    def __init__(self, *args: Any, traced_by: str = "", **kwargs: Any) -> None:
        self.traced_by = traced_by
        if traced_by:
            self.accessor_class = TracedAccessor
        super().__init__(*args, **kwargs)

    @property
    def about(self) -> str:
        """What the ciphertext is bound to: the table and the column."""
        return f"{self.model._meta.table_name}.{self.column_name}"

    def trace(self, value: Any) -> str:
        """The keyed hash by which this value is found; empty where there is nothing to find."""
        return vault().trace(self.spelled(value), self.about) if value else ""

    def db_value(self, value: Any) -> Any:
        return vault().seal(self.spelled(value).encode(), self.about) if value else value

    def python_value(self, value: Any) -> Any:
        return self.read(vault().open(value, self.about).decode()) if value else value

    def spelled(self, value: Any) -> str:
        return str(value)

    def read(self, text: str) -> Any:
        return text


class SealedDateField(SealedField):
    """A day that the database holds encrypted."""

    def spelled(self, value: date | str) -> str:
        return date.fromisoformat(str(value)).isoformat()

    def read(self, text: str) -> date:
        return date.fromisoformat(text)


class TracedAccessor(FieldAccessor):  # type: ignore[misc]
    """Whoever sets a sealed value sets its keyed hash with it."""

    def __set__(self, instance: Any, value: Any) -> None:
        super().__set__(instance, value)
        setattr(instance, self.field.traced_by, self.field.trace(value))
