"""Inspects uploaded files in a child process with limits: each ends as Inspected or as Refused with a sentence."""

import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from portal.outside import opening
from portal.outside.opening import ACCEPTED, MEDIA_TYPES, Inspected, Refused

__all__ = ["ACCEPTED", "MEDIA_TYPES", "Inspected", "Refused", "clean_name", "inspect_file", "inspect_files"]

SECONDS = 30.0
LONGEST_NAME = 120
LONGEST_LINE = 65_536
UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
UNOPENED = Refused(
    "This file could not be opened safely. Save or print it again as a new PDF and upload that."
)


def inspect_file(path: Path | str, name: str) -> Inspected:
    """What the file is (media type, pages); raises Refused. `name` is what its sender called it."""
    [found] = inspect_files([(path, name)])
    if isinstance(found, Refused):
        raise found
    return found


def inspect_files(
    files: Sequence[tuple[Path | str, str]], *, seconds: float = SECONDS
) -> list[Inspected | Refused]:
    """The same for many `(path, name)`, in their order; a file that takes its child down, or more than
    `seconds`, is refused alone and the rest go on in a new child."""
    asked = [[os.fspath(path), clean_name(name)] for path, name in files]
    found: list[Inspected | Refused] = []
    while len(found) < len(asked):
        found += _answers(asked[len(found) :], seconds)
        if len(found) < len(asked):
            found.append(UNOPENED)
    return found


def clean_name(name: str) -> str:
    """A name fit to keep and show: no folders, control or direction characters, ends or Windows' signs;
    at most 120 characters, with its extension."""
    name = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    name = "".join(
        letter for letter in name if unicodedata.category(letter) not in UNSEEN or letter.isspace()
    )
    name = re.sub(r'[<>:"|?*]', "-", " ".join(name.split())).strip(". ")
    stem, dot, extension = name.rpartition(".")
    if len(name) > LONGEST_NAME and dot and len(extension) < 12:
        return f"{stem[: LONGEST_NAME - len(extension) - 1].rstrip('. ')}.{extension}"
    return name[:LONGEST_NAME] or "file"


def _answers(asked: list[list[str]], seconds: float) -> list[Inspected | Refused]:
    """What one child said before it ended, was ended, or began to talk nonsense."""
    found: list[Inspected | Refused] = []
    with _child(asked) as child:
        try:
            while len(found) < len(asked) and (heard := _heard(_line(child, seconds))):
                found.append(heard)
        finally:
            child.kill()
    return found


def _child(asked: list[list[str]]) -> subprocess.Popen[bytes]:
    with tempfile.TemporaryFile() as question:
        question.write(json.dumps(asked).encode())
        question.seek(0)
        # By path and isolated: importing the whole portal would cost more than the inspection itself.
        return subprocess.Popen(  # noqa: S603  # our own file; the names go in as data
            [sys.executable, "-I", "-B", opening.__file__],
            stdin=question,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"LANG": "C.UTF-8"},
        )


def _line(child: subprocess.Popen[bytes], seconds: float) -> bytes:
    """The child's next line; after so many seconds the child is ended, which ends the line too."""
    assert child.stdout
    watch = threading.Timer(seconds, child.kill)
    watch.start()
    try:
        return child.stdout.readline(LONGEST_LINE)
    finally:
        watch.cancel()


def _heard(line: bytes) -> Inspected | Refused | None:
    """The child's line as a verdict; None for silence and for nonsense."""
    try:
        match json.loads(line):
            case ["ok", str(media_type), int() | None as pages]:
                return Inspected(media_type, pages)
            case ["refused", str(sentence)]:
                return Refused(sentence)
    except ValueError:
        pass
    return None
