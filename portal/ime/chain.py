"""The chain of signed papers: the report, then each addendum, every one naming the fingerprint of the one before."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from peewee import JOIN

from portal.ime.files import is_intact
from portal.kept import Kept, bind
from portal.models import Addendum, Case, Document, Report
from portal.words import ReportState


@dataclass(frozen=True)
class Link:
    """One signed paper: its number (0 is the report), its document, and whether it is as it was signed and follows
    the paper before it."""

    number: int
    document: Document
    sha256: str
    signed_at: datetime
    released_at: datetime | None
    is_intact: bool
    follows: bool

    @property
    def name(self) -> str:
        return f"Addendum {self.number}" if self.number else "Report"


def chain(case: Case, *, by_bytes: bool = True) -> list[Link]:
    """The signed papers in their order, each checked against the bytes in the store, or only by what is on record:
    that is one read. Empty before the report is signed."""
    links: list[Link] = []
    for number, signed in enumerate(signed_papers(case)):
        follows = number == 0 or (signed.number == number and signed.previous_sha256 == links[-1].sha256)
        links.append(link(number, signed, follows=follows, by_bytes=by_bytes))
    return links


AddendumPaper = Document.alias()
SIGNED = Kept(
    lambda: (
        Report.select(Report, Document, Addendum, AddendumPaper)
        .join(Document)
        .switch(Report)
        .join(Addendum, JOIN.LEFT_OUTER, on=(Addendum.case == Report.case), attr="addendum")
        .join(AddendumPaper, JOIN.LEFT_OUTER, on=(Addendum.document == AddendumPaper.id), attr="document")
        .where(Report.case == bind("case"))
        .order_by(Addendum.number)
    )
)


def signed_papers(case: Case) -> list[Any]:
    """The report and then its addenda, each with its document."""
    rows = SIGNED.models(case=case.id)
    return [*rows[:1], *(row.addendum for row in rows if row.addendum)]


def link(number: int, signed: Any, *, follows: bool, by_bytes: bool) -> Link:
    """A signed paper as a link; its row, its document's row and the stored bytes must name one fingerprint."""
    document = signed.document
    is_whole = document.sha256 == signed.sha256 and (not by_bytes or is_intact(document))
    released_at = signed.released_at if signed.state == ReportState.RELEASED else None
    return Link(number, document, signed.sha256, signed.signed_at, released_at, is_whole, follows)


def is_unbroken(case: Case) -> bool:
    """Whether every signed paper of the case is as it was signed and follows the one before it."""
    return holds(chain(case))


def holds(links: Sequence[Link]) -> bool:
    """Whether every link is intact and follows the one before it."""
    return all(each.is_intact and each.follows for each in links)
