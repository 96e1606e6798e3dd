"""Sealing: a report or an addendum as a PDF whose hash anybody can check years later."""

import hashlib
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from portal import clock, outside, written
from portal.ime import files, letters
from portal.ime.records import StoredFile
from portal.models import Case, Document


@dataclass(frozen=True)
class Sealed:
    """A rendered PDF in the store, and the fingerprint of the words it was made from."""

    file: StoredFile
    fingerprint: str
    signed_at: datetime


def fingerprint(words: Any) -> str:
    """SHA-256 over the canonical JSON of what is signed."""
    return hashlib.sha256(json.dumps(words, sort_keys=True, default=str).encode()).hexdigest()


def seal(case: Case, letter: str, name: str, words: dict[str, Any]) -> Sealed:
    """Render the letter as signed now and store it; nothing is signed yet. Call it outside a transaction."""
    from portal.outside import pdf

    signed_at = clock.now()
    zone = letters.zone(case)
    local = signed_at.astimezone(ZoneInfo(zone))
    signature = {
        **words["signature"],
        "signed": f"{written.day(signed_at, zone)}, {written.clock_face(local)} {local:%Z}",
    }
    rendered = pdf.render(letter, {**words, "dated": local.date().isoformat(), "signature": signature})
    stored = files.keep(case, io.BytesIO(rendered), limit=len(rendered))
    file = StoredFile(name, "application/pdf", stored.size, stored.sha256, stored.key, page_count(rendered))
    return Sealed(file, fingerprint(words), signed_at)


@contextmanager
def kept_only_if_filed(made: Sealed | StoredFile) -> Iterator[None]:
    """Around the step that signs or sends: when no document came of the bytes, they leave the store again."""
    key = (made.file if isinstance(made, Sealed) else made).key
    try:
        yield
    finally:
        if not Document.select().where(Document.key == key).exists():
            outside.store().delete(key)


def page_count(rendered: bytes) -> int:
    """The pages of a PDF that the portal made itself."""
    import pikepdf

    with pikepdf.open(io.BytesIO(rendered)) as opened:
        return len(opened.pages)
