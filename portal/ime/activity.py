"""All that one account, or one session of it, touched in a period: what a breach notice must be able to say exactly."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from portal.models import AuditRecord, Case, Claimant, Document, Session, User
from portal.policy import Person, visible_cases
from portal.words import Act, Ending

LOOKS = frozenset({Act.READ, Act.EXPORTED})
PART = 500  # rows named in one read


@dataclass
class Touched:
    """How often one thing was looked at, changed, refused or failed, or shown in a list of many."""

    looks: int = 0
    changes: int = 0
    refused: int = 0
    listed: int = 0
    first: datetime | None = None
    last: datetime | None = None

    def add(self, record: AuditRecord) -> None:
        if record.ending != Ending.DONE:
            self.refused += 1
        elif record.act in LOOKS:
            self.looks += 1
        else:
            self.changes += 1
        self.seen(record.at)

    def seen(self, at: datetime) -> None:
        self.first, self.last = self.first or at, at


@dataclass
class Activity:
    """What was touched, by the number of the case or document and by the name of the page; counts are exact."""

    records: int = 0
    cases: dict[int, Touched] = field(default_factory=dict)
    documents: dict[int, Touched] = field(default_factory=dict)
    pages: dict[str, Touched] = field(default_factory=dict)

    def add(self, record: AuditRecord) -> None:
        self.records += 1
        if record.case is not None:
            self.cases.setdefault(record.case, Touched()).add(record)
        if record.thing == "document" and record.number is not None:
            self.documents.setdefault(record.number, Touched()).add(record)
        for number in record.facts.get("cases", ()):
            touched = self.cases.setdefault(number, Touched())
            touched.listed += 1
            touched.seen(record.at)
        if record.route:
            self.pages.setdefault(record.route, Touched()).add(record)


def records_of(user: User, since: datetime, until: datetime, session: int | None = None) -> Iterator[Any]:
    """What the person did from one moment to the other, the oldest first, all of it or of one session."""
    theirs = AuditRecord.select().where(
        AuditRecord.user == user.id, AuditRecord.at >= since, AuditRecord.at < until
    )
    if session is not None:
        theirs = theirs.where(AuditRecord.session == session)
    rows: Iterator[Any] = theirs.order_by(AuditRecord.id).iterator()
    return rows


def touched(user: User, since: datetime, until: datetime, session: int | None = None) -> Activity:
    """Everything the person touched from one moment to the other, in all sessions or in one."""
    activity = Activity()
    for record in records_of(user, since, until, session):
        activity.add(record)
    return activity


def sessions_of(user: User, since: datetime, until: datetime) -> list[Session]:
    """The person's sessions that were open in the period, the newest first."""
    open_then = (Session.began_at < until) & (Session.seen_at >= since)
    return list(Session.select().where(Session.user == user, open_then).order_by(Session.id.desc()))


# --- names for those who ask


@dataclass(frozen=True)
class Named:
    """What stands for a number: a case's reference and claimant, or a document's name and its case's reference."""

    reference: str
    name: str


def named_cases(numbers: Iterable[int], reader: Person) -> dict[int, Named]:
    """The cases by their numbers; the claimant's name only of those that the reader may see."""
    found: dict[int, Named] = {}
    for part in parts(numbers):
        seen = visible_among(part, reader)
        cases = Case.select(Case, Claimant).join(Claimant).where(Case.id.in_(part))
        found |= {
            case.id: Named(case.reference, case.claimant.name if case.id in seen else "") for case in cases
        }
    return found


def named_documents(numbers: Iterable[int], reader: Person) -> dict[int, Named]:
    """The documents by their numbers; their names only in cases that the reader may see."""
    found: dict[int, Named] = {}
    for part in parts(numbers):
        documents = list(Document.select(Document, Case).join(Case).where(Document.id.in_(part)))
        seen = visible_among([each.case_id for each in documents], reader)
        found |= {
            each.id: Named(each.case.reference, each.name if each.case_id in seen else "")
            for each in documents
        }
    return found


def visible_among(cases: list[int], reader: Person) -> set[int]:
    """Those of the cases that the reader may see."""
    return {number for (number,) in visible_cases(reader).select(Case.id).where(Case.id.in_(cases)).tuples()}


def parts(numbers: Iterable[int]) -> Iterator[list[int]]:
    """The numbers in parts that a statement can take."""
    left = sorted(set(numbers))
    for at in range(0, len(left), PART):
        yield left[at : at + PART]
