"""The offer: whom a case is offered, how they answer, and the panel of experts."""

from datetime import datetime
from typing import Any

from flask import Blueprint, abort, g, redirect, request, url_for

from portal import clock
from portal.forms.appointment import WANTED_BY
from portal.forms.fields.base import only_text
from portal.forms.matching import (
    DeclarationForm,
    DrawForm,
    OfferForm,
    PassForm,
    RecallForm,
    ReleaseForm,
    StrikeForm,
    panel_choices,
    panel_filters,
)
from portal.ime import booking, experts, matching
from portal.ime.appointment import booked_appointment
from portal.ime.calendar import written_time
from portal.ime.cancellation import Fee, fee_for_ending
from portal.ime.draw import draw_panel, is_represented, last_draw, names_left, strike_name, strikes_on
from portal.ime.matching import offer_case, pass_offer, recall_offer, release_expert, take_offer
from portal.ime.modes import mode_of
from portal.ime.ranking import Candidate
from portal.ime.redaction import named, redacted
from portal.models import Appointment, Case
from portal.views.booking import weighed
from portal.web import sought
from portal.web.formats import moment
from portal.web.limits import SEARCH, limited
from portal.web.page import done, page, take
from portal.web.routing import performs, signed_in
from portal.words import MatchingMode, Party, Role

bp = Blueprint("matching", __name__)

SHOWN = 10
MOST_SHOWN = 200


@bp.route("/cases/<ref:ref>/offer", methods=["GET", "POST"])
@performs(offer_case)
def offer(case: Case) -> Any:
    ranking = matching.ranked(case)
    panel = last_draw(case)
    order = matching.order_of(case, ranking, panel)
    form = offer_form(in_order(ranking, order))
    if form.validate_on_submit() and take(form, lambda: make_offer(case, form)):
        until = moment(last_minute(form))
        return done(f"The case is offered to {chosen(form)}, who may answer until {until}.", case)
    return page(
        "matching/offer.html",
        "matching/_offer_form.html",
        form=form,
        case=case,
        **lists(case, ranking, order),
        **drawing(case, ranking, panel),
    )


def in_order(ranking: list[Candidate], order: list[int]) -> list[Candidate]:
    """The candidates who may be chosen, as they are proposed."""
    by_number = {each.expert_id: each for each in ranking}
    return [by_number[number] for number in order]


def drawing(case: Case, ranking: list[Candidate], panel: Any) -> dict[str, Any]:
    """How the expert is found for this kind of examination, and the names that were drawn."""
    mode = mode_of(case.exam_kind)
    names = {each.expert_id: each.name for each in ranking}
    struck = {row.expert_id: row.party.label for row in panel.strikes} if panel else {}
    return {
        "mode": mode,
        "panel": panel,
        "names": [
            (number, names.get(number, "An expert who left the panel"), struck.get(number, ""))
            for number in (panel.names if panel else ())
        ],
        "may_strike": bool(
            panel
            and panel.mode == MatchingMode.RANDOM_PANEL
            and len(names_left(panel)) > 1
            and (is_represented(case) or not mode.strikes_if_represented)
        ),
    }


def offer_form(eligible: list[Candidate]) -> OfferForm:
    """The form with everybody who may be chosen, the first on the list proposed."""
    first = eligible[0].expert_id if eligible else None
    form = OfferForm(expert=first, until=clock.today() + matching.USUAL_ANSWER)
    form.expert.choices = {each.expert_id: each.name for each in eligible}
    return form


def make_offer(case: Case, form: OfferForm) -> None:
    expert = experts.find(form.expert.data)
    if expert is None:
        abort(404)
    why = form.why_not_first.data
    offer_case(case, by=g.person, expert=expert, until=last_minute(form), why_not_first=why)


def last_minute(form: OfferForm) -> datetime:
    return matching.end_of(form.until.data)


def chosen(form: OfferForm) -> str:
    return form.expert.choices[str(form.expert.data)]


def lists(case: Case, ranking: list[Candidate], order: list[int]) -> dict[str, Any]:
    """What the page lists: the best so many, how to see more of them, the excluded, and the offers so far."""
    eligible = in_order(ranking, order)
    many = min(max(request.args.get("many", SHOWN, type=count), SHOWN), MOST_SHOWN)
    more = min(many + 2 * SHOWN, MOST_SHOWN)
    return {
        "shown": eligible[:many],
        "eligible_count": len(eligible),
        "more_href": url_for(".offer", ref=case.reference, many=more)
        if len(eligible) > many < more
        else None,
        "excluded": [each for each in ranking if not each.rank],
        "offers": matching.offers_so_far(case),
    }


@bp.route("/cases/<ref:ref>/draw", methods=["GET", "POST"])
@performs(draw_panel)
def draw(case: Case) -> Any:
    form = DrawForm()
    if form.validate_on_submit() and take(
        form,
        lambda: draw_panel(case, by=g.person, eligible=matching.eligible_for(case), why=form.why.data),
    ):
        return done("The names are drawn. The referrer has been told.", url_for(".offer", ref=case.reference))
    return page(
        "matching/draw.html",
        "matching/_draw_form.html",
        form=form,
        case=case,
        mode=mode_of(case.exam_kind),
        before=last_draw(case),
    )


