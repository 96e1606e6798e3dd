"""Ways in and out: e-mail and password for staff and experts, a secure link for the claimant."""

from typing import Any
from urllib.parse import unquote

from flask import Blueprint, abort, g, redirect, request, url_for
from flask_login import current_user

from portal.config import OFFICE
from portal.forms.account import SignInForm
from portal.ime.account import admit, ask_for_link
from portal.ime.instructions import find_link, hashed, spend_link
from portal.models import SecureLink
from portal.web import session
from portal.web.formats import phone
from portal.web.page import done, page, take
from portal.web.routing import STAFF, public, signed_in

bp = Blueprint("account", __name__)


# --- staff and experts


@bp.route("/sign-in", methods=["GET", "POST"])
@public
def sign_in() -> Any:
    form = SignInForm(data={"next": own_page(request.args.get("next", ""))})
    if session.is_staff(g.person) and request.method == "GET":
        return redirect(onward(form), 303)
    if form.validate_on_submit() and take(form, lambda: enter(form)):
        return redirect(onward(form), 303)
    return page("account/sign_in.html", "account/_sign_in_form.html", form=form)


def enter(form: SignInForm) -> None:
    session.begin(admit(form.email.data, form.password.data, request.remote_addr or ""))


def onward(form: SignInForm) -> str:
    """The page that was wanted, or the desk."""
    return own_page(form.next.data) or url_for("desk.home")


def own_page(target: str) -> str:
    """The target if every browser reads it as a page of this portal, else nothing."""
    plain = unquote(target)
    is_path = plain.startswith("/") and not plain.startswith("//") and target.startswith("/")
    return target if is_path and "\\" not in plain and plain.isprintable() else ""


@bp.route("/sign-out", methods=["POST"])
@public
def sign_out() -> Any:
    is_claimant = isinstance(g.person, SecureLink)
    session.end()
    onward = redirect(url_for("account.goodbye" if is_claimant else "account.sign_in"), 303)
    onward.headers["Clear-Site-Data"] = '"cache"'  # so that Back shows nothing to the next person
    return onward


@bp.route("/account/sessions")
@signed_in(*STAFF)
def sessions() -> Any:
    rows = list(session.of_user(g.person))
    return page(
        "account/sessions.html", rows=rows, this=current_user.row.id, office_phone=phone(OFFICE.phone)
    )


@bp.route("/account/sessions/<number:session_id>/ending", methods=["POST"])
@signed_in(*STAFF)
def end_session(session_id: int) -> Any:
    if not session.end_of_user(g.person, session_id):
        abort(404)
    return done("You are signed out there.", url_for("account.sessions"))


@bp.route("/account/sessions/others/ending", methods=["POST"])
@signed_in(*STAFF)
def end_other_sessions() -> Any:
    session.end_others(g.person)
    return done("You are signed out everywhere else.", url_for("account.sessions"))


# --- the claimant


@bp.route("/appointment/link/<token:token>", methods=["GET", "POST"])
@public
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
    session.begin(spent)
    return redirect(url_for("instructions.appointment"), 303)


def dead_link(token: str) -> Any:
    """One answer for every link that does not open, so that nobody learns which links there are."""
    return page("account/dead_link.html", token=token), 404


@bp.route("/appointment/link/<token:token>/renewal", methods=["POST"])
@public
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
