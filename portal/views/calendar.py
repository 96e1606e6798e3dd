"""The expert's calendar addresses, and what a calendar program reads at one of them."""

from typing import Any

from flask import Blueprint, Response, abort, g, request, url_for

from portal.forms.calendar import FeedForm
from portal.ime.calendar_feed import end_feed, find_feed, make_feed, open_feeds, read_feed
from portal.models import CalendarFeed, Clinic, Expert
from portal.outbox import public_url
from portal.web.limits import FEED, limited
from portal.web.page import done, page, take
from portal.web.routing import freshly, public, signed_in
from portal.words import Role

bp = Blueprint("calendar", __name__)


@bp.route("/calendars/<token:token>.ics")
@public
@limited(FEED)
def feed(token: str) -> Response:
    """The feed as a calendar program reads it; an ended or unknown address is not there."""
    row = find_feed(token) or abort(404)
    response = Response(read_feed(row), mimetype="text/calendar")
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex"
    response.add_etag()
    return response.make_conditional(request)


@bp.route("/calendar", methods=["GET", "POST"])
@signed_in(Role.EXPERT)
@freshly
def addresses() -> Any:
    expert: Expert = g.person.expert or abort(404)
    form, made = FeedForm(), []
    form.clinic.choices = {clinic.id: clinic.name for clinic in expert.clinics.order_by(Clinic.id)}
    if form.validate_on_submit() and take(
        form, lambda: made.append(make_feed(expert, clinic_of(expert, form)))
    ):
        form = FeedForm(formdata=None)
        form.clinic.choices = {clinic.id: clinic.name for clinic in expert.clinics.order_by(Clinic.id)}
    return page(
        "calendar/addresses.html",
        "calendar/_feed_form.html",
        form=form,
        address=f"{public_url()}/calendars/{made[0]}.ics" if made else "",
        feeds=[
            (row, row.clinic.name if row.clinic else "All clinics", url_for(".end", feed_id=row.id))
            for row in open_feeds(expert)
        ],
    )


def clinic_of(expert: Expert, form: FeedForm) -> Clinic | None:
    return expert.clinics.where(Clinic.id == int(form.clinic.data)).first() if form.clinic.data else None


@bp.route("/calendar/<number:feed_id>/end", methods=["POST"])
@signed_in(Role.EXPERT)
def end(feed_id: int) -> Any:
    expert = g.person.expert or abort(404)
    end_feed(open_feeds(expert).where(CalendarFeed.id == feed_id).first() or abort(404))
    return done("The address is ended. Calendars that read it get nothing any more.", url_for(".addresses"))
