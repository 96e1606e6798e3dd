"""Sealing: a report or an addendum as a PDF whose hash anybody can check years later."""

import hashlib
import io
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from portal import clock, outside
from portal.ime.records import StoredFile


@dataclass(frozen=True)
class Sealed:
    """A rendered PDF in the store, and the fingerprint of the words it was made from."""

    file: StoredFile
    fingerprint: str
    signed_at: datetime


def fingerprint(words: dict[str, Any]) -> str:
    """SHA-256 over the canonical JSON of what is signed."""
    return hashlib.sha256(json.dumps(words, sort_keys=True, default=str).encode()).hexdigest()


def seal(letter: str, name: str, words: dict[str, Any], zone: str) -> Sealed:
    """Render the letter as signed now and store it; nothing is signed yet. Call it outside a transaction."""
    from portal.outside import pdf

    signed_at = clock.now()
    local = signed_at.astimezone(ZoneInfo(zone))
    signature = {**words["signature"], "signed": f"{local:%B} {local.day}, {local.year}, {local:%H:%M %Z}"}
    rendered = pdf.render(letter, {**words, "dated": local.date().isoformat(), "signature": signature})
    stored = outside.store().put(io.BytesIO(rendered), limit=len(rendered))
    file = StoredFile(name, "application/pdf", stored.size, stored.sha256, stored.key, page_count(rendered))
    return Sealed(file, fingerprint(words), signed_at)


def page_count(rendered: bytes) -> int:
    """The pages of a PDF that the portal made itself."""
    import pikepdf

    with pikepdf.open(io.BytesIO(rendered)) as opened:
        return len(opened.pages)
