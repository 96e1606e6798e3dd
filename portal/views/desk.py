"""Each role's home: how things stand, whose turn each case is, what is due and what is late."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, g, redirect, url_for

from portal import clock, queues
from portal.ime import bars, credentials, rule_book, rules
from portal.ime.process import PROCESS
from portal.kept import Kept, bind, literal
from portal.models import Appointment, Arrangement, Case, Claimant, Clinic, Event, Expert, Notice, User
from portal.policy import PLACES, seeing, sight
from portal.queues import GROUP, Row
from portal.web import trail
from portal.web.formats import count, day, due, urgency
from portal.web.page import page
from portal.web.routing import signed_in
from portal.words import AppointmentState, ArrangementKind, ArrangementState, Party, Role, Stage

bp = Blueprint("desk", __name__)

TITLES = {
    "offers": "Offers to you",
    "new": "New referrals, not assigned yet",
    "turn": "Your turn",
    "coming": "Coming up",
    "waiting": "Waiting for others",
}
MORE = {
    "turn": {"show": "mine"},
    "coming": {"show": "mine"},
    "waiting": {},
    "new": {"stage": "referred"},
    "offers": {},
}

# What an empty desk says: what will appear here, and the one thing to do now.
EMPTY = {
    Role.REFERRER: (
        "Nothing waits for you",
        "Cases you refer appear here, with whose turn each is and what is due.",
        "Refer a case",
        "referral.start",
    ),
    Role.COORDINATOR: (
        "Nothing waits for you",
        "New referrals and the cases you coordinate appear here in the order they are due.",
        "See all cases",
        "case.queue",
    ),
    Role.EXPERT: (
        "Nothing waits for you",
        "Offers, examinations and reports appear here in the order they are due.",
        "Check your hours",
        "appointment.hours",
    ),
}


@dataclass(frozen=True)
class Shown:
    """A case as a row on a desk or in a queue shows it."""

    who: str
    reference: str
    href: str
    next: str
    kind: str
    chip: str
    tone: str
    why_href: str | None


# The steps whose day a rule gives, and where on the page of the case it is explained.
EXPLAINED_AT = {"write_report": "why-report", "write_addendum": "why-addendum"}


def shown(rows: Iterable[Row]) -> list[Shown]:
    """Rows of a queue in words."""
    rows, kinds = list(rows), rules.exam_kinds()
    trail.lists(row.id for row in rows)
    return [
        Shown(
            who=row.name or ("An offer to you" if row.stage == Stage.OFFERED else "New referral"),
            reference=row.reference,
            href=f"/cases/{row.reference}",
            next=next_in_words(row),
            kind=kinds[row.exam_kind].name if row.exam_kind in kinds else "",
            chip=due(row.due_on) or Stage(row.stage).title,
            tone=urgency(row.due_on),
            why_href=why_href(row),
        )
        for row in rows
    ]


def why_href(row: Row) -> str | None:
    """Where the day of a row is explained, if it comes from a rule."""
    at = EXPLAINED_AT.get(row.next_step)
    return f"/cases/{row.reference}#{at}" if at else None


def in_words(case: Case) -> str:
    """What moves a case on, for a list that is nobody's desk."""
    return PROCESS[case.next_step].button if case.next_step else "Ended"


def next_in_words(row: Row) -> str:
    """What moves the case on, and who does it where that is not the reader."""
    if not row.next_step:
        return "Ended"
    button = PROCESS[row.next_step].button
    return button if is_mine(row) else f"{Party(row.turn).title}: {button[:1].lower()}{button[1:]}"


def is_mine(row: Row) -> bool:
    return row.turn == g.person.role or (row.turn == Party.CANDIDATE and g.person.role == Role.EXPERT)


@bp.route("/")
@signed_in(Role.REFERRER, Role.COORDINATOR, Role.EXPERT, Role.CLAIMANT)
def home() -> Any:
    if g.person.role == Role.CLAIMANT:
        return redirect(url_for("instructions.appointment"), 303)
    groups = queues.desk(g.person)
    what, why, text, endpoint = EMPTY[g.person.role]
    return page(
        "desk/home.html",
        summary=summary(groups, queues.tally(g.person)),
        groups=[
            (name, TITLES[name], shown(groups[name][:GROUP]), more(name, groups[name]))
            for name in TITLES
            if name in groups
        ],
        calls=calls() if g.person.role == Role.COORDINATOR else [],
        changed=changed_rules() if g.person.role == Role.COORDINATOR else [],
        unsettled=unsettled() if g.person.role == Role.COORDINATOR else [],
        at_risk=at_risk() if g.person.role == Role.COORDINATOR else [],
        without_expert=without_expert() if g.person.role == Role.COORDINATOR else [],
        empty_words=(what, why, text, url_for(endpoint)),
        first_name=g.person.name.split()[0],
    )


def more(name: str, rows: list[Row]) -> str | None:
    """Where the rest of a group is, when there is more than the desk shows."""
    return url_for("case.queue", **MORE[name]) if len(rows) > GROUP else None


def summary(groups: dict[str, list[Row]], tally: queues.Tally) -> str:
    """How things stand, in one sentence."""
    waiting = len(groups.get("turn", [])) + len(groups.get("new", [])) + len(groups.get("offers", []))
    if not waiting:
        return "Nothing needs you today."
    need = f"{several(waiting)} {'needs' if waiting == 1 else 'need'} you"
    late = f"{several(tally.late, '')} {'is' if tally.late == 1 else 'are'} late" if tally.late else ""
    today = f"{several(tally.today, '')} due today" if tally.today else ""
    return ", ".join(part for part in (need, late, today) if part) + "."


