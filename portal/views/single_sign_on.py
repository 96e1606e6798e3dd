"""Signing in and out at one's own organisation, and the managers' page where that is set up."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from flask import Blueprint, Response, abort, current_app, g, redirect, request, url_for
from flask import session as cookie

from portal import clock
from portal.forms.single_sign_on import OrganizationForm, SignOnForm
from portal.ime import organisations
from portal.ime.process import Refusal
from portal.ime.sign_on_settings import (
    domains_of,
    linked_people,
    remove_sign_on,
    set_sign_on,
    sign_on_of,
    unlink,
)
from portal.ime.single_sign_on import NoEntry, client_of, enter, note_refusal, provider_numbered, provider_of
from portal.models import IdentityProvider, Organisation, User
from portal.outside import identities
from portal.outside.identity import Attempt, Misconfigured, ProviderDown, attempt
from portal.outside.tokens import Untrusted
from portal.web import session
from portal.web.limits import LINK, SIGN_IN, limited
from portal.web.page import done, page, take
from portal.web.routing import freshly, manages, public
from portal.web.target import own_page
from portal.words import Ending

bp = Blueprint("single_sign_on", __name__)

ATTEMPT = "signing_on"  # what the sealed cookie holds meanwhile
LONGEST = 900  # seconds from leaving for the provider to coming back
SILENT = "Your organization’s sign-in does not answer right now. Try again in a few minutes; nothing is lost."


# --- there


@bp.route("/sign-in/organization", methods=["GET", "POST"])
@public
@limited(SIGN_IN)
def begin() -> Any:
    form = OrganizationForm(data={"next": own_page(request.args.get("next", ""))})
    if session.is_staff(g.person) and request.method == "GET":
        return redirect(own_page(form.next.data) or url_for("desk.home"), 303)
    found: list[str] = []
    if form.validate_on_submit() and take(form, lambda: found.append(set_out(form))):
        return onward("single_sign_on/onward.html", found[0])
    return page("single_sign_on/begin.html", "single_sign_on/_begin_form.html", form=form)


def set_out(form: OrganizationForm) -> str:
    """The address at the provider, and in the cookie what must be known again afterwards. Raises Refusal."""
    provider, made = provider_of(form.email.data), attempt()
    try:
        address = identities().way_in(client_of(provider), made, return_address())
    except (ProviderDown, Misconfigured) as silent:
        note_refusal(provider, "down", Ending.FAILED)
        raise Refusal(SILENT) from silent
    cookie[ATTEMPT] = {
        **asdict(made),
        "provider": provider.id,
        "issuer": provider.issuer,
        "began": int(clock.now().timestamp()),
        "next": own_page(form.next.data),
    }
    return address


def onward(template: str, address: str) -> Response:
    """A page that goes on by itself, or by its one button: a form may not lead to another site, says our policy."""
    response = page(template, address=address)
    response.headers["Refresh"] = f"0; url={address}"
    return response


def return_address() -> str:
    """Where providers send people back to: exactly this, from the configured address and from nothing else."""
    return public_url() + url_for("single_sign_on.come_back")


def public_url() -> str:
    return str(current_app.config["IMPARTIAL"].public_url)


# --- and back


@bp.route("/sign-in/organization/return")
@public
@limited(LINK)
def come_back() -> Any:
    kept = cookie.pop(ATTEMPT, None) or {}
    provider = provider_numbered(kept.get("provider"))
    try:
        user, methods = arrive(provider, kept)
    except Untrusted as refusal:
        return turned_away(provider, str(refusal), 400)
    except NoEntry as refusal:
        return turned_away(provider, str(refusal), 403)
    except (ProviderDown, Misconfigured):
        return turned_away(provider, "down", 503)
    session.begin(user, way="organization", methods=methods)
    session.came_from(provider.id)
    return redirect(kept["next"] or url_for("desk.home"), 303)


def arrive(provider: IdentityProvider | None, kept: Mapping[str, Any]) -> tuple[User, list[str]]:
    """Who came back and how they proved who they are, if they set out here a short while ago and their provider is still
    the same."""
    if provider is None or kept["issuer"] != provider.issuer:
        raise Untrusted("state")
    if kept["began"] + LONGEST < clock.now().timestamp():
        raise Untrusted("slow")
    if any(len(texts) > 1 for _, texts in request.args.lists()):
        raise Untrusted("twice")
    known = Attempt(kept["state"], kept["nonce"], kept["verifier"])
    shown = identities().who(client_of(provider), known, request.args, return_address(), clock.now())
    return enter(provider, shown), list(shown.methods)


def turned_away(provider: IdentityProvider | None, why: str, status: int) -> Any:
    """One kind page that says what to do; the word for why is kept in the audit trail alone."""
    note_refusal(provider, why, Ending.FAILED if status == 503 else Ending.REFUSED)
    is_over = why in {"state", "slow", "declined"}
    return page("single_sign_on/turned_away.html", status=status, is_over=is_over), status


# --- out


@bp.route("/sign-out/organization")
@public
def leave() -> Any:
    """Our session is over already; the provider's own ends there, if it offers that."""
    provider = provider_numbered(session.left())
    address = way_out(provider) if provider else ""
    if not address:
        return redirect(url_for("account.sign_in"), 303)
    return onward("single_sign_on/leave.html", address)


