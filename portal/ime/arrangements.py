"""Arrangements: what the claimant needs on the day, and whether it is settled."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from portal import clock
from portal.db import database
from portal.ime.appointment import COMING_ALONG
from portal.ime.deadlines import WELL_BEFORE, whats_next
from portal.ime.process import Refusal, remember, spare, step
from portal.models import Appointment, Arrangement, Case, Event, Notice
from portal.policy import Person
from portal.words import AppointmentState, ArrangementKind, ArrangementState, NoticeState, Party, Stage

SETTLED = frozenset({ArrangementState.BOOKED, ArrangementState.CONFIRMED})
# What a claimant may ask for themselves; travel money is for the office to see to.
ASKED_BY_CLAIMANT = tuple(kind for kind in ArrangementKind if kind != ArrangementKind.TRAVEL_MONEY)


@dataclass(frozen=True)
class Settled:
    """How an arrangement stands, who supplies it and at which number, and why it was refused, for the claimant."""

    state: ArrangementState
    supplier: str = ""
    phone: str = ""
    because: str = ""

    @classmethod
    def of(cls, row: Arrangement) -> "Settled":
        return cls(row.state, row.supplier, row.supplier_phone, row.refused_because)


@step
def add_arrangement(case: Case, *, by: Person, kind: ArrangementKind, detail: str = "") -> Arrangement:
    """The coordinator learned that the claimant needs something more."""
    return need(case, kind, detail, Party.COORDINATOR)


@step
def ask_arrangement(case: Case, *, by: Person, kind: ArrangementKind, detail: str = "") -> Arrangement:
    """The claimant asks for something on the day; the office settles it and tells them."""
    if kind not in ASKED_BY_CLAIMANT:
        raise Refusal("Please call us about this.", field="kind")
    return need(case, kind, detail, Party.CLAIMANT)


def need(case: Case, kind: ArrangementKind, detail: str, asked_by: Party) -> Arrangement:
    """Note what is needed. What was refused before may be asked for again, and is then open anew."""
    row = case.arrangements.where(Arrangement.kind == kind).first() or Arrangement(case=case, kind=kind)
    if row.id and row.state != ArrangementState.REFUSED:
        raise Refusal("This is noted already.", field="kind")
    remember(arrangement=kind)
    row.state, row.detail, row.asked_by = ArrangementState.NEEDED, detail.strip(), asked_by
    row.supplier = row.supplier_phone = row.refused_because = ""
    row.save()
    return row


@step
def settle_arrangement(
    case: Case,
    *,
    by: Person,
    arrangement: Arrangement,
    state: ArrangementState,
    supplier: str = "",
    phone: str = "",
    because: str = "",
) -> None:
    """Note how an arrangement stands, who supplies it, and why it was refused. Refuses a booking with nobody who comes,
    and a refusal without words for the claimant, who is told of what they asked for themselves."""
    if arrangement.case_id != case.id:
        raise Refusal("This arrangement belongs to another case.")
    if state in SETTLED and arrangement.kind in COMING_ALONG and not supplier.strip():
        raise Refusal(f"Say who supplies the {arrangement.kind.label}.", field="supplier")
    if state == ArrangementState.REFUSED and not because.strip():
        raise Refusal(f"Say why, in words for the claimant: {arrangement.kind.label}.", field="because")
    if not is_news(case, arrangement, state):
        spare(Party.CLAIMANT)
    arrangement.state, arrangement.supplier, arrangement.supplier_phone = state, supplier.strip(), phone
    arrangement.refused_because = because.strip() if state == ArrangementState.REFUSED else ""
    arrangement.save()
    remember(arrangement=arrangement.kind, state=state)


def is_news(case: Case, arrangement: Arrangement, state: ArrangementState) -> bool:
    """Whether the claimant is told: they asked for it, it has an answer now, and their page shows it. Several answers
    at once are one mail."""
    is_answer = state != ArrangementState.NEEDED and state != arrangement.state
    waits = Notice.select(Notice.id).join(Event).where(Event.case == case, Event.step == "settle_arrangement")
    return (
        is_answer
        and arrangement.asked_by == Party.CLAIMANT
        and case.stage == Stage.BOOKED
        and not waits.where(Notice.state.in_([NoticeState.OWED, NoticeState.BY_PHONE])).exists()
    )


def settle_arrangements(case: Case, *, by: Person, wanted: Iterable[tuple[Arrangement, Settled]]) -> None:
    """Settle those that stand otherwise than before, all or none; a refusal names its field, like `supplier_7`."""
    with database.atomic():
        for arrangement, settled in wanted:
            if Settled.of(arrangement) != settled:
                try:
                    settle_arrangement(case, by=by, arrangement=arrangement, **vars(settled))
                except Refusal as refusal:
                    raise Refusal(refusal.sentence, f"{refusal.field}_{arrangement.id}") from refusal


def said(arrangement: Arrangement, party: Party) -> str:
    """The words beside an arrangement as this party of the case reads them; not for a candidate. What the claimant wrote
    of the day, and why it was refused, is between them and the office."""
    if party == Party.COORDINATOR:
        return arrangement.refused_because or arrangement.detail
    return "" if arrangement.asked_by == Party.CLAIMANT else arrangement.detail


def unsettled(case: Case) -> list[Arrangement]:
    """The arrangements that are still only needed: a risk for a booked appointment."""
    return list(
        case.arrangements.where(Arrangement.state == ArrangementState.NEEDED).order_by(Arrangement.id)
    )


def look_ahead() -> int:
    """Turn to the coordinator the cases whose day is near with something unsettled, and back to the expert on the day;
    returns how many changed. What a step did to a case meanwhile stands."""
    now = clock.now()
    near = Appointment.starts_at.between(now - timedelta(days=2), now + WELL_BEFORE + timedelta(days=1))
    booked = Appointment.select(Appointment.case).where(Appointment.state == AppointmentState.BOOKED, near)
    needing = Arrangement.select(Arrangement.case).where(Arrangement.state == ArrangementState.NEEDED)
    concerned = Case.id.in_(needing) | (Case.next_step == "settle_arrangement")
    rows = Case.select().where(Case.stage == Stage.BOOKED, Case.id.in_(booked), concerned)
    return sum(turn_over(case) for case in rows)


def turn_over(case: Case) -> int:
    """Keep whose turn it is by the day it is now, unless somebody took a step a moment ago."""
    upcoming = whats_next(case)
    told = (upcoming.turn, upcoming.step, upcoming.due_on)
    if told == (case.turn, case.next_step, case.due_on):
        return 0
    columns: dict[str, object] = dict(zip(("turn", "next_step", "due_on"), told, strict=True))
    is_as_read = (
        (Case.id == case.id) & (Case.stage == Stage.BOOKED) & (Case.last_event_at == case.last_event_at)
    )
    return int(Case.update(**columns).where(is_as_read).execute())
