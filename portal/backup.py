"""One encrypted file holds the whole portal: made while it runs; `portal.restore` reads it back.

Inside the encryption is a tar: `database`, `files/<key>` of every document as the store holds it, sealed, `parts` (SHA-256, size and name of each of
those), `manifest.json`. Each piece is authenticated before it is used, and the end of the file is authenticated too."""

import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import tarfile
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any
from urllib.parse import urlsplit

from peewee import JOIN, Database, SqliteDatabase
from playhouse.migrations import Runner

from portal import clock, outside
from portal.config import Config
from portal.db import database, open_database
from portal.ime.files import verify
from portal.models import TABLES, CaseKey, Document, ExpertFile
from portal.outside.store import CHUNK, NotStored
from portal.rotation import keys_in_use
from portal.schema import MIGRATIONS

ABOUT = b"impartial backup 1"  # authenticated with every file, so that no other file of the same key passes for one
NAME = "impartial-%Y%m%dT%H%M%SZ.backup"


class BackupError(Exception):
    """The backup was not made or not restored; the message is a sentence for whoever runs the portal."""


# --- keys ---


def make_key(path: Path) -> None:
    """Write a new key, readable by its owner alone. Raises FileExistsError rather than replace one."""
    import tink
    from tink import json_proto_keyset_format, secret_key_access, streaming_aead

    streaming_aead.register()
    made = tink.new_keyset_handle(streaming_aead.streaming_aead_key_templates.AES256_GCM_HKDF_1MB)
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
        file.write(json_proto_keyset_format.serialize(made, secret_key_access.TOKEN))


def read_keys(path: Path | None) -> Any:
    """The keyset in the file; one with several keys encrypts with its primary and opens with each."""
    import tink
    from tink import json_proto_keyset_format, secret_key_access, streaming_aead

    if path is None:
        raise BackupError(
            "IMPARTIAL_BACKUP_KEY_FILE names no key. `flask --app wsgi backup-key <path>` makes one."
        )
    if not path.is_file():
        raise BackupError("The file that IMPARTIAL_BACKUP_KEY_FILE names is not there.")
    if path.stat().st_mode & 0o077:
        raise BackupError("The backup key can be read by others: chmod 600 it.")
    streaming_aead.register()
    try:
        return json_proto_keyset_format.parse(path.read_text(), secret_key_access.TOKEN)
    except (tink.TinkError, UnicodeDecodeError) as failure:
        raise BackupError("The file that IMPARTIAL_BACKUP_KEY_FILE names holds no backup key.") from failure


def cipher(keys: Any) -> Any:
    from tink import streaming_aead

    return keys.primitive(streaming_aead.StreamingAead)


# --- making one ---


