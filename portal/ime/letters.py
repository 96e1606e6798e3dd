"""What letters say of a case: letterhead, subject, records, signature, in the shapes of `portal.outside.pdf`."""

from typing import Any

from portal import written
from portal.clock import OFFICE_ZONE
from portal.config import OFFICE
from portal.ime import rules
from portal.ime.deadlines import latest_appointment
from portal.models import FAR_FUTURE, Case, Document
from portal.policy import OWN_PAPERS, documents_for
from portal.words import Party


def head(case: Case) -> dict[str, Any]:
    """Reference and letterhead; the day is put in when the letter is made."""
    return {"reference": case.reference, "sender": sender()}


def sender() -> dict[str, Any]:
    """The office's letterhead."""
    return {
        "name": OFFICE.name,
        "lines": list(OFFICE.lines),
        "phone": written.phone(OFFICE.phone),
        "email": OFFICE.email,
    }


def contact() -> dict[str, Any]:
    """Whom to call about a letter."""
    return {
        "name": OFFICE.name,
        "phone": written.phone(OFFICE.phone),
        "email": OFFICE.email,
        "hours": OFFICE.hours,
    }


def subject(case: Case) -> dict[str, Any]:
    """Whom and what the examination is about."""
    appointment = latest_appointment(case)
    kind = rules.exam_kinds().get(case.exam_kind)
    injured = sorted({injury.injured_on for injury in case.injuries if injury.injured_on})
    return {
        "claimant": case.claimant.name,
        "date_of_birth": written.day(case.claimant.born_on),
        "claim_numbers": [claim.number for claim in case.claim_numbers],
        "date_of_injury": "; ".join(written.day(day) for day in injured),
        "jurisdiction": kind.jurisdiction if kind else "",
        "examination_kind": kind.name if kind else "",
        "examined": written.day(appointment.starts_at, appointment.clinic.time_zone) if appointment else "",
        "place": f"{appointment.clinic.name}, {appointment.clinic.city}" if appointment else "",
        "requested_by": f"{case.referrer.name}, {case.organisation.name}",
    }


def records(case: Case) -> list[dict[str, Any]]:
    """The records the expert was given, as a letter lists them."""
    return [
        {
            "title": document.kind.title,
            "provider": document.provider,
            "dated": written.day(document.dated_on),
            "pages": document.pages or 0,
        }
        for document in given_documents(case)
    ]


def given_documents(case: Case) -> list[Document]:
    """The records that the expert gets, by their day; without the portal's own papers."""
    readable = documents_for(Party.EXPERT, case).where(Document.kind.not_in(OWN_PAPERS))
    return sorted(readable, key=lambda document: (document.dated_on or FAR_FUTURE, document.id))


def signature(case: Case) -> dict[str, Any]:
    """The expert's signature block; `signed` is put in when the letter is made."""
    assert case.expert is not None  # only an expert who took the case signs
    return {"name": case.expert.name, "lines": [case.expert.practice], "signed": ""}


def zone(case: Case) -> str:
    """The time zone in which the expert works on the case."""
    appointment = latest_appointment(case)
    return appointment.clinic.time_zone if appointment else OFFICE_ZONE
