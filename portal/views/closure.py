"""Withdraw a referral; reopen a closed case."""

from typing import Any

from flask import Blueprint, g

from portal.forms.closure import ReopeningForm, WithdrawalForm
from portal.ime.appointment import booked_appointment
from portal.ime.cancellation import fee_for_ending
from portal.ime.closure import reopen_case, withdraw_referral
from portal.models import Case
from portal.web.page import done, page, take
from portal.web.routing import performs
from portal.words import Party

bp = Blueprint("closure", __name__)


@bp.route("/cases/<ref:ref>/withdrawal", methods=["GET", "POST"])
@performs(withdraw_referral)
def withdraw(case: Case) -> Any:
    form = WithdrawalForm()
    if form.validate_on_submit() and take(
        form, lambda: withdraw_referral(case, by=g.person, why=form.why.data)
    ):
        return done("The referral is withdrawn. Everyone engaged has been told.", case)
    booked = booked_appointment(case)
    fee = fee_for_ending(booked, Party.REFERRER) if booked else None
    return page("closure/withdraw.html", "closure/_withdraw_form.html", form=form, case=case, fee=fee)


@bp.route("/cases/<ref:ref>/reopening", methods=["GET", "POST"])
@performs(reopen_case)
def reopen(case: Case) -> Any:
    form = ReopeningForm()
    if form.validate_on_submit() and take(form, lambda: reopen_case(case, by=g.person, why=form.why.data)):
        return done("The case is open again. The others on it have been told.", case)
    return page("closure/reopen.html", "closure/_reopen_form.html", form=form, case=case)
