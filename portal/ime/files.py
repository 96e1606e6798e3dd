"""The bytes of a case's documents: in the store they are sealed with the case's own key, which the vault seals in turn.

Without that key they are noise, in every copy: forgetting it is how a purge reaches what no longer can be deleted."""

import hashlib
import hmac
from collections.abc import Iterator

from portal import outside
from portal.models import Case, CaseKey, Document
from portal.outside import files
from portal.outside.store import NotStored, Readable, Store, Stored


def keep(case: Case, stream: Readable, *, limit: int) -> Stored:
    """Store at most `limit` bytes for the case; SHA-256 and size are of the plain file. Raises TooLarge, EmptyFile."""
    return files.keep(outside.store(), stream, key_of(case), limit=limit)


def key_of(case: Case) -> str:
    """The key of the case's files, made with the first of them."""
    made, _ = CaseKey.get_or_create(case=case, defaults={"sealed": files.new_case_key()})
    return str(made.sealed)


def open_file(document: Document) -> Iterator[bytes]:
    """The plain content in chunks. Raises NotStored at once, Unreadable where a chunk is not as it was sealed."""
    found = CaseKey.get_or_none(CaseKey.case == document.case_id)
    if found is None:
        raise NotStored(document.key)
    return files.open_sealed(outside.store(), document.key, found.sealed)


def read_file(document: Document) -> bytes:
    """The whole plain content."""
    return b"".join(open_file(document))


def is_intact(document: Document) -> bool:
    """Whether the bytes in the store are still those that were filed, by their SHA-256."""
    found = CaseKey.get_or_none(CaseKey.case == document.case_id)
    return found is not None and verify(outside.store(), document.key, document.sha256, found.sealed)


def verify(store: Store, key: str, sha256: str, case_key: str) -> bool:
    """Whether a store holds under the key, sealed for the case, content with this SHA-256 (hex)."""
    digest = hashlib.sha256()
    try:
        for chunk in files.open_sealed(store, key, case_key):
            digest.update(chunk)
    except (NotStored, files.Unreadable):
        return False
    return hmac.compare_digest(digest.hexdigest(), sha256)
