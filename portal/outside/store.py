"""Keeps the bytes of documents under generated keys: on disk, in S3, or in memory, by URL."""

import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol
from urllib.parse import unquote, urlsplit

import obstore
from obstore.store import LocalStore, MemoryStore, ObjectStore, from_url

if TYPE_CHECKING:
    from obstore.store import RetryConfig

CHUNK = 1024 * 1024
IN_ONE_PIECE = 8 * CHUNK
AT_ONCE = 3  # parts of 5 MB on their way at the same time, and so what an upload holds in memory
KEY = re.compile(r"[0-9a-f]{32}")
# Somebody waits for the answer: a bucket that is away is said to be so within seconds, not minutes.
RETRIES: "RetryConfig" = {"max_retries": 2, "retry_timeout": timedelta(seconds=15)}


class Stored(NamedTuple):
    """What came of a put: the generated key, the SHA-256 in hex, the size in bytes."""

    key: str
    sha256: str
    size: int


class TooLarge(Exception):
    """The stream went past the limit, in bytes; nothing was stored."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        super().__init__(f"The file is larger than {limit / 1_000_000:,.3g} MB.")


class EmptyFile(Exception):
    """The stream held no byte; nothing was stored."""

    def __init__(self) -> None:
        super().__init__("The file is empty.")


class BadKey(ValueError):
    """The key is not one this store could have made, or it leads out of the store."""


class NotStored(LookupError):
    """No bytes are kept under this key."""


class StoreGone(OSError):
    """The store itself does not answer, which says nothing of what it keeps."""


class Readable(Protocol):
    """What is read like a file."""

    def read(self, size: int, /) -> bytes: ...


class Store:
    """Documents by key at `file:///folder`, `s3://bucket/prefix` or `memory:`; a key is written once."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.folder = Path(unquote(parts.path)) if parts.scheme == "file" else None
        self._objects = _objects(url, self.folder)

    def put(self, stream: Readable, *, limit: int, key: str = "") -> Stored:
        """Store at most `limit` bytes read from the stream; durable on return, nothing kept on refusal.

        A key is given where the bytes are bound to it: sealed ones, and those of a restored backup."""
        key = key or new_key()
        self._refuse_foreign(key)
        measured = Measured(stream, limit)
        first = measured.read_up_to(IN_ONE_PIECE)
        if not first:
            raise EmptyFile
        self._write(key, first, measured)
        return Stored(key, measured.sha256, measured.size)

    def open(self, key: str) -> Iterator[bytes]:
        """The content in chunks of about 1 MB; raises NotStored before the first chunk is asked for."""
        self._refuse_foreign(key)
        try:
            found = obstore.get(self._objects, key)
        except FileNotFoundError:
            self._refuse_while_gone()
            raise NotStored(key) from None
        return (bytes(chunk) for chunk in found.stream(min_chunk_size=CHUNK))

    def read(self, key: str) -> bytes:
        """The whole content."""
        return b"".join(self.open(key))

    def exists(self, key: str) -> bool:
        """Whether bytes are kept under this key."""
        self._refuse_foreign(key)
        try:
            obstore.head(self._objects, key)
        except FileNotFoundError:
            self._refuse_while_gone()
            return False
        return True

    def size(self, key: str) -> int:
        """How many bytes are kept under this key. Raises NotStored."""
        self._refuse_foreign(key)
        try:
            return int(obstore.head(self._objects, key)["size"])
        except FileNotFoundError:
            raise NotStored(key) from None

    def delete(self, key: str) -> None:
        """Remove the content; a key that is already gone is no error."""
        if self.exists(key):
            obstore.delete(self._objects, key)

    def keys(self, before: datetime | None = None) -> Iterator[str]:
        """Every key, or those last written before that moment (with time zone), for the sweep of orphans."""
        for listed in obstore.list(self._objects):
            for entry in listed:
                if KEY.fullmatch(entry["path"]) and (before is None or entry["last_modified"] < before):
                    yield entry["path"]

    def verify(self, key: str, sha256: str) -> bool:
        """Whether the content is still there and still has this SHA-256 (hex)."""
        digest = hashlib.sha256()
        try:
            for chunk in self.open(key):
                digest.update(chunk)
        except NotStored:
            return False
        return hmac.compare_digest(digest.hexdigest(), sha256)

    def sweep_unfinished(self, before: datetime) -> int:
        """Remove what uploads cut off before that moment left on disk; returns how many files."""
        staged = self.folder.glob("*#*") if self.folder else ()
        stale = [path for path in staged if path.stat().st_mtime < before.timestamp()]
        for path in stale:
            path.unlink(missing_ok=True)
        return len(stale)

    def _write(self, key: str, first: bytes, rest: "Measured") -> None:
        # A conditional put holds the whole content in memory, so a large file goes in parts:
        # its key is 128 random bits, and nothing here writes to a key that exists.
        if len(first) < IN_ONE_PIECE:
            obstore.put(self._objects, key, first, mode="create")
        else:
            parts = chain([first], rest)
            obstore.put(self._objects, key, parts, use_multipart=True, max_concurrency=AT_ONCE)
        if self.folder:
            _make_durable(self.folder / key)

    def _refuse_while_gone(self) -> None:
        if self.folder and not self.folder.is_dir():
            raise StoreGone("The folder of the store is gone.")

    def _refuse_foreign(self, key: str) -> None:
        if not KEY.fullmatch(key):
            raise BadKey("This is not a key of the store.")
        if self.folder and (self.folder / key).is_symlink():
            raise BadKey("This key leads out of the store.")


def new_key() -> str:
    """A key that no file has: 128 random bits."""
    return secrets.token_hex(16)


class Measured:
    """Reads a stream in chunks, counting and hashing on the way; raises TooLarge at the first byte over."""

    def __init__(self, stream: Readable, limit: int) -> None:
        self.stream, self.limit, self.size = stream, limit, 0
        self._digest = hashlib.sha256()

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def __iter__(self) -> Iterator[bytes]:
        while chunk := self.read_up_to(CHUNK):
            yield chunk

    def read_up_to(self, size: int) -> bytes:
        parts = []
        while size > 0 and (part := self._read(min(size, CHUNK))):
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def _read(self, size: int) -> bytes:
        part = self.stream.read(size)
        self.size += len(part)
        if self.size > self.limit:
            raise TooLarge(self.limit)
        self._digest.update(part)
        return part


def _objects(url: str, folder: Path | None) -> ObjectStore:
    if url.startswith("memory:"):
        return MemoryStore()
    if folder is None:
        return from_url(url, retry_config=RETRIES)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    return LocalStore(prefix=folder)


def _make_durable(path: Path) -> None:
    path.chmod(0o600)
    for flushed in (path, path.parent):
        handle = os.open(flushed, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
