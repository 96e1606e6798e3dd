"""The chain of signed papers: the report, then each addendum, every one naming the fingerprint of the one before."""

from dataclasses import dataclass
from typing import Any

from portal import outside
from portal.models import Addendum, Case, Document, Report
from portal.words import ReportState


@dataclass(frozen=True)
class Link:
    """One signed paper: its number (0 is the report), its document, and whether it is as it was signed and follows
    the paper before it."""

    number: int
    document: Document
    sha256: str
    is_released: bool
    is_intact: bool
    follows: bool

    @property
    def name(self) -> str:
        return f"Addendum {self.number}" if self.number else "Report"


def chain(case: Case) -> list[Link]:
    """The signed papers in their order, each checked against the bytes in the store; two reads. Empty before the
    report is signed."""
    report = Report.select(Report, Document).join(Document).where(Report.case == case).first()
    if report is None:
        return []
    addenda = (
        Addendum.select(Addendum, Document)
        .join(Document)
        .where(Addendum.case == case)
        .order_by(Addendum.number)
    )
    links = [link(0, report, follows=True)]
    for place, addendum in enumerate(addenda, start=1):
        follows = addendum.previous_sha256 == links[-1].sha256 and addendum.number == place
        links.append(link(addendum.number, addendum, follows=follows))
    return links


def link(number: int, signed: Any, *, follows: bool) -> Link:
    """A signed paper as a link; its row, its document's row and the stored bytes must name one fingerprint."""
    is_intact = signed.document.sha256 == signed.sha256 and outside.store().verify(
        signed.document.key, signed.sha256
    )
    is_released = signed.state == ReportState.RELEASED
    return Link(number, signed.document, signed.sha256, is_released, is_intact, follows)


def is_unbroken(case: Case) -> bool:
    """Whether every signed paper of the case is as it was signed and follows the one before it."""
    return holds(chain(case))


def holds(links: list[Link]) -> bool:
    return all(each.is_intact and each.follows for each in links)
