"""Accepting an invitation: a password of one's own, and on to the second factor."""

from typing import Any

from flask import Blueprint, redirect, url_for

from portal.forms.account import NewPasswordForm
from portal.ime.account_links import find_account_link
from portal.ime.invitation import accept_invitation
from portal.models import AccountLink
from portal.web import session
from portal.web.limits import LINK, limited
from portal.web.page import page, take
from portal.web.routing import public
from portal.words import AccountPurpose

bp = Blueprint("invitation", __name__)


@bp.route("/invitation/link/<token:token>", methods=["GET", "POST"])
@public
@limited(LINK)
def accept(token: str) -> Any:
    link, form = find_account_link(token, AccountPurpose.INVITATION), NewPasswordForm()
    if link is None:
        return page("account/dead_account_link.html"), 404
    if form.validate_on_submit() and take(form, lambda: joined(link, form)):
        return redirect(url_for("second_factor.show"), 303)
    return page(
        "invitation/accept.html",
        "password/_new_form.html",
        form=form,
        button="Set the password",
        person=link.user,
    )


def joined(link: AccountLink, form: NewPasswordForm) -> None:
    session.begin(accept_invitation(link, form.password.data), is_proved=False)
