"""The claimant's second check, before anything but when and where is shown."""

from typing import Any

from flask import Blueprint, g, redirect, request, url_for

from portal.config import OFFICE
from portal.forms.identity import IdentityForm
from portal.ime.identity import check_birthday
from portal.web import session
from portal.web.page import page, take
from portal.web.routing import signed_in
from portal.web.target import own_page
from portal.words import Role

bp = Blueprint("identity", __name__)


@bp.route("/appointment/identity", methods=["GET", "POST"])
@signed_in(Role.CLAIMANT)
def check() -> Any:
    form = IdentityForm(data={"next": own_page(request.args.get("next", ""))})
    if form.validate_on_submit() and take(form, lambda: check_birthday(g.person, form.born_on.data)):
        session.prove()
        return redirect(onward(form), 303)
    return page("identity/check.html", "identity/_check_form.html", form=form, office=OFFICE)


def onward(form: IdentityForm) -> str:
    """The page that was wanted if it is one of the claimant's, or their appointment."""
    wanted = own_page(form.next.data)
    return wanted if wanted.startswith("/appointment") else url_for("instructions.appointment")
