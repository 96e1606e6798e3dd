"""Who looked at a case: the looks that the audit trail keeps, as those may read them who are entitled to."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from portal.models import Appointment, AuditRecord, Case, Document, EmergencyAccess, Expert, User
from portal.policy import REFERRER_SIDE, readable_documents
from portal.words import Act, Ending, Party

SHOWN_AFTER = timedelta(days=32)  # a calendar shows what was this long ago
MOST_READS = 500
LOOKS = (Act.READ, Act.EXPORTED, Act.EMERGENCY)


@dataclass(frozen=True)
class Look:
    """One look: by whom and as what party, at which document (its name if the reader may read it) or page."""

    record: AuditRecord
    who: str
    document: str | None
    is_emergency: bool


def looks(case: Case, party: Party, before: int, most: int) -> list[Look]:
    """The looks at a case before this record, the newest first; the referrer's side hears nothing of candidates."""
    done = (AuditRecord.ending == Ending.DONE) & AuditRecord.act.in_(LOOKS)
    records = AuditRecord.select().where(AuditRecord.case == case.id, AuditRecord.id < before, done)
    if party in REFERRER_SIDE:
        records = records.where(AuditRecord.party != Party.CANDIDATE)
    found = list(records.order_by(AuditRecord.id.desc()).limit(most))
    names, titles = people(found), readable(case, party, found)
    emergencies = list(EmergencyAccess.select().where(EmergencyAccess.case == case))
    return [
        Look(
            record=each,
            who=names.get(each.user or 0, "") if each.user else "The claimant",
            document=titles.get(each.number or 0, "a document") if each.thing == "document" else None,
            is_emergency=is_emergency(each, emergencies),
        )
        for each in found
    ]


def read_in_calendar(case: Case) -> datetime | None:
    """When a calendar program last read the time and place of this case at an address of its expert."""
    booked = list(Appointment.select(Appointment, Expert).join(Expert).where(Appointment.case == case))
    if not booked:
        return None
    reads = AuditRecord.select().where(
        AuditRecord.user.in_({each.expert.user_id for each in booked}),
        AuditRecord.at < max(each.starts_at for each in booked) + SHOWN_AFTER,
        AuditRecord.thing == "calendar_feed",
        AuditRecord.act == Act.EXPORTED,
    )
    newest = reads.order_by(AuditRecord.at.desc()).limit(MOST_READS)
    return next((each.at for each in newest if case.id in each.facts["cases"]), None)


def people(records: Iterable[AuditRecord]) -> dict[int, str]:
    """The names of those who looked, by their numbers."""
    wanted = {each.user for each in records if each.user}
    return {user.id: user.name for user in User.select().where(User.id.in_(wanted))} if wanted else {}


def readable(case: Case, party: Party, records: Iterable[AuditRecord]) -> dict[int, str]:
    """The names of those documents that this party may read."""
    wanted = {each.number for each in records if each.thing == "document"}
    rows = readable_documents(party, case).where(Document.id.in_(wanted))
    return {row.id: row.name for row in rows} if wanted else {}


def is_emergency(record: AuditRecord, emergencies: Iterable[Any]) -> bool:
    """It was an emergency access, or happened while one of the same person lasted."""
    return record.act == Act.EMERGENCY or any(
        each.user_id == record.user and each.began_at <= record.at <= (each.ended_at or each.expires_at)
        for each in emergencies
    )
