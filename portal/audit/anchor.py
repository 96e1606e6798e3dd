"""The anchor: a file outside the database that has a line for each seal, so that a trail cut off at its end shows.

Lines are only ever added. Where a backup was restored a line says so: what the file says of later seals is then void."""

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from portal import clock

LONGEST = 1024  # bytes; more than any line has


class Anchored(Protocol):
    """What a line keeps of a seal."""

    @property
    def last(self) -> int: ...

    @property
    def sha256(self) -> str: ...


@dataclass(frozen=True)
class Line:
    """One line: the last record of a seal and the seal's fingerprint, and whether a backup was restored there."""

    last: int
    sha256: str
    is_restored: bool = False


def append(path: Path, seals: Iterable[Anchored]) -> None:
    """Add a line for each of these seals."""
    write(path, [{"last": seal.last, "sha256": seal.sha256, "at": moment()} for seal in seals])


def note_restored(path: Path, seal: Anchored | None) -> None:
    """Add that a backup was restored whose trail ends with this seal; None: with no seal at all."""
    last, sha256 = (seal.last, seal.sha256) if seal else (0, "")
    write(path, [{"restored": moment(), "last": last, "sha256": sha256}])


def moment() -> str:
    return clock.now().isoformat(timespec="seconds")


def write(path: Path, lines: list[dict[str, Any]]) -> None:
    """Add the lines and wait until the disk has them."""
    if not lines:
        return
    text = "".join(json.dumps(line) + "\n" for line in lines)
    if torn(path):
        text = "\n" + text
    path.parent.mkdir(parents=True, exist_ok=True)
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(file, text.encode())
        os.fsync(file)
    finally:
        os.close(file)


def torn(path: Path) -> bool:
    """The last line was cut short, by a crash while it was written."""
    tail = end(path)
    return bool(tail) and not tail.endswith(b"\n")


def end(path: Path) -> bytes:
    """The last bytes of the file, a line's worth or more; none where there is no file."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 2 * LONGEST))
            return file.read()
    except FileNotFoundError:
        return b""


def end_of(path: Path) -> int | None:
    """The last record that the file knows to be sealed; None for a file that is not there or says nothing."""
    known = [line for text in end(path).split(b"\n") if (line := parsed(text))]
    return known[-1].last if known else None


def parsed(text: bytes) -> Line | None:
    """A line of the file; None for what is none, such as a line cut short."""
    with suppress(ValueError, KeyError, TypeError):
        told = json.loads(text)
        return Line(int(told["last"]), str(told["sha256"]), "restored" in told)
    return None


def lines(path: Path) -> Iterator[Line]:
    """Every line that still counts, in order: those behind a restored backup's end, written before it, do not."""
    voids = [(place, line.last) for place, line in numbered(path) if line.is_restored]
    for place, line in numbered(path):
        if not any(place < restored and line.last > last for restored, last in voids):
            yield line


def numbered(path: Path) -> Iterator[tuple[int, Line]]:
    with path.open("rb") as file:
        for place, text in enumerate(file):
            if line := parsed(text):
                yield place, line
