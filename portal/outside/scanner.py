"""Asks a malware scanner about a file: ClamAV over its socket, none at all, or a twin in memory."""

import socket
import struct
from collections.abc import Iterable
from typing import Protocol
from urllib.parse import urlsplit

EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


class ScannerDown(Exception):
    """The scanner gave no verdict; the file must stay in quarantine."""


class Scanner(Protocol):
    """Anything that can name the malware in a stream of chunks, or None when it finds none."""

    def scan(self, chunks: Iterable[bytes]) -> str | None: ...


class NoScanner:
    """Finds nothing; for installations that scan elsewhere."""

    def scan(self, chunks: Iterable[bytes]) -> str | None:
        """Always None."""
        return None


class MemoryScanner:
    """The twin: finds the EICAR test string, and can be told to be down."""

    def __init__(self, *, down: bool = False) -> None:
        self.down = down

    def scan(self, chunks: Iterable[bytes]) -> str | None:
        """The name of the test malware if the content holds it."""
        if self.down:
            raise ScannerDown("The scanner does not answer.")
        return "Eicar-Test-Signature" if EICAR in b"".join(chunks) else None


class ClamScanner:
    """A client of clamd's INSTREAM at `tcp://host:port` or `unix:///path`; `timeout` in seconds per wait."""

    def __init__(self, url: str, *, timeout: float = 60.0) -> None:
        self.place, self.timeout = urlsplit(url), timeout

    def scan(self, chunks: Iterable[bytes]) -> str | None:
        """The name of the malware found, None when clean; raises ScannerDown without a verdict."""
        try:
            with self._connect() as link:
                _send(link, chunks)
                return _verdict(link.makefile("rb").read(4096))
        except OSError as failure:
            raise ScannerDown(f"The scanner does not answer: {failure}") from failure

    def _connect(self) -> socket.socket:
        if self.place.scheme == "tcp":
            return socket.create_connection((self.place.hostname, self.place.port or 3310), self.timeout)
        link = socket.socket(socket.AF_UNIX)
        link.settimeout(self.timeout)
        try:
            link.connect(self.place.path)
        except OSError:
            link.close()
            raise
        return link


def scanner_from(url: str) -> Scanner:
    """The scanner a URL names: empty for none, `memory:`, `tcp://host:port`, `unix:///path`."""
    if not url:
        return NoScanner()
    if url.startswith("memory:"):
        return MemoryScanner()
    if url.startswith(("tcp://", "unix://")):
        return ClamScanner(url)
    raise ValueError("A scanner is tcp://host:port, unix:///path, memory: or nothing.")


def _send(link: socket.socket, chunks: Iterable[bytes]) -> None:
    link.sendall(b"zINSTREAM\0")
    for chunk in filter(None, chunks):
        link.sendall(struct.pack(">I", len(chunk)) + chunk)
    link.sendall(struct.pack(">I", 0))


def _verdict(answer: bytes) -> str | None:
    said = answer.rstrip(b"\0\n").decode("utf-8", "replace")
    if said == "stream: OK":
        return None
    if said.startswith("stream: ") and said.endswith(" FOUND"):
        return said[len("stream: ") : -len(" FOUND")]
    raise ScannerDown(f"The scanner gave no verdict: {said[:200] or 'empty answer'}")
