"""A backup read back into an empty place, everything verified before it counts; and the nightly round of backups."""

import hashlib
import json
import shutil
import tarfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from filecmp import cmp
from pathlib import Path
from typing import IO, Any

from peewee import Database, SqliteDatabase

from portal import clock, outside
from portal.audit import guard
from portal.audit.verify import verify as verify_trail
from portal.backup import (
    ABOUT,
    NAME,
    BackupError,
    back_up,
    chunks_of,
    cipher,
    described,
    documents,
    kind_of,
    line,
    postgres,
    read_keys,
    working_folder,
)
from portal.config import Config
from portal.db import database, open_database
from portal.ime.files import verify
from portal.outside.store import CHUNK, Store
from portal.rotation import OtherKeys, refuse_other_keys
from portal.schema import migrate_database

DAILY, WEEKLY = 7, 4
UNFINISHED = timedelta(days=1)  # after which what a killed backup left behind is removed
NOT_WHOLE = (
    "This backup does not open: it is cut off, was altered, is no backup, or was made with another key."
)


def restore(
    config: Config, file: Path, target: Database | None = None, store: Store | None = None
) -> dict[str, Any]:
    """Fill an empty database and store (the portal's own by default) from the file; returns its manifest.

    Raises BackupError, and leaves both empty, where anything in the file is not as it was written."""
    target, store = target or database.obj, store or outside.store()
    if target.get_tables() or next(store.keys(), None):
        raise BackupError(
            "A backup is restored only into an empty place: this one has a database or files already."
        )
    with unpacked(config, file, store) as (place, manifest):
        if manifest["database"] != kind_of(target):
            raise BackupError(
                f"This backup is of {manifest['database']}, and DATABASE_URL is {kind_of(target)}."
            )
        try:
            refuse_other_keys(manifest["sealed_with"])
        except OtherKeys as failure:
            raise BackupError(str(failure)) from failure
        load(place / "database", target, lambda loaded: bring_up(loaded, store, manifest))
    return manifest


@contextmanager
def unpacked(config: Config, file: Path, store: Store) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The parts of a backup, verified: documents in the store, the rest in a folder. A failure empties the store."""
    import tink

    keys = read_keys(config.backup_key_file)
    with working_folder(config) as folder:
        place = Path(folder)
        try:
            try:
                with file.open("rb") as sealed, cipher(keys).new_decrypting_stream(sealed, ABOUT) as stream:
                    manifest = unpack(stream, store, place)
            except (tink.TinkError, tarfile.TarError, ValueError, EOFError) as failure:
                raise BackupError(NOT_WHOLE) from failure
            yield place, manifest
        except BaseException:
            forget(store)
            raise


def unpack(stream: IO[bytes], store: Store, place: Path) -> dict[str, Any]:
    """Read every part to the last byte and compare it with the list. Raises ValueError where they differ."""
    text = b""
    with tarfile.open(fileobj=stream, mode="r|", bufsize=CHUNK) as tar, (place / "seen").open("w") as seen:
        while part := tar.next():
            content = tar.extractfile(part)
            tar.members.clear()  # it would remember every part
            if content is None:
                raise ValueError(part.name)
            if part.name == "manifest.json":
                text = content.read()
            elif part.name == "parts":
                write(content, place / "parts")
            elif part.name == "database":
                seen.write(line(write(content, place / "database"), part.size, "database"))
            else:
                key = part.name.removeprefix("files/")
                stored = store.put(content, limit=part.size, key=key)
                seen.write(line(stored.sha256, stored.size, part.name))
    while stream.read(CHUNK):
        pass  # the end of the file is authenticated when it is reached
    if not cmp(place / "seen", place / "parts", shallow=False):
        raise ValueError("parts")
    return dict(json.loads(text))


def write(content: IO[bytes], path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("wb") as file:
        for chunk in chunks_of(content):
            digest.update(chunk)
            file.write(chunk)
    return digest.hexdigest()


def load(copy: Path, target: Database, check: Callable[[Database], None]) -> None:
    """Put the copy into the empty database if it passes the check; else the database stays empty."""
    if isinstance(target, SqliteDatabase):
        staged = open_database(f"sqlite:///{copy}")
        with closing(staged):
            check(staged)
            staged.connection().backup(target.connection())
        return
    try:
        postgres("pg_restore", "--no-owner", "--single-transaction", "--exit-on-error", str(copy), on=target)
        check(target)
    except BaseException:
        for table in target.get_tables():
            target.execute_sql(f'DROP TABLE "{table}" CASCADE')
        for function in guard.FUNCTIONS:
            target.execute_sql(f"DROP FUNCTION IF EXISTS {function}")
        raise


def bring_up(loaded: Database, store: Store, manifest: dict[str, Any]) -> None:
    """Compare with the manifest, run the migrations since, and read every document's bytes again."""
    held = described(loaded)
    if any(held[what] != manifest[what] for what in held):
        raise BackupError("The database in this backup is not the one its manifest describes.")
    migrate_database(loaded)
    trail = verify_trail(loaded, anchored=None)
    if not trail.is_whole:
        raise BackupError(f"The audit trail in this backup is not whole. {trail.first}")
    lost = sum(
        not case_key or not verify(store, key, sha256, case_key)
        for key, sha256, case_key in documents(loaded)
    )
    if lost:
        raise BackupError(f"{lost} documents could not be read again as they were filed.")


