"""What a candidate may know of a case: enough to decide, nothing that says whose it is until they declare conflicts."""

from dataclasses import dataclass
from datetime import date, datetime

from portal.ime import rules
from portal.ime.matching import open_offer
from portal.ime.specialties import body_parts
from portal.models import Arrangement, Case, CaseParty, Injury, Question
from portal.policy import documents_for
from portal.words import ArrangementState, Party, Side


@dataclass(frozen=True)
class Redacted:
    """A case without its people: what is asked, about what, with how much to read, and until when to answer."""

    until: datetime | None
    exam_kind: str
    jurisdiction: str
    reason: str
    body_parts: tuple[str, ...]
    questions: tuple[str, ...]
    documents: int
    pages: int
    language: str
    wishes: tuple[str, ...]
    report_needed_by: date | None


def redacted(case: Case) -> Redacted:
    """The case as a candidate sees it; five queries, however long the lists are."""
    kind = rules.exam_kinds().get(case.exam_kind)
    offer = open_offer(case)
    documents = list(documents_for(Party.EXPERT, case))
    questions = case.questions.order_by(Question.number)
    wishes = case.arrangements.where(Arrangement.state != ArrangementState.REFUSED).order_by(Arrangement.id)
    return Redacted(
        until=offer.until if offer else None,
        exam_kind=kind.name if kind else "",
        jurisdiction=kind.jurisdiction_name if kind else "",
        reason=case.reason.title if case.reason else "",
        body_parts=tuple(part(injury) for injury in case.injuries.order_by(Injury.id)),
        questions=tuple(question.text for question in questions),
        documents=len(documents),
        pages=sum(document.pages or 0 for document in documents),
        language=case.claimant.language,
        wishes=tuple(wish.kind.title for wish in wishes),
        report_needed_by=case.report_needed_by,
    )


def part(injury: Injury) -> str:
    """Shoulder, left (accepted)"""
    known = body_parts().get(injury.body_part)
    label = known.label if known else injury.body_part
    side = "" if injury.side == Side.NONE else f", {injury.side.label}"
    return f"{label}{side} ({injury.status.label})" if injury.status else f"{label}{side}"


def named(case: Case) -> list[tuple[str, str]]:
    """Everybody a conflict of interest can be about, as what they are and their name; for the declaration alone."""
    people = [
        ("Claimant", case.claimant.name),
        ("Referred by", f"{case.referrer.name}, {case.organisation.name}"),
        ("Treating doctor", ", ".join(filter(None, (case.treating_doctor, case.treating_practice)))),
    ]
    others = case.parties.order_by(CaseParty.id)
    return [pair for pair in people if pair[1]] + [(row.party.title, row.name) for row in others]
