"""The clinics of an expert: where they are, how one gets there, and when one is closed for good."""

from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from portal import audit, clock
from portal.db import database, one_at_a_time
from portal.ime.hours import refuse_overlap, time_of
from portal.ime.places import locate, place_of_zip, refuse_unknown_zip
from portal.ime.process import Refusal
from portal.models import Appointment, Clinic, Expert, SlotHold
from portal.words import Act, AppointmentState

PLACE = ("street", "city", "state", "zip")
ZONES = {
    "America/New_York": "Eastern time",
    "America/Chicago": "Central time",
    "America/Denver": "Mountain time",
    "America/Phoenix": "Mountain time, without summer time (Arizona)",
    "America/Los_Angeles": "Pacific time",
    "America/Anchorage": "Alaska time",
    "Pacific/Honolulu": "Hawaii time",
    "America/Puerto_Rico": "Atlantic time (Puerto Rico)",
}


def add_clinic(expert: Expert, **fields: Any) -> Clinic:
    """Add a clinic; its time zone is that of the ZIP code where none is given."""
    clinic = Clinic(expert=expert, **fields)
    settle_place(clinic)
    with database.atomic():
        clinic.save()
        audit.record(Act.CREATED, clinic)
    return clinic


def change_clinic(clinic: Clinic, **fields: Any) -> None:
    """Change a clinic. Where it lies and its time zone stay while something is booked there, or what is on paper would
    send people to the wrong place, or at the wrong time."""
    before, stood = clinic.time_zone, [getattr(clinic, name) for name in PLACE]
    for name, value in fields.items():
        setattr(clinic, name, value)
    settle_place(clinic)
    with database.atomic():
        one_at_a_time(time_of(clinic.expert_id))
        if clinic.time_zone != before and is_booked(clinic):
            raise Refusal(
                "Examinations are booked here. Move them before you change the time zone.", field="time_zone"
            )
        if [getattr(clinic, name) for name in PLACE] != stood and is_booked(clinic):
            raise Refusal(
                "Examinations are booked here. Add the new place as another clinic, and move them there first.",
                field="street",
            )
        clinic.save()
        if clinic.time_zone != before:
            refuse_shifted_hours(clinic)
        audit.record(Act.CHANGED, clinic)


def refuse_shifted_hours(clinic: Clinic) -> None:
    """By another clock the hours here are other moments, at which the expert may be elsewhere."""
    refuse_hours_elsewhere(clinic, "By this clock the hours here do not fit.", "time_zone")


def refuse_hours_elsewhere(clinic: Clinic, why: str, field: str = "") -> None:
    """The hours here must not be those of another clinic that is open."""
    for row in clinic.hours:
        try:
            refuse_overlap(row)
        except Refusal as refusal:
            raise Refusal(f"{why} {refusal.sentence}", field=field) from None


def settle_place(clinic: Clinic) -> None:
    refuse_unknown_zip(clinic.zip)
    found = place_of_zip(clinic.zip)
    if found and clinic.state and found.state != clinic.state:
        raise Refusal(f"This ZIP code lies in {found.state}. Check it and the state.", field="zip")
    locate(clinic)
    if not clinic.time_zone and found:
        clinic.time_zone = found.time_zone
    if not clinic.time_zone:
        raise Refusal("Choose the time zone of the clinic.", field="time_zone")
    try:
        ZoneInfo(clinic.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Refusal("Choose the time zone of the clinic.", field="time_zone") from None


def is_booked(clinic: Clinic) -> bool:
    booked = Appointment.select().where(
        (Appointment.clinic == clinic) & (Appointment.state == AppointmentState.BOOKED)
    )
    held = SlotHold.select().where((SlotHold.clinic == clinic) & (SlotHold.expires_at > clock.now()))
    return bool(booked.exists() or held.exists())


def close_clinic(clinic: Clinic) -> None:
    """Nothing more is booked here; refused while something is."""
    with database.atomic():
        one_at_a_time(time_of(clinic.expert_id))
        if is_booked(clinic):
            raise Refusal("Examinations are booked or held here. Move them first.")
        clinic.closed_at = clock.now()
        clinic.save()
        audit.record(Act.CHANGED, clinic)


def reopen_clinic(clinic: Clinic) -> None:
    """The clinic can be booked again; refused while its hours are those of another that is open."""
    with database.atomic():
        one_at_a_time(time_of(clinic.expert_id))
        refuse_hours_elsewhere(clinic, "Hours here do not fit any more: remove them first.")
        clinic.closed_at = None
        clinic.save()
        audit.record(Act.CHANGED, clinic)
