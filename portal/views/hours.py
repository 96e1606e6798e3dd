"""The expert's own hours and time off; everything is loaded through the expert who is signed in."""

from typing import Any

from flask import Blueprint, abort, g, url_for

from portal import clock
from portal.forms.hours import HoursForm, TimeOffForm
from portal.ime.hours import (
    WEEKDAYS,
    add_time_off,
    remove_hours,
    remove_time_off,
    set_hours,
)
from portal.ime.slots import weekly_hours
from portal.models import Clinic, Expert, TimeOff, WeeklyHours
from portal.web.formats import count, day
from portal.web.page import done, page, take
from portal.web.routing import signed_in
from portal.words import Role
from portal.written import clock_face

bp = Blueprint("appointment", __name__)


@bp.route("/hours")
@signed_in(Role.EXPERT)
def hours() -> Any:
    expert = own_profile()
    return page(
        "appointment/hours.html", clinics=clinics(expert), time_off=days_off(expert), weekdays=WEEKDAYS
    )


@bp.route("/hours/<number:clinic_id>", methods=["GET", "POST"])
@signed_in(Role.EXPERT)
def add_hours(clinic_id: int) -> Any:
    clinic = one_or_404(own_profile().clinics.where(Clinic.id == clinic_id))
    form = HoursForm()
    if form.validate_on_submit() and take(form, lambda: set_hours(clinic, **hours_in(form))):
        return done(f"Your hours at {clinic.name} are saved.", url_for("appointment.hours"))
    return page(
        "appointment/add_hours.html",
        "appointment/_add_hours_form.html",
        form=form,
        clinic=clinic,
        may_be_by_video=g.person.expert.accepts_telehealth,
    )


def hours_in(form: HoursForm) -> dict[str, Any]:
    names = ("weekdays", "opens", "closes", "first_day", "last_day", "is_telehealth")
    return {name: form[name].data for name in names}


@bp.route("/hours/<number:clinic_id>/<number:hours_id>/removal", methods=["POST"])
@signed_in(Role.EXPERT)
def drop_hours(clinic_id: int, hours_id: int) -> Any:
    own = weekly_hours(own_profile()).where(WeeklyHours.clinic == clinic_id, WeeklyHours.id == hours_id)
    remove_hours(one_or_404(own))
    return done("The hours are removed. What is booked stays booked.", url_for("appointment.hours"))


@bp.route("/hours/time-off", methods=["GET", "POST"])
@signed_in(Role.EXPERT)
def take_time_off() -> Any:
    expert, form, booked = own_profile(), TimeOffForm(), []
    if form.validate_on_submit() and take(
        form,
        lambda: booked.append(
            add_time_off(expert, first_day=form.first_day.data, last_day=form.last_day.data)
        ),
    ):
        return done(time_off_saved(booked[0]), url_for("appointment.hours"))
    return page("appointment/time_off.html", "appointment/_time_off_form.html", form=form)


def time_off_saved(booked: int) -> str:
    """What the expert is told, with a warning for what is already booked on those days."""
    if not booked:
        return "Your time off is saved. Nothing will be booked on these days."
    return f"Your time off is saved. Booked or offered on these days: {count(booked, 'examination')}. Please call us."


@bp.route("/hours/time-off/<number:time_off_id>/removal", methods=["POST"])
@signed_in(Role.EXPERT)
def drop_time_off(time_off_id: int) -> Any:
    remove_time_off(one_or_404(own_profile().time_off.where(TimeOff.id == time_off_id)))
    return done("The time off is removed.", url_for("appointment.hours"))


def own_profile() -> Expert:
    return g.person.expert or abort(404)


def one_or_404(rows: Any) -> Any:
    return rows.first() or abort(404)


def clinics(expert: Expert) -> list[dict[str, Any]]:
    """Each clinic with its weekly hours in the order of the week, in two reads."""
    rows = list(weekly_hours(expert).order_by(WeeklyHours.weekday, WeeklyHours.opens))
    return [
        {
            "clinic": clinic,
            "add_href": url_for("appointment.add_hours", clinic_id=clinic.id),
            "hours": [hours_row(row) for row in rows if row.clinic_id == clinic.id],
        }
        for clinic in expert.clinics.order_by(Clinic.id)
    ]


def hours_row(row: WeeklyHours) -> dict[str, str]:
    return {
        "day": WEEKDAYS[row.weekday],
        "time": f"{clock_face(row.opens)} to {clock_face(row.closes)}"
        + ("" if not row.is_telehealth else ", by video"),
        "from_until": from_until(row),
        "remove_href": url_for("appointment.drop_hours", clinic_id=row.clinic_id, hours_id=row.id),
    }


def from_until(row: WeeklyHours) -> str:
    """Between which days the hours hold, empty where they have neither."""
    first = f"from {day(row.first_day)}" if row.first_day else ""
    return f"{first} until {day(row.last_day)}".strip() if row.last_day else first


def days_off(expert: Expert) -> list[dict[str, str]]:
    """The time off that is not over yet."""
    coming = expert.time_off.where(TimeOff.last_day >= clock.today()).order_by(TimeOff.first_day)
    return [
        {
            "days": day(row.first_day)
            + (f" to {day(row.last_day)}" if row.last_day != row.first_day else ""),
            "remove_href": url_for("appointment.drop_time_off", time_off_id=row.id),
        }
        for row in coming
    ]