def back_up(config: Config, folder: Path) -> tuple[Path, dict[str, Any]]:
    """Copy the running portal into a new file in the folder; returns the file and its manifest, or raises BackupError."""
    keys, moment = read_keys(config.backup_key_file), clock.now()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    whole = folder / moment.strftime(NAME)
    begun = whole.with_suffix(".part")
    written = os.fdopen(os.open(begun, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb")
    try:
        with written, working_folder(config) as place:
            manifest = pack(written, keys, place, moment)
        make_durable(begun)
        begun.replace(whole)
        make_durable(folder)
    except BaseException:
        begun.unlink(missing_ok=True)
        raise
    return whole, manifest


def working_folder(config: Config) -> TemporaryDirectory[str]:
    """A folder beside the data, for copies that are not encrypted yet: no less guarded than the data itself."""
    return TemporaryDirectory(prefix="backup-", dir=config.instance)


def pack(written: IO[bytes], keys: Any, place: str, moment: datetime) -> dict[str, Any]:
    """Write every part into the encrypted stream, the database as it stood at one moment; returns the manifest."""
    copy, listed = Path(place) / "database", Path(place) / "parts"
    with (
        standing_still(copy) as still,
        cipher(keys).new_encrypting_stream(written, ABOUT) as stream,
        tarfile.open(fileobj=stream, mode="w|", bufsize=CHUNK, copybufsize=CHUNK) as tar,
    ):
        manifest = {
            "moment": moment.isoformat(),
            "key": keys.keyset_info().primary_key_id,
            **described(still),
        }
        with listed.open("w") as parts:
            with copy.open("rb") as file:
                sha256 = add(tar, "database", copy.stat().st_size, chunks_of(file))
            parts.write(line(sha256, copy.stat().st_size, "database"))
            for document in documents(still):
                parts.write(add_document(tar, *document))
        with listed.open("rb") as file:
            add(tar, "parts", listed.stat().st_size, chunks_of(file))
        text = json.dumps(manifest).encode()
        add(tar, "manifest.json", len(text), iter([text]))
    return manifest


def line(sha256: str, size: int, name: str) -> str:
    return f"{sha256} {size} {name}\n"


def described(still: Database) -> dict[str, Any]:
    """What the manifest says of a database: its kind, its migrations, how many rows each table has, and the ids of the
    keys that open what is sealed in it; the keys themselves are in no backup."""
    kept = set(still.get_tables())
    rows = {
        model._meta.table_name: model.select().count(still)
        for model in TABLES
        if model._meta.table_name in kept
    }
    if not rows:
        raise BackupError("The database is empty: there is nothing to back up.")
    migrations = sorted(Runner(still, directory=str(MIGRATIONS)).applied())
    return {
        "database": kind_of(still),
        "migrations": migrations,
        "rows": rows,
        "sealed_with": keys_in_use(still),
    }


def kind_of(target: Database) -> str:
    return "sqlite" if isinstance(target, SqliteDatabase) else "postgresql"


@contextmanager
def standing_still(copy: Path) -> Iterator[Database]:
    """Copy the database into the file while others write; what is yielded reads the very state that was copied."""
    if isinstance(database.obj, SqliteDatabase):
        with closing(
            sqlite3.connect(copy)
        ) as plain:  # closed before it is read: nothing of it is left in a log
            database.connection().backup(plain)
        with closing(open_database(f"sqlite:///{copy}")) as still:
            yield still
        return
    with database.atomic():
        database.execute_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        [[snapshot]] = database.execute_sql("SELECT pg_export_snapshot()").fetchall()
        postgres("pg_dump", f"--snapshot={snapshot}", "--format=custom", f"--file={copy}", on=database.obj)
        yield database.obj


def postgres(program: str, *words: str, on: Database | None = None) -> None:
    """Run a program of PostgreSQL, on a database if given, whose password no list of processes shows."""
    found = shutil.which(program)
    if not found:
        raise BackupError(
            f"{program} is not installed: a backup of PostgreSQL needs the programs of its client."
        )
    reached = on.connection().info if on else None
    place = ["--no-password", f"--dbname={without_password(on.database)}"] if reached else []
    known = {**os.environ, "PGPASSWORD": reached.password} if reached else None
    ended = subprocess.run([found, *place, *words], env=known, capture_output=True, text=True)  # noqa: S603 - no word comes from outside
    if ended.returncode:
        raise BackupError(f"{program} failed: {ended.stderr.strip()[-300:]}")


def without_password(url: str) -> str:
    parts = urlsplit(url)
    user, at, place = parts.netloc.rpartition("@")
    return parts._replace(netloc=user.partition(":")[0] + at + place).geturl()


def documents(still: Database) -> Iterator[tuple[str, str, str]]:
    """Of every document its key in the store, its SHA-256 and the key of its case, without holding them all; then the same
    of the files of experts, each with its own key."""
    wanted = (
        Document.select(Document.id, Document.key, Document.sha256, CaseKey.sealed)
        .join(CaseKey, JOIN.LEFT_OUTER, on=(CaseKey.case == Document.case))
        .order_by(Document.id)
    )
    last = 0
    while rows := list(wanted.where(Document.id > last).limit(1000).tuples().execute(still)):
        yield from (row[1:] for row in rows)
        last = rows[-1][0]
    evidence = ExpertFile.select(ExpertFile.key, ExpertFile.sha256, ExpertFile.sealed).order_by(ExpertFile.id)
    yield from evidence.tuples().execute(still)


def add_document(tar: tarfile.TarFile, key: str, sha256: str, case_key: str | None) -> str:
    """Add a document as the store holds it, still sealed with the key of its case; returns its line in the list.

    Raises BackupError where the store does not hold what was filed."""
    store, name = outside.store(), f"files/{key}"
    try:
        if not case_key or not verify(store, key, sha256, case_key):
            raise BackupError(f"The store does not hold the file {key} as it was filed.")
        size = store.size(key)
        return line(add(tar, name, size, store.open(key)), size, name)
    except NotStored:
        raise BackupError(f"The store has lost the file {key}, which a document names.") from None


def add(tar: tarfile.TarFile, name: str, size: int, chunks: Iterable[bytes]) -> str:
    """Add one part of the size promised; returns the SHA-256 of all there was to read."""
    part, source = tarfile.TarInfo(name), Hashed(iter(chunks), name)
    part.size = size
    tar.addfile(part, source)  # type: ignore[arg-type]
    tar.members.clear()  # it would remember every part
    source.drain()
    return source.digest.hexdigest()


class Hashed:
    """Chunks, read as a file is, and hashed on the way."""

    def __init__(self, chunks: Iterator[bytes], name: str) -> None:
        self.chunks, self.name, self.rest, self.digest = chunks, name, b"", hashlib.sha256()

    def read(self, size: int) -> bytes:
        while len(self.rest) < size and (chunk := next(self.chunks, b"")):
            self.rest += chunk
        if len(self.rest) < size:
            raise BackupError(f"{self.name} in the store is shorter than what was filed.")
        part, self.rest = self.rest[:size], self.rest[size:]
        self.digest.update(part)
        return part

    def drain(self) -> None:
        for chunk in (self.rest, *self.chunks):
            self.digest.update(chunk)


def chunks_of(file: IO[bytes]) -> Iterator[bytes]:
    return iter(lambda: file.read(CHUNK), b"")


def make_durable(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
