"""Choosing a time: the free slots in the order in which they serve the case, the one that is held, and booking it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, abort, g, redirect, request, url_for

from portal import clock
from portal.clock import OFFICE_ZONE
from portal.forms.appointment import SLOT, BookingForm, ChoosingForm, MovingForm
from portal.ime import booking, complexity, finder
from portal.ime.appointment import (
    LENGTHS,
    TAKEN,
    book_appointment,
    booked_appointment,
    move_appointment,
    to_ask_again,
)
from portal.ime.arrangements import unsettled
from portal.ime.calendar import clock_face, place_lines, written_time, zone_in_words
from portal.ime.cancellation import Fee, fee_for_ending
from portal.ime.credentials import lapses_at
from portal.ime.gates import Finding, Weight
from portal.ime.guidance import prepare_notice
from portal.ime.holds import held, hold_slot, slot_of, standing
from portal.ime.process import Refusal
from portal.ime.sealing import kept_only_if_filed
from portal.ime.slots import FURTHEST, Slot, earliest_by_expert, earliest_exam, free_slots
from portal.models import Appointment, Case, Clinic, Event
from portal.web.formats import count, day, relative
from portal.web.limits import RENDERING, limited
from portal.web.page import done, page, take
from portal.web.routing import performs
from portal.words import Party

bp = Blueprint("booking", __name__)

FOUR_WEEKS = timedelta(days=28)
# Every length that an expert's usual one, a complex case or the reader can make.
POSSIBLE = {
    str(minutes): timedelta(minutes=minutes) for minutes in range(15, complexity.LONGEST_MINUTES + 1, 15)
}
VALUE = re.compile(r"(\d+)-(\d{8}T\d{6}Z)", re.ASCII)


def told(case: Case) -> str:
    """Who has heard of it, and whom the coordinator has to call."""
    if case.claimant.email:
        return "The claimant, the expert and the referrer have been told."
    return "The expert and the referrer have been told. The claimant has no e-mail address: please call."


def again(case: Case) -> str:
    """Who was settled for the time before and has to be asked anew; begins with a space."""
    suppliers = ", ".join(f"{each.supplier} ({each.kind.label})" for each in to_ask_again(case))
    return f" Ask again for the new time: {suppliers}." if suppliers else ""


# --- the window that is looked at -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Window:
    """The four weeks, the length of the slots on the page, and whether they are by video."""

    first: date
    length: timedelta
    is_telehealth: bool

    @property
    def minutes(self) -> int:
        return self.length // timedelta(minutes=1)

    @property
    def last(self) -> date:
        return self.first + FOUR_WEEKS - timedelta(days=1)

    def asked(self, **more: Any) -> dict[str, Any]:
        """What of it stands in an address: only what the reader can choose."""
        video = {"video": "1"} if self.is_telehealth else {}
        return {"from": self.first.isoformat(), "length": self.minutes} | video | more

    def href(self, case: Case, days: int = 0) -> str:
        """This page so many days on."""
        first = max(self.first + timedelta(days=days), clock.today())
        return url_for(str(request.endpoint), ref=case.reference, **self.asked(**{"from": first.isoformat()}))


def read_window(case: Case, earliest: date, usual: timedelta) -> Window:
    """What the address asks for; the first legal day and the length for this case where it makes no sense."""
    lengths = {str(length // timedelta(minutes=1)): length for length in (*LENGTHS, usual)}
    return Window(
        read_day(request.args.get("from", ""), earliest),
        lengths.get(request.args.get("length", ""), usual),
        request.args.get("video") == "1" and case.expert.accepts_telehealth,
    )


def read_day(typed: str, default: date) -> date:
    today = clock.today()
    try:
        asked = date.fromisoformat(typed)
    except ValueError:
        return default
    return asked if today <= asked <= today + FURTHEST else default


def read_slot(case: Case) -> Slot:
    """The slot that the address names; it may be anything, so the step looks at it again."""
    typed = request.args.get("slot", "")
    found = VALUE.fullmatch(typed) if SLOT.fullmatch(typed) else None
    minutes = request.args.get("length", "")
    if found is None or minutes not in POSSIBLE:
        abort(404)
    try:
        starts_at = datetime.strptime(found[2], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        abort(404)
    if abs(starts_at - clock.now()) > FURTHEST + FOUR_WEEKS:
        abort(404)
    is_telehealth = request.args.get("video") == "1"
    return Slot(int(found[1]), starts_at, starts_at + POSSIBLE[minutes], is_telehealth)


# --- choosing ---------------------------------------------------------------------------------------------------


class Choosing:
    """The page on which a time is chosen: the best times with their reasons, then every day with its times."""

    def __init__(self, case: Case, but_for: Appointment | None = None) -> None:
        self.case, self.but_for = case, but_for
        self.earliest, self.usual = earliest_exam(case), complexity.length_for(case)
        self.window = read_window(case, self.earliest.date, self.usual.length)
        self.clinics: dict[int, Clinic] = {clinic.id: clinic for clinic in case.expert.clinics}
        self.want = finder.wanted(case)
        self.look()

    def look(self) -> None:
        """The slots that are free now, in their order."""
        window = self.window
        slots = free_slots(
            self.case, window.first, window.last, window.length, self.but_for, window.is_telehealth
        )
        self.ranked = finder.ranked_slots(self.want, slots, self.clinics)

    def choices(self) -> dict[Slot, str]:
        return dict.fromkeys((each.slot for each in self.ranked), "")

    def shown(self, typed: Iterable[str]) -> dict[str, Any]:
        chosen = set(typed)
        best = finder.best(self.ranked, self.clinics)
        rest = sorted(
            (each for each in self.ranked if each not in best),
            key=lambda each: (each.slot.starts_at, each.slot.clinic_id),
        )
        window, case = self.window, self.case
        return {
            "case": case,
            "best": [self.option(each, number, chosen) for number, each in enumerate(best, 1)],
            "days": list(self.days(rest, len(best), chosen)),
            "earliest": self.earliest,
            "usual": self.usual,
            "risks": [each.kind.label for each in unsettled(case)],
            "unwelcome": [each.kind.label for each in booking.unwelcome(case)],
            "dates": [(each.kind.title, each.falls_on) for each in case.deadlines],
            "lengths": sorted({length // timedelta(minutes=1) for length in (*LENGTHS, self.usual.length)}),
            "window": window,
            "may_be_by_video": case.expert.accepts_telehealth,
            "here": window.href(case),
            "earlier": window.href(case, -28) if window.first > clock.today() else None,
            "later": window.href(case, 28) if window.first + FOUR_WEEKS <= clock.today() + FURTHEST else None,
            "expert": case.expert.name,
        }

    def days(self, ranked: list[finder.Ranked], after: int, chosen: set[str]) -> Iterable[dict[str, Any]]:
        """The slots as options, day by day on the calendar of their clinic."""
        options = [self.option(each, number, chosen) for number, each in enumerate(ranked, after + 1)]
        options.sort(key=lambda each: (each["date"], each["starts_at"]))
        for on, group in groupby(options, key=lambda each: each["date"]):
            listed = list(group)
            yield {
                "name": f"{on:%A}, {day(on)}",
                "relative": relative(on),
                "is_short": on < self.earliest.date,
                "against": listed[0]["against"],
                "options": listed,
            }

    def option(self, each: finder.Ranked, number: int, chosen: set[str]) -> dict[str, Any]:
        slot, clinic = each.slot, self.clinics[each.slot.clinic_id]
        local = slot.starts_at.astimezone(ZoneInfo(clinic.time_zone))
        return {
            "id": "slot" if number == 1 else f"slot-{number}",
            "value": str(slot),
            "date": local.date(),
            "day": f"{local:%A}, {day(local.date())}",
            "starts_at": slot.starts_at,
            "time": clock_face(local),
            "zone": zone_in_words(local),
            "clinic": clinic.name if len(self.clinics) > 1 else "",
            "reasons": " · ".join(each.reasons),
            "against": next((found.sentence for found in each.findings if found.weight != Weight.NOTE), ""),
            "is_chosen": str(slot) in chosen,
        }


@bp.route("/cases/<ref:ref>/appointment/new", methods=["GET", "POST"])
@performs(book_appointment)
def choose(case: Case) -> Any:
    return choosing_page(case, "booking/choose.html", ".confirm")


@bp.route("/cases/<ref:ref>/appointment/move", methods=["GET", "POST"])
@performs(move_appointment)
def move(case: Case) -> Any:
    old = booked_appointment(case)
    return choosing_page(
        case,
        "booking/move.html",
        ".confirm_move",
        but_for=old,
        old=old and written_time(old.starts_at, old.clinic.time_zone),
        asked=why_asked(case) if case.move_asked_at else "",
    )


def choosing_page(case: Case, template: str, onward: str, but_for: Any = None, **more: Any) -> Any:
    """The choice; what is chosen is held, and the next page makes sure of it."""
    choosing, form = Choosing(case, but_for), ChoosingForm()
    form.slot.choices = choosing.choices()
    if form.validate_on_submit() and take(form, lambda: hold_slot(case, by=g.person, slot=form.slot.data)):
        slot = choosing.window.asked(slot=str(form.slot.data))
        return redirect(url_for(onward, ref=case.reference, **slot), 303)
    if form.errors:
        choosing.look()
    return page(template, "booking/_choose_form.html", form=form, **choosing.shown([form.slot.typed]), **more)


def why_asked(case: Case) -> str:
    """What the claimant wrote when they last asked for another time."""
    asked = case.events.where(Event.step == "ask_to_move").order_by(Event.id.desc()).first()
    return asked.facts["why"] if asked else ""


# --- making sure ------------------------------------------------------------------------------------------------


@bp.route("/cases/<ref:ref>/appointment/confirmation", methods=["GET", "POST"])
@performs(book_appointment)
@limited(RENDERING)
def confirm(case: Case) -> Any:
    if "slot" not in request.args and request.method == "GET":
        return redirect(url_for(".choose", ref=case.reference), 303)
    slot, form = read_slot(case), BookingForm()
    clinic = clinic_of(case, slot)
    if form.validate_on_submit() and take(form, lambda: take_slot(book_appointment, case, slot, form)):
        return done(f"Booked for {in_words(slot, clinic)}. {told(case)}", case)
    return page(
        "booking/confirm.html",
        "booking/_confirm_form.html",
        button="Book the appointment",
        again=url_for(".choose", ref=case.reference, **without_slot()),
        **confirming(case, slot, clinic, form),
    )


@bp.route("/cases/<ref:ref>/appointment/move/confirmation", methods=["GET", "POST"])
@performs(move_appointment)
@limited(RENDERING)
def confirm_move(case: Case) -> Any:
    if "slot" not in request.args and request.method == "GET":
        return redirect(url_for(".move", ref=case.reference), 303)
    slot, form, old = read_slot(case), MovingForm(), booked_appointment(case)
    if case.move_asked_at and not form.is_submitted():
        form.wanted_by.process_data(Party.CLAIMANT)
    clinic = clinic_of(case, slot)
    if form.validate_on_submit() and take(
        form, lambda: take_slot(move_appointment, case, slot, form, **moved_for(form))
    ):
        return done(f"Moved to {in_words(slot, clinic)}. {told(case)}{again(case)}", case)
    return page(
        "booking/confirm.html",
        "booking/_confirm_form.html",
        button="Move the appointment",
        again=url_for(".move", ref=case.reference, **without_slot()),
        old=old and written_time(old.starts_at, old.clinic.time_zone),
        fees=fees(old),
        **confirming(
            case,
            slot,
            clinic,
            form,
            booking.cancelling_findings(case, old, form.wanted_by.data) if old else [],
        ),
    )


def moved_for(form: MovingForm) -> dict[str, Any]:
    return {"why": form.why.data, "wanted_by": form.wanted_by.data}


def without_slot() -> dict[str, Any]:
    return {name: value for name, value in request.args.items() if name in ("from", "length", "video")}


def fees(appointment: Any) -> list[tuple[str, Fee]]:
    """What ending the appointment today costs, by who wants it."""
    if appointment is None:
        return []
    asked = fee_for_ending(appointment, Party.COORDINATOR)
    return (
        [
            ("Anybody else wants it", asked),
            ("The expert wants it", fee_for_ending(appointment, Party.EXPERT)),
        ]
        if asked.cents
        else [("Whoever wants it", asked)]
    )


def confirming(
    case: Case, slot: Slot, clinic: Clinic, form: Any, also: Iterable[Finding] = ()
) -> dict[str, Any]:
    """What the page shows of the time that was chosen, and what the rules say of it and of what goes with it."""
    found = [*booking.findings(case, clinic, slot.starts_at, slot.is_telehealth), *also]
    kept = held(case)
    return {
        "case": case,
        "form": form,
        "when": in_words(slot, clinic),
        "place": ["By video"] if slot.is_telehealth else place_lines(clinic),
        "minutes": (slot.ends_at - slot.starts_at) // timedelta(minutes=1),
        "earliest": earliest_exam(case),
        "wish": too_soon_for_expert(case, clock.day_of(slot.starts_at, clinic.time_zone)),
        "expert": case.expert.name,
        "held_until": written_time(kept.expires_at, OFFICE_ZONE) if kept and slot_of(kept) == slot else "",
        "risks": [each.kind.label for each in unsettled(case)],
        "lapses": lapses_at(case.expert_id, clinic, slot.starts_at),
        **weighed(found),
    }


def too_soon_for_expert(case: Case, exam_on: date) -> str:
    """That the day leaves the expert less notice than they ask for; empty where it does not."""
    wish = earliest_by_expert(case.expert)
    left = (exam_on - clock.today()).days
    return f"{wish.sentence} This time leaves {count(left, 'day')}." if exam_on < wish.date else ""


def weighed(found: list[Finding]) -> dict[str, list[Finding]]:
    """The findings by their weight."""
    return {weight.value: [each for each in found if each.weight == weight] for weight in Weight}


def take_slot(step: Any, case: Case, slot: Slot, form: Any, **given: Any) -> Any:
    """Book or move to the slot, with the letter about it; a refusal leaves no letter behind."""
    refuse_not_free(case, slot)
    when = {"clinic": clinic_of(case, slot), "starts_at": slot.starts_at, "ends_at": slot.ends_at}
    when |= {"is_telehealth": slot.is_telehealth}
    letter = prepare_notice(case, **when)
    with kept_only_if_filed(letter):
        return step(case, by=g.person, letter=letter, override=form.override.data, **when, **given)


def refuse_not_free(case: Case, slot: Slot) -> None:
    """An address may name any time: only one that is held for the case or offered to its claimant, or free in the
    expert's hours, is booked."""
    if any(slot_of(each) == slot for each in standing(case)):
        return  # whether it still lies in the hours is looked at where it is written
    day_there = clock.day_of(slot.starts_at, clinic_of(case, slot).time_zone)
    free = free_slots(
        case,
        day_there,
        day_there,
        slot.ends_at - slot.starts_at,
        booked_appointment(case),
        slot.is_telehealth,
    )
    if slot not in free:
        raise Refusal(TAKEN)


def clinic_of(case: Case, slot: Slot) -> Clinic:
    return case.expert.clinics.where(Clinic.id == slot.clinic_id).first() or abort(404)


def in_words(slot: Slot, clinic: Clinic) -> str:
    return written_time(slot.starts_at, clinic.time_zone)
