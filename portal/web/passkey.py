"""The ceremony of a passkey: one challenge a page, kept in the sealed cookie beside the token of the session, and where
keys are shown, which the configured address alone decides."""

from base64 import urlsafe_b64decode, urlsafe_b64encode

from flask import current_app, session

from portal import clock
from portal.ime.passkeys import Site, new_challenge, site_at
from portal.ime.process import Refusal

PATIENCE = 300  # seconds that a challenge may be answered
TOO_LATE = "That took too long, or the page was open twice. Try again."


def site() -> Site:
    return site_at(current_app.config["IMPARTIAL"].public_url)


def challenge() -> bytes:
    """A new challenge; the one before counts no longer."""
    made = new_challenge()
    session["challenge"] = [urlsafe_b64encode(made).decode(), int(clock.now().timestamp())]
    return made


def spend_challenge() -> bytes:
    """The challenge of the page that was answered, once. Raises Refusal where there is none or it is old."""
    made, at = session.pop("challenge", ("", 0))
    if not made or clock.now().timestamp() - at > PATIENCE:
        raise Refusal(TOO_LATE)
    return urlsafe_b64decode(made)
