"""The files of an expert's profile: evidence of a credential, a sample report. Each is sealed with a key of its own."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

from portal import audit, outside
from portal.db import database
from portal.ime.files import verify
from portal.ime.intake import Arrival, copy
from portal.ime.process import Refusal
from portal.models import Expert, ExpertFile, User
from portal.outside import files
from portal.outside.inspect import Refused, clean_name, inspect_file
from portal.words import Act, ExpertPaper

FILE_LIMIT = 20 * 1024 * 1024
TAKEN = ("application/pdf", "image/jpeg", "image/png")


def add_sample_report(expert: Expert, name: str, stream: BinaryIO, *, by: User) -> ExpertFile:
    """Keep a sample report in place of the one before. Raises Refusal at the field `file`."""
    return add_file(expert, ExpertPaper.SAMPLE_REPORT, name, stream, by=by, settle=replace_samples)


def add_file(
    expert: Expert,
    kind: ExpertPaper,
    name: str,
    stream: BinaryIO,
    *,
    by: User,
    settle: Callable[[ExpertFile], list[str]],
) -> ExpertFile:
    """Inspect, seal and keep a file: PDF or a picture, up to 20 MB. Call it outside a transaction. `settle` puts the new
    row in its place within the same transaction, and returns the keys of the bytes that nobody needs any more. Raises
    Refusal with the reason, at the field `file`."""
    with TemporaryDirectory(prefix="expert-") as folder:
        arrival = copy(stream, Arrival(clean_name(name), Path(folder) / "file"))
        media_type = inspected(arrival)
        sealed = files.new_case_key()
        with arrival.path.open("rb") as plain:
            stored = files.keep(outside.store(), plain, sealed, limit=FILE_LIMIT)
    with deleted_unless_kept(stored.key):
        with database.atomic():
            row = ExpertFile.create(
                expert=expert,
                kind=kind,
                name=arrival.name,
                media_type=media_type,
                size=stored.size,
                sha256=stored.sha256,
                key=stored.key,
                sealed=sealed,
                filed_by=by,
            )
            audit.record(Act.CREATED, row)
            before = settle(row)
        remove_bytes(before)
    return row


def inspected(arrival: Arrival) -> str:
    """The media type of a file that will do."""
    if isinstance(arrival.verdict, Refused) or arrival.path.stat().st_size > FILE_LIMIT:
        raise Refusal("This file is larger than 20 MB. Save it smaller, and choose it again.", field="file")
    try:
        found = inspect_file(arrival.path, arrival.name)
    except Refused as refused:
        raise Refusal(refused.sentence, field="file") from refused
    if found.media_type not in TAKEN:
        raise Refusal("Choose a PDF or a picture.", field="file")
    return found.media_type


@contextmanager
def deleted_unless_kept(key: str) -> Iterator[None]:
    """What was stored goes again when its row could not be written."""
    try:
        yield
    except BaseException:
        outside.store().delete(key)
        raise


def replace_samples(row: ExpertFile) -> list[str]:
    """The rows of the sample reports before this one go; returns the keys of their bytes."""
    others = ExpertFile.select().where(
        (ExpertFile.expert == row.expert) & (ExpertFile.kind == row.kind) & (ExpertFile.id != row.id)
    )
    return [remove_row(other) for other in others]


def remove_row(row: ExpertFile) -> str:
    """Within a transaction: the row goes; returns the key of its bytes, to be deleted after it."""
    audit.record(Act.REMOVED, row)
    row.delete_instance()
    return str(row.key)


def remove_bytes(keys: list[str]) -> None:
    for key in keys:
        outside.store().delete(key)


def is_intact(row: ExpertFile) -> bool:
    """Whether the bytes in the store are still those that were filed, by their SHA-256."""
    return verify(outside.store(), row.key, row.sha256, row.sealed)


def open_file(row: ExpertFile) -> Iterator[bytes]:
    """The plain content in chunks. Raises NotStored at once, Unreadable where a chunk is not as it was sealed."""
    return files.open_sealed(outside.store(), row.key, row.sealed)


def sample_report(expert: Expert) -> ExpertFile | None:
    found: ExpertFile | None = expert.files.where(ExpertFile.kind == ExpertPaper.SAMPLE_REPORT).first()
    return found