def several(number: int, noun: str = "case") -> str:
    if number > queues.CAPPED:
        return f"{queues.CAPPED}+ {noun}s".strip()
    return count(number, noun) if noun else str(number)


SOON = timedelta(days=14)
UNSETTLED = Kept(
    lambda: (
        Arrangement.select(
            Case.id, Arrangement.kind, Claimant.name, Case.reference, Appointment.starts_at, Clinic.time_zone
        )
        .join(Case)
        .join(Claimant)
        .switch(Case)
        .join(Appointment, on=(Appointment.case == Case.id))
        .join(Clinic)
        .where(
            (Arrangement.state == literal(ArrangementState.NEEDED))
            & (Appointment.state == literal(AppointmentState.BOOKED))
            & (Appointment.starts_at < bind("soon"))
            & sight(Role.COORDINATOR, PLACES)
        )
        .order_by(Appointment.starts_at, Arrangement.id)
        .limit(GROUP)
    )
)


def unsettled() -> list[dict[str, Any]]:
    """What is still needed for examinations of the next two weeks: the nearest first, one read."""
    rows = UNSETTLED.rows(soon=clock.now() + SOON, **seeing(g.person))
    trail.lists(number for number, *_ in rows)
    return [
        {
            "who": name,
            "what": ArrangementKind(kind).label,
            "reference": reference,
            "day": day(clock.day_of(moment(at), zone)),
        }
        for _, kind, name, reference, at, zone in rows
    ]


CHANGED = Kept(
    lambda: (
        rule_book.behind()
        .select(Case.id, Case.reference, Claimant.name, Case.exam_kind)
        .switch(Case)
        .join(Claimant)
        .where((Case.coordinator == bind("me")) & sight(Role.COORDINATOR, PLACES))
        .order_by(Case.due_on, Case.id)
        .limit(GROUP)
    )
)


def changed_rules() -> list[dict[str, str]]:
    """The coordinator's own cases whose rules were changed, until they decide: the first due at the top. One read, and
    a second only where a rule was ever changed."""
    if not rule_book.newest_change():
        return []
    kinds, rows = rules.exam_kinds(), CHANGED.rows(me=g.person.id, **seeing(g.person))
    trail.lists(number for number, *_ in rows)
    return [
        {"reference": reference, "who": who, "kind": kinds[code].name if code in kinds else code}
        for _, reference, who, code in rows
    ]


WITHOUT_EXPERT = Kept(
    lambda: (
        Case.select(Case, Claimant, Expert, User)
        .join(Claimant)
        .switch(Case)
        .join(Expert)
        .join(User)
        .where(bars.without_expert() & sight(Role.COORDINATOR, PLACES))
        .order_by(Case.due_on, Case.id)
        .limit(GROUP)
    )
)


def without_expert() -> list[dict[str, str]]:
    """The cases whose expert is barred from them or whose account is disabled: nothing moves before the office does.
    One read."""
    rows = WITHOUT_EXPERT.models(**seeing(g.person))
    trail.lists(case.id for case in rows)
    return [
        {"reference": case.reference, "who": case.claimant.name, "what": bars.why_out(case)} for case in rows
    ]


AT_RISK = Kept(
    lambda: (
        credentials.endangered(bind("now"), bind("until"), bind("long_ago"))
        .select(Appointment, Clinic, Case, Claimant, Expert, User)
        .switch(Appointment)
        .join(Case)
        .join(Claimant)
        .switch(Appointment)
        .join(Expert)
        .join(User)
        .where(sight(Role.COORDINATOR, PLACES))
        .limit(GROUP)
    )
)


def at_risk() -> list[dict[str, str]]:
    """The examinations of the next two months for whose day a credential of the expert does not hold: the nearest first.
    One read, and a second only where there are any."""
    today, found = clock.today(), seeing(g.person)
    days = {"until": today + credentials.AHEAD, "long_ago": today - credentials.BACK}
    rows = AT_RISK.models(**days, **found)
    lapses = credentials.lapses_by_appointment(rows)
    trail.lists(row.case_id for row in rows if lapses[row.id])
    return [
        {
            "who": row.case.claimant.name,
            "reference": row.case.reference,
            "what": f"{row.expert.name}: {' '.join(lapses[row.id])}",
        }
        for row in rows
        if lapses[row.id]
    ]


def moment(at: Any) -> datetime:
    """A moment as the database gives it, on either."""
    return Appointment.starts_at.python_value(at)


CALLS = Kept(
    lambda: (
        Notice.select(Case.id, Notice.recipient, Notice.party, Case.reference)
        .join(Event)
        .join(Case)
        .where(Notice.is_call() & sight(Role.COORDINATOR, PLACES))
        .order_by(Notice.id)
        .limit(GROUP)
    )
)


def calls() -> list[dict[str, Any]]:
    """The people to be told by phone: the oldest first, one read."""
    rows = CALLS.rows(**seeing(g.person))
    trail.lists(number for number, *_ in rows)
    return [
        {"who": who, "reference": reference, "party": Party(party).label} for _, who, party, reference in rows
    ]
