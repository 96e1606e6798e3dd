"""How an expert's reports of the last year fared: accepted as they were or asked back, on time or late."""

from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from functools import cache, partial
from typing import Any
from zoneinfo import ZoneInfo

from peewee import JOIN

from portal import clock
from portal.clock import OFFICE_ZONE
from portal.ime import rule_book, rules
from portal.ime.rules import RulePack
from portal.models import Appointment, Case, Clarification, Report
from portal.words import AppointmentState, Stage

LOOKING_BACK = timedelta(days=365)


def report_records() -> defaultdict[int, Counter[str]]:
    """Expert -> how many released reports were `accepted`, `asked_back`, `on_time` and `late`; read at once."""
    records: defaultdict[int, Counter[str]] = defaultdict(Counter)
    due_on = cache(partial(due, rule_book.in_force()))
    for expert, stage, kind, needed_by, signed_at, examined_at, asked in released().tuples():
        if asked:
            records[expert]["asked_back"] += 1
        elif stage == Stage.CLOSED:
            records[expert]["accepted"] += 1
        zone = zone_of(kind)
        if until := earliest(needed_by, due_on(kind, day_in(zone, examined_at)) if examined_at else None):
            records[expert]["on_time" if day_in(zone, signed_at) <= until else "late"] += 1
    return records


def released() -> Any:
    """The reports released within the last year, with what tells whether they were on time and clear."""
    asked = Clarification.select(Clarification.case).distinct().alias("asked")
    held = (
        (Appointment.case == Case.id)
        & (Appointment.expert == Case.expert)
        & (Appointment.state == AppointmentState.HELD)
    )
    return (
        Report.select(
            Case.expert,
            Case.stage,
            Case.exam_kind,
            Case.report_needed_by,
            Report.signed_at,
            Appointment.starts_at,
            asked.c.case_id,
        )
        .join(Case)
        .join(Appointment, JOIN.LEFT_OUTER, on=held)
        .switch(Case)
        .join(asked, JOIN.LEFT_OUTER, on=(asked.c.case_id == Case.id))
        .where((Report.released_at >= clock.now() - LOOKING_BACK) & Case.expert.is_null(False))
    )


def due(pack: RulePack, kind: str, examined_on: date) -> date | None:
    """When a rule in force wants the report of an examination, None where none does."""
    explained = rules.report_due(kind, examined_on, pack)
    return explained.date if explained else None


def earliest(*days: date | None) -> date | None:
    return min((day for day in days if day), default=None)


def zone_of(kind: str) -> str:
    found = rules.exam_kinds().get(kind)
    return found.time_zone if found else OFFICE_ZONE


def day_in(zone: str, moment: datetime) -> date:
    return moment.astimezone(ZoneInfo(zone)).date()
