"""Ways in and out: e-mail and password for staff and experts, a secure link for the claimant."""

from typing import Any

from flask import Blueprint, abort, g, redirect, request, url_for
from flask_login import current_user

from portal.config import OFFICE
from portal.forms.account import SignInForm
from portal.ime.account import admit, ask_for_link, stronger_hash
from portal.ime.calendar_feed import sign_out_elsewhere
from portal.ime.factors import factors_of
from portal.ime.instructions import find_link, hashed, spend_link
from portal.ime.sessions import IDLE, end_session_of, sessions_of
from portal.models import SecureLink
from portal.web import session
from portal.web.formats import phone
from portal.web.limits import LINK, RENEWAL, SIGN_IN, limited
from portal.web.page import done, page, take
from portal.web.routing import STAFF, public, signed_in
from portal.web.target import own_page

bp = Blueprint("account", __name__)


# --- staff and experts


@bp.route("/sign-in", methods=["GET", "POST"])
@public
@limited(SIGN_IN)
def sign_in() -> Any:
    form = SignInForm(data={"next": own_page(request.args.get("next", ""))})
    if (session.is_staff(g.person) or g.half) and request.method == "GET":
        return redirect(onward(form), 303)
    if form.validate_on_submit() and take(form, lambda: enter(form)):
        return redirect(onward(form), 303)
    elsewhere = url_for("single_sign_on.begin", next=own_page(form.next.data) or None)
    return page(
        "account/sign_in.html",
        "account/_sign_in_form.html",
        form=form,
        elsewhere=elsewhere,
        idle=IDLE.seconds // 60,
    )


def enter(form: SignInForm) -> None:
    """The password was right: half signed in, and a weaker hash waits for the second factor to be made stronger."""
    user = admit(form.email.data, form.password.data, request.remote_addr or "")
    session.begin(user, is_proved=False, stronger=stronger_hash(user, form.password.data))


def onward(form: SignInForm) -> str:
    """The page that was wanted, or the desk; to the second factor first."""
    target = own_page(form.next.data)
    if g.half:
        return url_for("second_factor.show", next=target or None)
    return target or url_for("desk.home")


@bp.route("/sign-out", methods=["POST"])
@public
def sign_out() -> Any:
    is_claimant = isinstance(g.person, SecureLink)
    is_leaving = session.end_here_first()
    after = "single_sign_on.leave" if is_leaving else "account.sign_in"
    onward = redirect(url_for("account.goodbye" if is_claimant else after), 303)
    onward.headers["Clear-Site-Data"] = '"cache"'  # so that Back shows nothing to the next person
    return onward


@bp.route("/account")
@signed_in(*STAFF)
def overview() -> Any:
    sessions = len(list(sessions_of(g.person)))
    return page(
        "account/overview.html", person=g.person, factors=factors_of(g.person), session_count=sessions
    )


@bp.route("/account/sessions")
@signed_in(*STAFF)
def sessions() -> Any:
    rows = list(sessions_of(g.person))
    return page(
        "account/sessions.html", rows=rows, this=current_user.row.id, office_phone=phone(OFFICE.phone)
    )


@bp.route("/account/sessions/<number:session_id>/ending", methods=["POST"])
@signed_in(*STAFF)
def end_session(session_id: int) -> Any:
    if not end_session_of(g.person, session_id):
        abort(404)
    return done("You are signed out there.", url_for("account.sessions"))


@bp.route("/account/sessions/others/ending", methods=["POST"])
@signed_in(*STAFF)
def end_other_sessions() -> Any:
    ended = sign_out_elsewhere(g.person, current_user.row.id)
    also = " The addresses of your calendar have ended too." if ended else ""
    return done(f"You are signed out everywhere else.{also}", url_for("account.sessions"))


# --- the claimant


@bp.route("/appointment/link/<token:token>", methods=["GET", "POST"])
@public
@limited(LINK)
def link(token: str) -> Any:
    if request.method == "POST":
        return open_link(token)
    if isinstance(g.person, SecureLink) and g.person.token_hash == hashed(token):
        return redirect(url_for("instructions.appointment"), 303)
    return page("account/link.html") if find_link(token) else dead_link(token)


def open_link(token: str) -> Any:
    spent = spend_link(token)
    if spent is None:
        return dead_link(token)
    session.begin(spent, is_proved=False)
    return redirect(url_for("instructions.appointment"), 303)


def dead_link(token: str) -> Any:
    """One answer for every link that does not open, so that nobody learns which links there are."""
    return page("account/dead_link.html", token=token), 404


@bp.route("/appointment/link/<token:token>/renewal", methods=["POST"])
@public
@limited(RENEWAL)
def renew_link(token: str) -> Any:
    ask_for_link(token)
    return redirect(url_for("account.link_asked"), 303)


@bp.route("/appointment/goodbye")
@public
def goodbye() -> Any:
    return page("account/goodbye.html")


@bp.route("/appointment/link-asked")
@public
def link_asked() -> Any:
    return page("account/link_asked.html")