def forget(store: Store) -> None:
    """Empty a store that was empty before."""
    for key in list(store.keys()):
        store.delete(key)
    store.sweep_unfinished(clock.now() + UNFINISHED)


# --- every night ---


def nightly(config: Config) -> Path:
    """Make a backup, restore it into a temporary place, and only then let old generations go. Raises BackupError."""
    assert config.backup_folder
    sweep(config.backup_folder, config.instance)
    made, _ = back_up(config, config.backup_folder)
    try:
        rehearse(config, made)
    except BaseException:
        made.rename(made.with_suffix(".part"))  # no generation: it must not push out a good one
        raise
    found = generations(config.backup_folder)
    for moment in found.keys() - to_keep(found):
        found[moment].unlink()
    return made


def rehearse(config: Config, file: Path) -> dict[str, Any]:
    """Restore the file into a temporary place; of PostgreSQL the dump is read to its end, for want of a second server."""
    with working_folder(config) as folder:
        store = Store(f"file://{folder}/files")
        if kind_of(database.obj) == "sqlite":
            with closing(open_database(f"sqlite:///{folder}/portal.db")) as target:
                return restore(config, file, target, store)
        with unpacked(config, file, store) as (place, manifest):
            postgres("pg_restore", "--file=/dev/null", str(place / "database"))
            return manifest


def generations(folder: Path) -> dict[datetime, Path]:
    """The backups in the folder by their moment; other files are not ours."""
    found = {}
    for path in folder.glob("impartial-*.backup"):
        with suppress(ValueError):
            found[datetime.strptime(path.name, NAME).replace(tzinfo=UTC)] = path
    return found


def to_keep(moments: Iterable[datetime]) -> set[datetime]:
    """The last backup of each of the last 7 days, and of each of the last 4 weeks, that have one."""
    days: dict[Any, datetime] = {}
    weeks: dict[Any, datetime] = {}
    for moment in sorted(moments):
        days[moment.date()] = weeks[moment.isocalendar()[:2]] = moment
    return {*list(days.values())[-DAILY:], *list(weeks.values())[-WEEKLY:]}


def sweep(folder: Path, instance: Path) -> None:
    """Remove what backups that were killed more than a day ago left behind."""
    before = (clock.now() - UNFINISHED).timestamp()
    for path in [*folder.glob("impartial-*.part"), *instance.glob("backup-*/")]:
        if path.stat().st_mtime < before:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
