"""Times to choose from: the coordinator offers up to three, the claimant takes one on their phone, or asks for others."""

from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, g, redirect, url_for

from portal import clock
from portal.forms.appointment import OfferingForm, PickingForm, RefusingForm, WithdrawingForm
from portal.ime import booking
from portal.ime.calendar import clock_face, place_lines, written_time, written_weekday, zone_in_words
from portal.ime.gates import Finding
from portal.ime.guidance import prepare_notice
from portal.ime.holds import (
    USUAL_ANSWER,
    offer_times,
    offered,
    pick_time,
    refuse_times,
    slot_of,
    withdraw_times,
)
from portal.ime.matching import end_of
from portal.ime.places import miles_between, place
from portal.ime.sealing import kept_only_if_filed
from portal.ime.slots import Slot
from portal.models import Case, SlotHold
from portal.views.booking import Choosing, weighed
from portal.views.instructions import claimant_page, own_case
from portal.web.formats import count, day
from portal.web.limits import RENDERING, limited
from portal.web.page import done, page, take
from portal.web.routing import performs, signed_in
from portal.web.session import is_proved
from portal.words import Role

bp = Blueprint("times", __name__)


# --- the coordinator --------------------------------------------------------------------------------------------


@bp.route("/cases/<ref:ref>/appointment/times", methods=["GET", "POST"])
@performs(offer_times)
def offer(case: Case) -> Any:
    choosing, form = Choosing(case), OfferingForm(until=clock.today() + USUAL_ANSWER)
    form.slots.choices = {str(slot): "" for slot in choosing.choices()}
    by_value = {str(slot): slot for slot in choosing.choices()}
    if form.validate_on_submit() and take(form, lambda: make_offer(case, form, by_value)):
        return done(f"The times are kept until {day(form.until.data)}. {told(case)}", case)
    if form.errors:
        choosing.look()
    chosen = [by_value[value] for value in form.slots.typed if value in by_value]
    return page(
        "times/offer.html",
        "times/_offer_form.html",
        form=form,
        standing=[described(each) for each in offered(case)],
        **choosing.shown(form.slots.typed),
        **weighed(said_of(case, choosing, chosen, form) if form.errors or form.form_errors else []),
    )


def make_offer(case: Case, form: OfferingForm, by_value: dict[str, Slot]) -> None:
    slots = sorted((by_value[value] for value in form.slots.data), key=lambda slot: slot.starts_at)
    offer_times(case, by=g.person, slots=slots, until=end_of(form.until.data), override=form.override.data)


def said_of(case: Case, choosing: Choosing, slots: list[Slot], form: OfferingForm) -> list[Finding]:
    """What the rules say of the times that were chosen, as of the last day for an answer."""
    until = end_of(form.until.data or clock.today())
    return booking.findings_of_offer(
        case, [(slot, choosing.clinics[slot.clinic_id]) for slot in slots], until
    )


def told(case: Case) -> str:
    if case.claimant.email:
        return "The claimant is sent a link to choose."
    return "The claimant has no e-mail address: please call and read the times out."


@bp.route("/cases/<ref:ref>/appointment/times/end", methods=["GET", "POST"])
@performs(withdraw_times)
def withdraw(case: Case) -> Any:
    form = WithdrawingForm()
    if form.validate_on_submit() and take(form, lambda: withdraw_times(case, by=g.person, why=form.why.data)):
        return done("The times are taken back. Please tell the claimant.", case)
    return page(
        "times/withdraw.html",
        "times/_withdraw_form.html",
        form=form,
        case=case,
        standing=[described(each) for each in offered(case)],
    )


def described(hold: SlotHold) -> dict[str, Any]:
    """An offered time in everyday words, as its place's clock shows it."""
    clinic = hold.clinic
    there = hold.starts_at.astimezone(ZoneInfo(clinic.time_zone))
    return {
        "value": str(slot_of(hold)),
        "day": written_weekday(there) + ("" if there.year == clock.today().year else f", {there.year}"),
        "time": f"{clock_face(there)}, {zone_in_words(there)}",
        "place": "By video, at home" if hold.is_telehealth else ", ".join(place_lines(clinic)),
        "until": written_time(hold.expires_at, clinic.time_zone),
    }


def from_home(hold: SlotHold, case: Case) -> str:
    """How far the claimant would go; empty where nothing is known of it, and until they said their date of birth: where
    somebody lives is more than when and where they are examined."""
    home, away = (place(row.latitude, row.longitude) for row in (case.claimant, hold.clinic))
    if not home or not away or hold.is_telehealth or not is_proved():
        return ""
    return f"About {count(round(miles_between(home, away)), 'mile')} from your home"


# --- the claimant -----------------------------------------------------------------------------------------------


@bp.route("/appointment/times", methods=["GET", "POST"])
@signed_in(Role.CLAIMANT)
@limited(RENDERING)
def pick() -> Any:
    case, form = own_case(pick_time), PickingForm()
    standing = offered(case)
    if not standing and not form.is_submitted():
        return redirect(url_for("instructions.appointment"), 303)
    by_value = {str(slot_of(each)): each for each in standing}
    form.slot.choices = dict.fromkeys(by_value, "")
    if form.validate_on_submit() and take(form, lambda: take_time(case, by_value[form.slot.data])):
        return done("Thank you. Your appointment is booked.", url_for("instructions.appointment"))
    return claimant_page(
        "times/pick.html",
        "times/_pick_form.html",
        form=form,
        times=[described(each) | {"miles": from_home(each, case)} for each in standing],
    )


def take_time(case: Case, hold: SlotHold) -> None:
    slot = slot_of(hold)
    letter = prepare_notice(case, hold.clinic, slot.starts_at, slot.ends_at, slot.is_telehealth)
    with kept_only_if_filed(letter):
        pick_time(case, by=g.person, slot=slot, letter=letter)


@bp.route("/appointment/times/others", methods=["GET", "POST"])
@signed_in(Role.CLAIMANT)
def refuse() -> Any:
    case, form = own_case(refuse_times), RefusingForm()
    if form.validate_on_submit() and take(form, lambda: refuse_times(case, by=g.person, why=form.why.data)):
        return done(
            "Thank you. We will find other times and write or call.", url_for("instructions.appointment")
        )
    return claimant_page("times/refuse.html", "times/_refuse_form.html", form=form)