def way_out(provider: IdentityProvider) -> str:
    try:
        return identities().way_out(client_of(provider), public_url() + url_for("account.sign_in"))
    except (ProviderDown, Misconfigured):
        return ""


# --- for managers


@bp.route("/organisations/<number:organisation_id>/sign-on", methods=["GET", "POST"])
@manages
@freshly
def settings(organisation_id: int) -> Any:
    organisation = organisation_or_404(organisation_id)
    provider = sign_on_of(organisation)
    form = SignOnForm(data=as_kept(organisation, provider))
    if form.validate_on_submit() and take(
        form, lambda: set_sign_on(organisation, by=g.person, **asked(form))
    ):
        return done(saved(organisation), url_for("single_sign_on.settings", organisation_id=organisation_id))
    return page(
        "single_sign_on/settings.html",
        "single_sign_on/_settings_form.html",
        form=form,
        organisation=organisation,
        provider=provider,
        has_secret=bool(provider and provider.client_secret),
        people=linked_people(provider) if provider else [],
        return_address=return_address(),
        sign_in_address=public_url() + url_for("account.sign_in"),
    )


def organisation_or_404(number: int) -> Organisation:
    return organisations.find(number) or abort(404)


def as_kept(organisation: Organisation, provider: IdentityProvider | None) -> dict[str, Any]:
    if provider is None:
        return {}
    kept = {name: getattr(provider, name) for name in ("issuer", "client_id", "is_only_way")}
    return kept | {"domains": "\n".join(domains_of(organisation))}


def asked(form: SignOnForm) -> dict[str, Any]:
    return {name: field.data for name, field in form._fields.items() if name != "csrf_token"}


def saved(organisation: Organisation) -> str:
    return f"Saved. The provider answered, so people of {organisation.name} can sign in with it now."


@bp.route("/organisations/<number:organisation_id>/sign-on/removal", methods=["POST"])
@manages
@freshly
def remove(organisation_id: int) -> Any:
    organisation = organisation_or_404(organisation_id)
    remove_sign_on(sign_on_of(organisation) or abort(404), by=g.person)
    sentence = f"Removed. People of {organisation.name} sign in with their passwords again."
    return done(sentence, url_for("single_sign_on.settings", organisation_id=organisation_id))


@bp.route(
    "/organisations/<number:organisation_id>/sign-on/people/<number:identity_id>/removal", methods=["POST"]
)
@manages
@freshly
def unlink_person(organisation_id: int, identity_id: int) -> Any:
    provider = sign_on_of(organisation_or_404(organisation_id)) or abort(404)
    linked = {row.id: row for row in linked_people(provider)}
    unlink(linked.get(identity_id) or abort(404))
    return done(
        "Unlinked. Their next sign-in links them again, by their e-mail address.",
        url_for("single_sign_on.settings", organisation_id=organisation_id),
    )
