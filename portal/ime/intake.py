"""Incoming files: inspected together, put into the store, and gone again unless a document came of them."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

from portal import clock, outside
from portal.ime import files
from portal.ime.records import StoredFile
from portal.models import Case, Document, ExpertFile
from portal.outside.inspect import Inspected, Refused, clean_name, inspect_files

FILE_LIMIT = 100 * 1024 * 1024
CHUNK = 1024 * 1024
LEFT_ALONE = timedelta(days=1)
AT_ONCE = 500

TOO_LARGE = "This file is larger than {} MB. Split it into parts and upload those."
ALREADY_HELD = "The case already holds this very file, so it was not filed again."
CHOSEN_TWICE = "You chose this file twice, so it was filed once."


@dataclass
class Intake:
    """What became of the files: those in the store, and for each that was refused `name: why`."""

    files: list[StoredFile] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


@dataclass
class Arrival:
    """One file on its way in: its cleaned name, a copy on disk, its SHA-256, and what was found."""

    name: str
    path: Path
    sha256: str = ""
    verdict: Inspected | Refused | None = None


@contextmanager
def taken_in(case: Case, incoming: Sequence[tuple[str, BinaryIO]]) -> Iterator[Intake]:
    """Take in files as `(name, stream)`, to be filed within the block, outside a transaction.

    Whatever has no document when the block ends, however it ends, is taken out of the store again."""
    intake = Intake()
    try:
        with TemporaryDirectory(prefix="intake-") as folder:
            for arrival in inspected(case, copied(incoming, Path(folder))):
                keep_or_refuse(case, arrival, intake)
        yield intake
    finally:
        delete_unfiled([file.key for file in intake.files])


def copied(incoming: Iterable[tuple[str, BinaryIO]], folder: Path) -> list[Arrival]:
    """Every stream as a file of its own, cut off where it passes the limit."""
    return [
        copy(stream, Arrival(clean_name(name), folder / str(number)))
        for number, (name, stream) in enumerate(incoming)
    ]


def copy(stream: BinaryIO, arrival: Arrival) -> Arrival:
    """Write the stream to the arrival's path, hashing on the way."""
    digest, size = hashlib.sha256(), 0
    with arrival.path.open("wb") as file:
        while chunk := stream.read(CHUNK):
            size += len(chunk)
            if size > FILE_LIMIT:
                arrival.verdict = Refused(TOO_LARGE.format(FILE_LIMIT // CHUNK))
                break
            digest.update(chunk)
            file.write(chunk)
    arrival.sha256 = digest.hexdigest()
    return arrival


def inspected(case: Case, arrivals: list[Arrival]) -> list[Arrival]:
    """The same arrivals, each with its verdict: what it is, or why it is refused."""
    refuse_doubles(case, arrivals)
    waiting = [arrival for arrival in arrivals if arrival.verdict is None]
    verdicts = inspect_files([(arrival.path, arrival.name) for arrival in waiting])
    for arrival, verdict in zip(waiting, verdicts, strict=True):
        arrival.verdict = verdict
    return arrivals


def refuse_doubles(case: Case, arrivals: list[Arrival]) -> None:
    """Refuse what the case holds already, and all but the first of equal files."""
    held = held_by(case, [arrival.sha256 for arrival in arrivals])
    seen: set[str] = set()
    for arrival in arrivals:
        if arrival.verdict is None and arrival.sha256 in held | seen:
            arrival.verdict = Refused(ALREADY_HELD if arrival.sha256 in held else CHOSEN_TWICE)
        seen.add(arrival.sha256)


def held_by(case: Case, hashes: list[str]) -> set[str]:
    rows = Document.select(Document.sha256).where((Document.case == case) & Document.sha256.in_(hashes))
    return {row.sha256 for row in rows}


def keep_or_refuse(case: Case, arrival: Arrival, intake: Intake) -> None:
    """Put what was found good into the store, and note why the rest was not."""
    if isinstance(arrival.verdict, Inspected):
        intake.files.append(keep(case, arrival, arrival.verdict))
    elif arrival.verdict:
        intake.refused.append(f"{arrival.name}: {arrival.verdict.sentence}")


def keep(case: Case, arrival: Arrival, found: Inspected) -> StoredFile:
    with arrival.path.open("rb") as file:
        stored = files.keep(case, file, limit=FILE_LIMIT)
    return StoredFile(
        arrival.name, found.media_type, stored.size, stored.sha256, stored.key, pages=found.pages
    )


def delete_unfiled(keys: list[str]) -> int:
    """Take out of the store what no document and no file of an expert names; returns how many."""
    filed = {
        row.key
        for table in (Document, ExpertFile)
        for row in table.select(table.key).where(table.key.in_(keys))
    }
    orphans = [key for key in keys if key not in filed]
    for key in orphans:
        outside.store().delete(key)
    return len(orphans)


def sweep_orphans() -> int:
    """Take out of the store what is older than a day and has no document; returns how many files.

    They come of a machine that stopped between storing and filing, and of documents removed from a draft."""
    store, before = outside.store(), clock.now() - LEFT_ALONE
    keys = store.keys(before)
    swept = store.sweep_unfinished(before)
    while some := list(islice(keys, AT_ONCE)):
        swept += delete_unfiled(some)
    return swept
