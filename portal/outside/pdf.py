"""Renders letters to PDF with typst: fixed templates, data only as JSON, so that no text is ever read as markup."""

import json
import logging
import re
import threading
import unicodedata
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NotRequired, TypedDict

if TYPE_CHECKING:
    from typst import PDFStandard

log = logging.getLogger(__name__)

HERE = Path(__file__).resolve().parent.parent
LETTERS = HERE / "templates" / "letters"
FONTS = HERE.parent / "static" / "fonts"
LETTER = re.compile(r"[a-z]+(_[a-z]+)*")
ARCHIVED: "list[PDFStandard]" = ["ua-1", "a-2a"]
UNPRINTABLE = {"Cc", "Cs", "Co", "Cn"}

# Every date but `dated` is text as the reader shall see it. Text may hold paragraphs, parted by a blank line;
# a single line break stays a line break. An empty text or list leaves its part out of the letter.


class Sender(TypedDict):
    """Who the letter comes from, for the letterhead."""

    name: str
    lines: list[str]
    phone: str
    email: str


class Address(TypedDict):
    """A person or a place with its address lines."""

    name: str
    lines: list[str]


class Contact(TypedDict):
    """Whom to call; `hours` like "Monday to Friday, 8 a.m. to 5 p.m."."""

    name: str
    phone: str
    email: str
    hours: NotRequired[str]


class Signature(TypedDict):
    """A signature: name with credentials, a line such as specialty and license, and when it was signed."""

    name: str
    lines: list[str]
    signed: str


class Subject(TypedDict):
    """Whom and what the examination is about; what is empty is left out."""

    claimant: str
    date_of_birth: str
    claim_numbers: list[str]
    date_of_injury: str
    jurisdiction: str
    examination_kind: str
    examined: str
    place: str
    requested_by: str


class Letter(TypedDict):
    """What every letter has: ISO date (it also stamps the file), case reference, letterhead."""

    dated: str
    reference: str
    sender: Sender


class Section(TypedDict):
    """A part of the report under its own heading."""

    heading: str
    text: str


class Answer(TypedDict):
    """A question word for word with its answer: opinion, reasons and certainty, or why it cannot be determined."""

    number: int
    question: str
    opinion: str
    reasons: str
    certainty: str
    undetermined: str
    needed: str
    pages: NotRequired[str]


class RecordRead(TypedDict):
    """One record on a list: what it is, from whom, its date or dates, its pages (0 when unknown)."""

    title: str
    provider: str
    dated: str
    pages: int


class Report(Letter):
    """`report`: the report on an examination or a file review."""

    title: str
    subject: Subject
    sections: list[Section]
    answers: list[Answer]
    records: list[RecordRead]
    certificate: str
    signature: Signature


class Clarified(TypedDict):
    """A clarification: the question it belongs to, what was asked word for word, and the answer."""

    number: int
    question: str
    reason: str
    asked: str
    answer: str
    reasons: str
    certainty: str


class Addendum(Letter):
    """`addendum`: a numbered addendum, bound by SHA-256 (hex) to its report and to the paper before it."""

    number: int
    subject: Subject
    report_signed: str
    report_sha256: str
    previous_sha256: str
    clarifications: list[Clarified]
    certificate: str
    signature: Signature


class QuestionAsked(TypedDict):
    """A referral question with its number."""

    number: int
    text: str


class Due(TypedDict):
    """Something that is due: what, when, and because of what (may be empty)."""

    what: str
    when: str
    because: str


class CoverLetter(Letter):
    """`cover_letter`: asks the expert for their opinion; `title` says on what."""

    title: str
    to: Address
    greeting: str
    subject: Subject
    why: str
    questions: list[QuestionAsked]
    emphasis: list[str]
    records: list[RecordRead]
    deadlines: list[Due]
    contact: Contact
    signature: Signature


class NoticeOfExamination(Letter):
    """`notice_of_examination`: tells the claimant; `language` is "en" or "es" and turns the fixed words."""

    language: str
    to: Address
    why: str
    date: str
    time: str
    where: Address
    directions: str
    who: str
    length: str
    prepare: list[str]
    bring: list[str]
    rights: list[str]
    travel: str
    next: str
    contact: Contact
    copies: list[str]


class Entry(TypedDict):
    """One dated entry of a medical record."""

    dated: str
    heading: str
    author: str
    text: str


class Record(Letter):
    """`record`: a synthetic medical record; the sender is the provider, the reference the record number."""

    kind: str
    patient: str
    date_of_birth: str
    entries: list[Entry]


class UnknownLetter(LookupError):
    """There is no letter of this name."""


_turn = threading.Lock()
_fonts: list[Any] = []


def render(letter: str, data: Any) -> bytes:
    """The PDF of a letter (one of the shapes above); the same data give the same bytes.

    Tagged as PDF/UA-1 and PDF/A-2a; a text with signs our font lacks still comes out, as a plain tagged PDF.
    """
    import typst

    source = _source(letter)
    said = json.dumps(_printable(data), sort_keys=True)
    try:
        return _compile(source, said, data["dated"], ARCHIVED)
    except typst.TypstError as refusal:
        # The archive standard forbids what our own templates never do, but a text can: signs the font lacks.
        if not refusal.message.startswith("PDF/"):
            raise
        log.warning("letter %s left the archive standard", letter)
        return _compile(source, said, data["dated"], [])


def _source(letter: str) -> Path:
    source = LETTERS / f"{letter}.typ"
    if not LETTER.fullmatch(letter) or not source.is_file():
        raise UnknownLetter(letter)
    return source


def _compile(source: Path, said: str, dated: str, standards: "list[PDFStandard]") -> bytes:
    import typst

    midnight = datetime.fromisoformat(dated[:10]).replace(tzinfo=UTC)
    # Reading the fonts is most of the work, so they are read once; one letter is made at a time.
    with _turn:
        if not _fonts:
            _fonts.append(typst.Fonts(include_system_fonts=False, font_paths=[str(FONTS)]))
        made = typst.Compiler(str(source), root=str(LETTERS), font_paths=_fonts[0]).compile(
            format="pdf", sys_inputs={"data": said}, pdf_standards=standards, timestamp=midnight
        )
    assert isinstance(made, bytes)
    return made


def _printable(value: Any) -> Any:
    """The data without characters that no page can show (control, private, unassigned, half pairs)."""
    if isinstance(value, str):
        value = value.replace("\r\n", "\n").replace("\r", "\n")
        return "".join(c for c in value if c in "\n\t" or unicodedata.category(c) not in UNPRINTABLE)
    if isinstance(value, dict):
        return {key: _printable(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_printable(part) for part in value]
    return value
