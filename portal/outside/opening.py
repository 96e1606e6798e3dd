"""Really opens one uploaded file and says what it is; run by path as a child with limits, so it imports no portal."""

import json
import os
import resource
import sys
import zipfile
from collections.abc import Callable, Mapping
from typing import NamedTuple

MAX_PAGES = 5_000
MAX_PIXELS = 150_000_000
MAX_PARTS = 5_000
MAX_UNPACKED = 512 * 1024 * 1024
MAX_RATIO = 200

MEMORY = 2 * 1024**3
CPU_SECONDS = 20

PDF = "application/pdf"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
MEDIA_TYPES = {
    "pdf": PDF,
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "tif": "image/tiff",
    "tiff": "image/tiff",
    "heic": "image/heic",
    "heif": "image/heic",
    "webp": "image/webp",
    "docx": DOCX,
}
PICTURES = {
    "image/jpeg": "JPEG",
    "image/png": "PNG",
    "image/tiff": "TIFF",
    "image/heic": "HEIF",
    "image/webp": "WEBP",
}
KINDS = {PDF: "PDF", DOCX: "Word document (.docx)"} | {
    media_type: f"{name.replace('HEIF', 'HEIC')} picture" for media_type, name in PICTURES.items()
}
ACCEPTED = "Upload a PDF, a Word document (.docx) or a picture (JPEG, PNG, TIFF, HEIC, WebP)."
OFFICE_LOCKED = "application/x-ole-storage"


class Inspected(NamedTuple):
    """What a file turned out to be: media type, and pages (None where only a word processor can count them)."""

    media_type: str
    pages: int | None


class Refused(Exception):
    """The file cannot be taken; the sentence says why and what to do, and may be shown as it is."""

    def __init__(self, sentence: str) -> None:
        self.sentence = sentence
        super().__init__(sentence)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Refused) and other.sentence == self.sentence

    def __hash__(self) -> int:
        return hash(self.sentence)


def open_file(path: str, name: str) -> Inspected:
    """What the file at `path`, called `name` by its sender, is; raises Refused with the sentence to show."""
    promised = promised_type(name)
    if os.path.getsize(path) == 0:
        raise Refused("This file is empty. Check it on your side and upload it again.")
    found = signature(path)
    if found == OFFICE_LOCKED and promised == DOCX:
        raise Refused(
            "This Word document is locked with a password or saved in an old format. "
            "Save it as an unlocked .docx and upload it again."
        )
    if found not in KINDS:
        raise Refused(
            f"The content of this file is not a {KINDS[promised]}, whatever its name says. {ACCEPTED}"
        )
    if found != promised:
        raise Refused(
            f"This file is a {KINDS[found]}, but its name says {KINDS[promised]}. Rename it and upload it again."
        )
    return Inspected(found, OPENERS[found](path))


def promised_type(name: str) -> str:
    """The media type the extension of a cleaned name promises; refuses every extension not on the list."""
    stem, dot, extension = name.rpartition(".")
    if not dot or not stem:
        raise Refused(f"The name of this file has no ending, like .pdf, that says what it is. {ACCEPTED}")
    if extension.lower() not in MEDIA_TYPES:
        shown = extension[:12].upper()
        raise Refused(f"{shown} files cannot be taken. {ACCEPTED}")
    return MEDIA_TYPES[extension.lower()]


def signature(path: str) -> str | None:
    """The media type the first bytes show, None for anything not known."""
    import filetype

    with open(path, "rb") as file:
        head = file.read(8192)
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return OFFICE_LOCKED
    guess = filetype.guess(head)
    if guess is None:
        return None
    # Writers differ in which part of a Word document comes first; what it holds is checked when it is opened.
    return DOCX if guess.mime == "application/zip" else str(guess.mime)


def open_pdf(path: str) -> int:
    """The page count of a PDF that opens without a password."""
    import pikepdf

    try:
        with pikepdf.open(path, suppress_warnings=True) as pdf:
            pages = len(pdf.pages)
    except pikepdf.PasswordError:
        raise Refused(
            "This PDF is locked with a password. Save a copy without the password and upload it again."
        ) from None
    except (pikepdf.PdfError, ValueError, TypeError, LookupError, AttributeError, RuntimeError):
        raise Refused(
            "This PDF is damaged and cannot be opened. Open it on your side, save or print it as a new PDF, "
            "and upload that."
        ) from None
    return counted(pages, "PDF")


