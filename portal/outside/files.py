"""A file sealed on its way into the store and opened on its way out, a megabyte at a time, with the key of its case.

Streaming AES-256-GCM by Tink: every megabyte is authenticated with its place, and the end of the file is too. `about`
binds the bytes to their key in the store, so that of two files neither passes for the other."""

import io
import json
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

from portal.outside.store import CHUNK, EmptyFile, Measured, Readable, Store, Stored, new_key

OVERHEAD = 1.01  # what encryption adds is far less: 16 bytes a megabyte, and 40 at the front


class Unreadable(Exception):
    """The bytes in the store are not those that were sealed there: altered, cut off, of another file or case."""


def new_case_key() -> str:
    """A new key for the files of one case, as text: whoever has it can read them."""
    import tink
    from tink import json_proto_keyset_format, secret_key_access, streaming_aead

    streaming_aead.register()
    made = tink.new_keyset_handle(streaming_aead.streaming_aead_key_templates.AES256_GCM_HKDF_1MB)
    return json.dumps(json.loads(json_proto_keyset_format.serialize(made, secret_key_access.TOKEN)))


def keep(store: Store, stream: Readable, case_key: str, *, limit: int) -> Stored:
    """Seal and store at most `limit` bytes of the stream; SHA-256 and size are those of what was read, not of what is
    stored. Raises TooLarge, EmptyFile."""
    key, measured = new_key(), Measured(stream, limit)
    first = measured.read_up_to(CHUNK)
    if not first:
        raise EmptyFile
    sealed = Sealing(cipher(case_key), first, measured, key)
    store.put(sealed, limit=int(limit * OVERHEAD) + CHUNK, key=key)
    return Stored(key, measured.sha256, measured.size)


def open_sealed(store: Store, key: str, case_key: str) -> Iterator[bytes]:
    """What was kept under the key, in chunks of at most 1 MB. Raises NotStored at once, Unreadable where it is reached."""
    return opened(store.open(key), case_key, key)


def opened(sealed: Iterable[bytes], case_key: str, about: str) -> Iterator[bytes]:
    import tink

    source = io.BufferedReader(Chunks(iter(sealed)), CHUNK)
    try:
        stream = cipher(case_key).new_decrypting_stream(source, about.encode())
        yield from iter(lambda: stream.read(CHUNK), b"")
    except (tink.TinkError, ValueError) as failure:
        raise Unreadable("This file does not open with the key of its case.") from failure


def cipher(case_key: str) -> Any:
    from tink import json_proto_keyset_format, secret_key_access, streaming_aead

    streaming_aead.register()
    keyset = json_proto_keyset_format.parse(case_key, secret_key_access.TOKEN)
    return keyset.primitive(streaming_aead.StreamingAead)


class Sealing(io.RawIOBase):
    """Reads as the ciphertext of what comes in; holds a few megabytes at most."""

    def __init__(self, cipher: Any, first: bytes, rest: Iterable[bytes], about: str) -> None:
        self.ready, self.rest = bytearray(), chain([first], rest)
        self.stream = cipher.new_encrypting_stream(Filling(self.ready), about.encode())

    def read(self, size: int = -1) -> bytes:
        while len(self.ready) < size and not self.stream.closed:
            if chunk := next(self.rest, b""):
                self.stream.write(chunk)
            else:
                self.stream.close()
        part = bytes(self.ready[:size])
        del self.ready[:size]
        return part


class Filling(io.RawIOBase):
    """Writes go to the end of a buffer that somebody else empties."""

    def __init__(self, buffer: bytearray) -> None:
        self.buffer = buffer

    def writable(self) -> bool:
        return True

    def write(self, part: Any) -> int:
        self.buffer += part
        return len(part)


class Chunks(io.RawIOBase):
    """Chunks, read as a file is."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self.chunks, self.rest = chunks, memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, target: Any) -> int:
        if not self.rest:
            self.rest = memoryview(next(self.chunks, b""))
        size = min(len(target), len(self.rest))
        target[:size], self.rest = self.rest[:size], self.rest[size:]
        return size