@bp.route("/cases/<ref:ref>/panel", methods=["GET", "POST"])
@performs(strike_name)
def strike(case: Case) -> Any:
    """The names on the panel, of which each party may strike one."""
    panel, mode = last_draw(case), mode_of(case.exam_kind)
    numbers = names_left(panel) if panel and panel.mode == MatchingMode.RANDOM_PANEL else []
    form, found = StrikeForm(), experts.named(numbers)
    form.expert.choices = {each.id: each.name for each in found}
    is_office = g.party == Party.COORDINATOR
    theirs = [each for each in mode.strikes if each != Party.REFERRER]  # the referrer strikes their own
    form.party.choices = {each: each.title for each in theirs} if is_office else {}
    if not is_office:
        del form.party
    if form.validate_on_submit() and take(form, lambda: make_strike(case, form, found)):
        onward = url_for(".offer", ref=case.reference) if is_office else case
        return done("The name is struck.", onward)
    return page(
        "matching/strike.html",
        "matching/_strike_form.html",
        form=form,
        case=case,
        struck=[(row.expert.name, row.party.label) for row in strikes_on(panel)],
        is_open=len(numbers) > 1,
    )


def make_strike(case: Case, form: StrikeForm, found: list[Any]) -> None:
    expert = next(each for each in found if each.id == int(form.expert.data))
    strike_name(case, by=g.person, expert=expert, party=form.party.data if "party" in form else None)


def count(typed: str) -> int:
    """A count or a row's number in an address, small enough for either database. Raises ValueError for another."""
    if not typed.isdecimal() or len(typed) > 9:
        raise ValueError(typed)
    return int(typed)


@bp.route("/cases/<ref:ref>/offer/acceptance", methods=["GET", "POST"])
@performs(take_offer)
def accept(case: Case) -> Any:
    form = DeclarationForm()
    if form.validate_on_submit() and take(form, lambda: declare(case, form)):
        return done("You took the case. A coordinator now chooses an appointment with you.", case)
    return page(
        "matching/accept.html",
        "matching/_accept_form.html",
        form=form,
        case=case,
        offered=redacted(case),
        people=named(case),
    )


def declare(case: Case, form: DeclarationForm) -> None:
    take_offer(
        case,
        by=g.person,
        has_treated=form.has_treated.data,
        shares_practice=form.shares_practice.data,
        has_financial_link=form.has_financial_link.data,
        note=form.note.data,
    )


@bp.route("/cases/<ref:ref>/offer/pass", methods=["GET", "POST"], endpoint="pass")
@performs(pass_offer)
def pass_on(case: Case) -> Any:
    form = PassForm()
    if form.validate_on_submit() and take(
        form, lambda: pass_offer(case, by=g.person, why=form.why.data, because=form.because.data)
    ):
        return done(f"You passed on {case.reference}. The coordinators have been told.", url_for("desk.home"))
    return page("matching/pass.html", "matching/_pass_form.html", form=form, case=case)


@bp.route("/cases/<ref:ref>/offer/recall", methods=["GET", "POST"])
@performs(recall_offer)
def recall(case: Case) -> Any:
    form = RecallForm()
    if form.validate_on_submit() and take(form, lambda: recall_offer(case, by=g.person, why=form.why.data)):
        return done("The offer is recalled. The expert has been told.", case)
    offered = matching.offers_so_far(case)[0]
    return page("matching/recall.html", "matching/_recall_form.html", form=form, case=case, offered=offered)


@bp.route("/cases/<ref:ref>/expert/release", methods=["GET", "POST"])
@performs(release_expert)
def release(case: Case) -> Any:
    old, form = booked_appointment(case), ReleaseForm()
    if old is None:
        del form.wanted_by, form.override
    if form.validate_on_submit() and take(form, lambda: release_expert(case, by=g.person, **given(form))):
        return done("The expert is released. Everyone engaged has been told.", case)
    wanted_by = form.wanted_by.data if old else None
    found = booking.cancelling_findings(case, old, wanted_by or Party.EXPERT) if old else []
    return page(
        "matching/release.html",
        "matching/_release_form.html",
        form=form,
        case=case,
        old=old and written_time(old.starts_at, old.clinic.time_zone),
        fees=fees(old) if old else [],
        **weighed(found),
    )


def fees(old: Appointment) -> list[tuple[str, Fee]]:
    """What ending the appointment today costs, by who wants it."""
    return [(f"{WANTED_BY[party]} wants it", fee_for_ending(old, party)) for party in matching.RELEASING]


def given(form: ReleaseForm) -> dict[str, Any]:
    """What the form asked for; who wants it only where something is booked."""
    return {name: form[name].data for name in ("why", "wanted_by", "override") if name in form}


@bp.route("/experts", methods=["GET", "POST"])
@signed_in(Role.COORDINATOR)
@limited(SEARCH, unless=lambda: "search" not in request.args)
def panel() -> Any:
    """The experts of a choice. A name comes by POST and goes on by its seal: nothing typed stands in an address."""
    chosen = panel_choices(request.values)
    if request.method == "POST":
        kept = sought.seal(only_text(request.form.get("q", "")).strip()[: sought.LONGEST])
        return redirect(url_for(".panel", **chosen | ({"search": kept} if kept else {})), 303)
    kept = request.args.get("search", "")[:1_000]
    typed, after = sought.unseal(kept), request.args.get("after", 0, type=count)
    listed, following = experts.page(after, experts.Sought(**chosen, typed=typed))
    onward = chosen | ({"search": kept} if typed else {})
    return page(
        "matching/panel.html",
        experts=listed,
        q=typed,
        chosen=chosen,
        filters=panel_filters(),
        first_href=url_for(".panel", **onward) if after else None,
        more_href=url_for(".panel", after=following, **onward) if following else None,
    )
