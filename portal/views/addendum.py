"""The expert answers clarifications in a signed addendum; the coordinator checks it, releases it or returns it."""

from typing import Any

from flask import Blueprint, g, url_for

from portal.forms.addendum import ReturnForm, SignatureForm, addendum_form, release_form
from portal.ime import booking
from portal.ime.addendum import (
    addendum_words,
    answered_in,
    latest_addendum,
    release_addendum,
    return_addendum,
    seal_and_sign,
    sign_addendum,
    unanswered,
    why_returned,
    write_addendum,
)
from portal.ime.chain import chain, holds
from portal.ime.clarification import SENT, in_state
from portal.ime.deadlines import by_rules, kept_rules
from portal.ime.letters import zone
from portal.ime.review import judged
from portal.ime.sealing import fingerprint
from portal.models import Case
from portal.views.booking import weighed
from portal.web.formats import time_now
from portal.web.limits import RENDERING, limited
from portal.web.page import done, page, saves_while_typing, take
from portal.web.routing import performs

bp = Blueprint("addendum", __name__)


@bp.route("/cases/<ref:ref>/addendum", methods=["GET", "POST"])
@performs(write_addendum)
def write(case: Case) -> Any:
    items = in_state(case, SENT)
    form = addendum_form(items)
    if form.validate_on_submit() and take(
        form, lambda: write_addendum(case, by=g.person, answers=form.answers())
    ):
        return saved(case)
    if saves_while_typing():
        return page("addendum/_saved.html", form=form)
    rows = {row.question.id: row for row in judged(case)}
    return page(
        "addendum/write.html",
        "addendum/_write_form.html",
        form=form,
        case=case,
        blocks=[(each, rows[each.question_id], form.block(each.id)) for each in items],
        lacking=unanswered(case),
        why_returned=why_returned(case),
        rule_date=by_rules(case, kept_rules(case))["Addendum"],
    )


def saved(case: Case) -> Any:
    """The line beside the button where the script saves while the expert types; else the page again."""
    if saves_while_typing():
        return page("addendum/_saved.html", saved_at=time_now(zone(case)))
    return done("Your answers are saved.", url_for("addendum.write", ref=case.reference))


@bp.route("/cases/<ref:ref>/addendum/signature", methods=["GET", "POST"])
@performs(sign_addendum)
@limited(RENDERING)
def sign(case: Case) -> Any:
    lacking = unanswered(case)
    words = None if lacking else addendum_words(case)
    form = SignatureForm(read=fingerprint(words))
    if form.validate_on_submit() and take(
        form, lambda: seal_and_sign(case, by=g.person, read=form.read.data or "")
    ):
        return done("The addendum is signed. The coordinator has been told and checks it next.", case)
    form.read.process_data(fingerprint(words))
    return page(
        "addendum/sign.html", "addendum/_sign_form.html", form=form, case=case, lacking=lacking, words=words
    )


@bp.route("/cases/<ref:ref>/addendum/check", methods=["GET", "POST"])
@performs(release_addendum)
def check(case: Case) -> Any:
    form = release_form(booking.may_get_copies(case))
    if form.validate_on_submit() and take(form, lambda: release_addendum(case, by=g.person, **given(form))):
        return done(
            "The addendum is released. The referrer and the recipients of the report have been told.", case
        )
    addendum = latest_addendum(case)
    return page(
        "addendum/check.html",
        "addendum/_check_form.html",
        form=form,
        case=case,
        addendum=addendum,
        items=answered_in(addendum),
        is_unbroken=holds(chain(case)),
        **weighed(booking.release_findings(case, form.copies.data or ())),
    )


def given(form: Any) -> dict[str, Any]:
    return {name: form[name].data for name in ("read", "copies", "override")}


@bp.route("/cases/<ref:ref>/addendum/return", methods=["GET", "POST"])
@performs(return_addendum)
def send_back(case: Case) -> Any:
    form = ReturnForm()
    if form.validate_on_submit() and take(
        form, lambda: return_addendum(case, by=g.person, why=form.why.data)
    ):
        return done("The addendum is returned. The expert has been told.", case)
    return page("addendum/send_back.html", "addendum/_send_back_form.html", form=form, case=case)
