"""What the claimant is told: how to prepare, what to bring, their rights; on the page and in the notice letter."""

import io
import json
from collections.abc import Iterable
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from portal import clock, written
from portal.ime import files, letters
from portal.ime.calendar import (
    length_in_words,
    local,
    place_of,
    written_weekday,
    zone_in_words,
)
from portal.ime.records import StoredFile
from portal.ime.sealing import page_count
from portal.ime.specialties import specialties
from portal.models import Appointment, Case, CaseParty, Clinic
from portal.words import ArrangementState, Party, Stage
from portal.written import clock_face

TEXTS = Path(__file__).parent.parent / "data" / "instructions.json"

# Where things stand for the claimant at each stage other than booked.
STANDING = {
    Stage.MATCHING: (
        "We are looking for the right doctor",
        "As soon as we have a doctor and a time, we will write to you. There is nothing you need to do now.",
    ),
    Stage.SCHEDULING: (
        "We are finding a time for you",
        "There is no appointment for you at the moment. As soon as there is one, we will write to you. "
        "If some days do not work for you, call us.",
    ),
    Stage.REPORTING: (
        "Thank you for coming",
        "The doctor is now writing the report. There is nothing more that you need to do.",
    ),
    Stage.CLOSED: (
        "All done, thank you",
        "The report is finished. There is nothing more that you need to do.",
    ),
    Stage.WITHDRAWN: (
        "You do not need to come",
        "The examination is no longer needed, so there is no appointment. There is nothing you need to do.",
    ),
}
SAME_AS = {
    Stage.OFFERED: Stage.MATCHING,
    Stage.CHECKING: Stage.REPORTING,
    Stage.IN_REVIEW: Stage.REPORTING,
    Stage.CLARIFYING: Stage.REPORTING,
    Stage.CHECKING_ADDENDUM: Stage.REPORTING,
    Stage.DECLINED: Stage.WITHDRAWN,
}

ARRANGED = {
    ArrangementState.NEEDED: "we are working on it",
    ArrangementState.BOOKED: "it is booked",
    ArrangementState.CONFIRMED: "it is settled",
    ArrangementState.REFUSED: "please call us about it",
}


@cache
def texts(language: str = "en") -> dict[str, Any]:
    """The sentences for claimants in a language: lists of sentences, and `bring` as what to bring by its key."""
    spoken: dict[str, dict[str, Any]] = json.loads(TEXTS.read_text(encoding="utf-8"))
    return spoken[language]


def standing(stage: Stage) -> tuple[str, str]:
    """A heading and a sentence or two on where things stand, for a stage at which nothing is booked."""
    return STANDING.get(SAME_AS.get(stage, stage), STANDING[Stage.MATCHING])


def examiner(expert: Any, codes: list[str]) -> str:
    """Adaeze Okafor, MD (orthopedic surgery)"""
    fields = [specialties()[code].label.lower() for code in codes if code in specialties()]
    return f"{expert.name} ({fields[0]})" if fields else expert.name


def arranged(arrangements: Iterable[Any]) -> list[tuple[str, str]]:
    """What was asked for the claimant and how it stands, in words for them; what was refused with the reason."""
    return [(each.kind.title, each.refused_because or ARRANGED[each.state]) for each in arrangements]


def prepare_notice(
    case: Case, clinic: Clinic, starts_at: datetime, ends_at: datetime, is_telehealth: bool = False
) -> StoredFile:
    """Render the notice letter for a time about to be booked, and store it. Call it outside a transaction."""
    from portal.outside import pdf

    planned = Appointment(
        case=case, clinic=clinic, starts_at=starts_at, ends_at=ends_at, is_telehealth=is_telehealth
    )
    rendered = pdf.render("notice_of_examination", notice(case, planned))
    stored = files.keep(case, io.BytesIO(rendered), limit=len(rendered))
    day = written.day(starts_at, clinic.time_zone)
    name = f"Notice of examination {case.reference} on {day}.pdf"
    return StoredFile(name, "application/pdf", stored.size, stored.sha256, stored.key, page_count(rendered))


def notice(case: Case, appointment: Appointment) -> dict[str, Any]:
    """What the notice letter says, in the shape of `portal.outside.pdf.NoticeOfExamination`; nothing medical."""
    said, there, clinic = texts(), local(appointment.starts_at, appointment), appointment.clinic
    expert: Any = case.expert
    name, *lines = place_of(appointment)
    way = () if appointment.is_telehealth else (clinic.directions, clinic.parking, clinic.access)
    return {
        **letters.head(case),
        "dated": clock.today().isoformat(),
        "language": "en",
        "to": {"name": case.claimant.name, "lines": address_lines(case.claimant)},
        "why": said["why"],
        "date": f"{written_weekday(there)}, {there.year}",
        "time": f"{clock_face(there)}, {zone_in_words(there)}",
        "where": {"name": name, "lines": [said["by_video"]] if appointment.is_telehealth else lines},
        "directions": "\n\n".join(filter(None, way)),
        "who": examiner(expert, [row.code for row in expert.specialties]),
        "length": length_in_words(appointment),
        "prepare": said["prepare"],
        "bring": list(said["bring"].values()),
        "rights": said["rights"],
        "travel": said["no_travel" if appointment.is_telehealth else "travel"],
        "next": said["next"],
        "contact": letters.contact(),
        "copies": [row.name for row in case.parties.where(CaseParty.party == Party.REPRESENTATIVE)],
    }


def address_lines(claimant: Any) -> list[str]:
    """The claimant's address as an envelope shows it."""
    last = f"{claimant.city}, {claimant.state} {claimant.zip}".strip(", ")
    return [line for line in (claimant.street, last) if line]
