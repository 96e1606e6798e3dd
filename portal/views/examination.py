"""The day of the examination: held, missed, or not needed because the records are enough."""

from typing import Any

from flask import Blueprint, g

from portal.forms.examination import ExaminationForm, FileReviewForm, MissedForm
from portal.ime.appointment import booked_appointment
from portal.ime.cancellation import fees_for_missing
from portal.ime.examination import (
    has_begun,
    open_file_review,
    record_examination,
    record_missed,
)
from portal.models import Case
from portal.web.page import done, page, take
from portal.web.routing import performs
from portal.words import Outcome, Party

bp = Blueprint("examination", __name__)


@bp.route("/cases/<ref:ref>/examination", methods=["GET", "POST"])
@performs(record_examination)
def record(case: Case) -> Any:
    form = ExaminationForm()
    if form.validate_on_submit() and take(
        form, lambda: record_examination(case, by=g.person, **details(form))
    ):
        return done("The examination is recorded. The report can be written now.", case)
    return page("examination/record.html", "examination/_record_form.html", form=form, **facts(case))


@bp.route("/cases/<ref:ref>/examination/missed", methods=["GET", "POST"])
@performs(record_missed)
def miss(case: Case) -> Any:
    form, about = MissedForm(), facts(case)
    if form.validate_on_submit() and take(form, lambda: record_missed(case, by=g.person, **details(form))):
        return done("It is recorded. Next: a new appointment. The time stays in the history.", case)
    booked, choices = about["appointment"], map(Outcome, form.outcome.choices)
    fees = fees_for_missing(booked, choices) if booked else []
    return page(
        "examination/miss.html",
        "examination/_miss_form.html",
        form=form,
        fees=fees,
        may_cancel=g.party == Party.COORDINATOR,
        **about,
    )


@bp.route("/cases/<ref:ref>/file-review", methods=["GET", "POST"])
@performs(open_file_review)
def review_records(case: Case) -> Any:
    form = FileReviewForm()
    if form.validate_on_submit() and take(
        form, lambda: open_file_review(case, by=g.person, why=form.why.data)
    ):
        return done("It is a file review now. The expert and the referrer have been told.", case)
    return page(
        "examination/review_records.html", "examination/_review_records_form.html", form=form, case=case
    )


def details(form: Any) -> dict[str, Any]:
    """What was filled in, by field."""
    return {field.name: field.data for field in form if field.name != "csrf_token"}


def facts(case: Case) -> dict[str, Any]:
    """The booked appointment as the pages show it."""
    appointment = booked_appointment(case)
    return {
        "case": case,
        "appointment": appointment,
        "clinic": appointment.clinic if appointment else None,
        "has_begun": appointment is not None and has_begun(appointment),
    }