def open_picture(path: str) -> int:
    """The number of pictures in the file: 1, or the pages of a TIFF."""
    from PIL import Image

    kind = PICTURES[signature(path) or ""]
    if kind == "HEIF":
        import pi_heif  # type: ignore[import-untyped]

        pi_heif.register_heif_opener()
    Image.MAX_IMAGE_PIXELS = None
    try:
        with Image.open(path, formats=[kind]) as picture:
            refuse_huge(picture.size)
            picture.draft("RGB", (picture.width // 8, picture.height // 8))
            picture.load()
            pages = int(getattr(picture, "n_frames", 1)) if kind == "TIFF" else 1
    except (OSError, ValueError, SyntaxError, TypeError, LookupError, EOFError, RuntimeError, MemoryError):
        raise Refused(
            "This picture is damaged or cut off and cannot be opened. Save or take it again and upload that."
        ) from None
    return counted(pages, "TIFF")


def open_docx(path: str) -> None:
    """Nothing; refuses a zip that is no plain Word document, or that unpacks into far more than it is."""
    try:
        with zipfile.ZipFile(path) as parts:
            refuse_bomb(parts.infolist(), os.path.getsize(path))
            refuse_foreign_parts(parts.namelist())
            if parts.testzip() or not is_plain_word(parts.read("word/document.xml")):
                raise Refused(DAMAGED_DOCX)
    except (
        zipfile.BadZipFile,
        OSError,
        ValueError,
        LookupError,
        RuntimeError,
        NotImplementedError,
        EOFError,
    ):
        raise Refused(DAMAGED_DOCX) from None
    except MemoryError:
        raise Refused(BOMB) from None


OPENERS: Mapping[str, Callable[[str], int | None]] = {
    PDF: open_pdf,
    DOCX: open_docx,
} | dict.fromkeys(PICTURES, open_picture)

DAMAGED_DOCX = (
    "This Word document is damaged and cannot be opened. Open it in Word, save it again as .docx, "
    "or save it as a PDF."
)
BOMB = "This Word document unpacks into far more than a document holds. Save it as a PDF and upload that."


def counted(pages: int, kind: str) -> int:
    """The page count, if there is a page and not too many."""
    if pages == 0:
        raise Refused(f"This {kind} has no pages. Save or print it again as a new PDF and upload that.")
    if pages > MAX_PAGES:
        raise Refused(
            f"This {kind} has {pages:,} pages; the limit is {MAX_PAGES:,} a file. Split it and upload the parts."
        )
    return pages


def refuse_huge(size: tuple[int, int]) -> None:
    """Refuse a picture by its stated width and height, before any of it is unpacked."""
    if size[0] * size[1] > MAX_PIXELS:
        raise Refused(
            f"This picture is {size[0]:,} by {size[1]:,} pixels, more than can be opened. "
            "Save it smaller and upload it again."
        )


def refuse_bomb(parts: list[zipfile.ZipInfo], packed: int) -> None:
    """Refuse a zip by its own index, before any of it is unpacked."""
    unpacked = sum(part.file_size for part in parts)
    too_dense = unpacked > 20 * 1024 * 1024 and unpacked > MAX_RATIO * packed
    if len(parts) > MAX_PARTS or unpacked > MAX_UNPACKED or too_dense:
        raise Refused(BOMB)


def refuse_foreign_parts(names: list[str]) -> None:
    """Refuse a zip that is no Word document, or one with macros."""
    if "word/document.xml" not in names or "[Content_Types].xml" not in names:
        raise Refused(f"This file is a ZIP archive, not a Word document. Unpack it first. {ACCEPTED}")
    if any(name.lower().endswith(("vbaproject.bin", ".exe", ".js", ".vbs")) for name in names):
        raise Refused("This Word document holds macros or programs. Save it as a PDF and upload that.")
    if any(name.startswith(("/", "\\")) or ".." in name.split("/") for name in names):
        raise Refused(DAMAGED_DOCX)


def is_plain_word(document: bytes) -> bool:
    """Whether the main part looks like WordprocessingML and declares no entities."""
    head = document[:4096]
    return b"document" in head and b"<!DOCTYPE" not in head and b"<!ENTITY" not in head


def limit_process() -> None:
    """Bound this process: memory, no files written, no core, few handles."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))


def allow_cpu(seconds: int) -> None:
    """Give the next file so many seconds of processor time; the system ends the process after that."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime) + 1 + seconds
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))


def answer(path: str, name: str) -> list[object]:
    """One line for the parent: `["ok", media_type, pages]` or `["refused", sentence]`."""
    try:
        return ["ok", *open_file(path, name)]
    except Refused as refusal:
        return ["refused", refusal.sentence]


def main() -> None:
    """Read `[[path, name], …]` from stdin; write one JSON line per file, each as soon as it is known."""
    # Libraries may print; only this handle speaks to the parent.
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    limit_process()
    for path, name in json.load(sys.stdin):
        allow_cpu(CPU_SECONDS)
        print(json.dumps(answer(path, name)), file=out, flush=True)


if __name__ == "__main__":
    main()
