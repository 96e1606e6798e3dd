"""A change of e-mail address, asked for by whoever is signed in and confirmed at the new address."""

from typing import Any

from flask import Blueprint, g, url_for

from portal.forms.account import ChangeEmailForm, ConfirmForm
from portal.ime.account_links import find_account_link
from portal.ime.email_change import ask_for_email, confirm_email
from portal.web import session
from portal.web.limits import LINK, limited
from portal.web.page import done, page, take
from portal.web.routing import STAFF, freshly, public, signed_in
from portal.words import AccountPurpose

bp = Blueprint("email_change", __name__)


@bp.route("/account/email", methods=["GET", "POST"])
@signed_in(*STAFF)
@freshly
def ask() -> Any:
    form = ChangeEmailForm()
    if form.validate_on_submit() and take(form, lambda: ask_for_email(g.person, form.email.data)):
        return done(
            "Open the link that we sent to the new address. Until then the old one counts.",
            url_for("account.overview"),
        )
    return page("email_change/ask.html", "email_change/_ask_form.html", form=form)


@bp.route("/email/link/<token:token>", methods=["GET", "POST"])
@public
@limited(LINK)
def confirm(token: str) -> Any:
    link, form = find_account_link(token, AccountPurpose.EMAIL_CHANGE), ConfirmForm()
    if link is None:
        return page("account/dead_account_link.html"), 404
    if form.validate_on_submit() and take(form, lambda: confirm_email(link)):
        onward = "account.overview" if session.is_staff(g.person) else "account.sign_in"
        return done("Your new e-mail address counts from now.", url_for(onward))
    return page("email_change/confirm.html", "email_change/_confirm_form.html", form=form, email=link.email)
