"""Passkeys (WebAuthn): a device proves that it holds a key, and that the person unlocked it, to this portal alone.

The library is imported where it is used: it costs a third of a second."""

import hashlib
import secrets
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from portal import audit, clock
from portal.db import database
from portal.ime.account_notices import owe
from portal.ime.process import Refusal
from portal.models import Passkey, User
from portal.words import AccountMail, Act

NAME = "Impartial"
MOST_PASSKEYS = 20

NOT_PROVED = "That passkey could not be checked. Try again, or use another way."
NOT_ADDED = "That passkey could not be added. Try again, or use another device."
KNOWN = "This passkey is one of yours already."


@dataclass(frozen=True)
class Site:
    """Where passkeys are shown: the origin that pages have, and the host that keys are bound to."""

    origin: str
    host: str


def site_at(public_url: str) -> Site:
    """The site of a configured address; what a request says of its host counts for nothing."""
    parts = urlsplit(public_url)
    return Site(f"{parts.scheme}://{parts.netloc}", parts.hostname or "")


def new_challenge() -> bytes:
    """What a device signs, so that no answer serves twice."""
    return secrets.token_bytes(32)


def passkeys_of(user: User) -> list[Passkey]:
    """The person's passkeys, the oldest first."""
    return list(Passkey.select().where(Passkey.user == user).order_by(Passkey.id))


def known_to(user: User) -> list[Any]:
    from webauthn.helpers.structs import PublicKeyCredentialDescriptor

    return [PublicKeyCredentialDescriptor(id=bytes(each.credential_id)) for each in passkeys_of(user)]


def registration_options(user: User, site: Site, challenge: bytes) -> str:
    """What a browser needs to make a passkey, as JSON."""
    from webauthn import generate_registration_options, options_to_json
    from webauthn.helpers.structs import (
        AuthenticatorSelectionCriteria,
        ResidentKeyRequirement,
        UserVerificationRequirement,
    )

    return options_to_json(
        generate_registration_options(
            rp_id=site.host,
            rp_name=NAME,
            user_id=hashlib.sha256(f"{NAME} account {user.id}".encode()).digest(),
            user_name=user.email,
            user_display_name=user.name,
            challenge=challenge,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.PREFERRED,
                user_verification=UserVerificationRequirement.REQUIRED,
            ),
            exclude_credentials=known_to(user),
        )
    )


def add_passkey(user: User, answer: str, *, site: Site, challenge: bytes, name: str) -> None:
    """Keep the passkey that a browser made for this challenge. Raises Refusal where it proves nothing."""
    made = registered(answer, site, challenge)
    with database.atomic():
        if Passkey.select().where(Passkey.credential_id == made.credential_id).exists():
            raise Refusal(KNOWN)
        if len(passkeys_of(user)) >= MOST_PASSKEYS:
            raise Refusal("Remove a passkey that you do not use any more first.")
        Passkey.create(
            user=user,
            name=name,
            credential_id=made.credential_id,
            public_key=made.credential_public_key,
            sign_count=made.sign_count,
        )
        audit.record(Act.RIGHTS_CHANGED, user, what="passkey_added")
        owe(user, AccountMail.FACTOR_CHANGED, what="passkey_added")


def registered(answer: str, site: Site, challenge: bytes) -> Any:
    """What the answer to a registration proves. Raises Refusal where that is nothing."""
    from webauthn import verify_registration_response
    from webauthn.helpers.exceptions import WebAuthnException

    try:
        return verify_registration_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=site.host,
            expected_origin=site.origin,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, TypeError, KeyError, AttributeError) as why:
        raise Refusal(NOT_ADDED) from why


def assertion_options(user: User, site: Site, challenge: bytes) -> str:
    """What a browser needs to show one of the person's passkeys, as JSON."""
    from webauthn import generate_authentication_options, options_to_json
    from webauthn.helpers.structs import UserVerificationRequirement

    return options_to_json(
        generate_authentication_options(
            rp_id=site.host,
            challenge=challenge,
            allow_credentials=known_to(user),
            user_verification=UserVerificationRequirement.REQUIRED,
        )
    )


def use_passkey(user: User, answer: str, *, site: Site, challenge: bytes) -> None:
    """The answer was signed by one of the person's own passkeys, unlocked by them, for this challenge and site.

    Raises Refusal otherwise, and where the key counts backward as a copy would."""
    passkey = passkey_in(user, answer)
    count = asserted(passkey, answer, site, challenge).new_sign_count
    mine = (Passkey.id == passkey.id) & (Passkey.sign_count == passkey.sign_count)
    if not Passkey.update(sign_count=count, used_at=clock.now()).where(mine).execute():
        raise Refusal(NOT_PROVED)


def passkey_in(user: User, answer: str) -> Passkey:
    """The person's passkey that an answer names. Raises Refusal where it is somebody else's or nobody's."""
    from webauthn.helpers import parse_authentication_credential_json
    from webauthn.helpers.exceptions import WebAuthnException

    try:
        named = parse_authentication_credential_json(answer).raw_id
    except (WebAuthnException, ValueError, TypeError, KeyError, AttributeError) as why:
        raise Refusal(NOT_PROVED) from why
    found: Passkey | None = Passkey.get_or_none((Passkey.user == user) & (Passkey.credential_id == named))
    if found is None:
        raise Refusal(NOT_PROVED)
    return found


def asserted(passkey: Passkey, answer: str, site: Site, challenge: bytes) -> Any:
    """What the answer to a challenge proves. Raises Refusal where that is nothing."""
    from webauthn import verify_authentication_response
    from webauthn.helpers.exceptions import WebAuthnException

    try:
        return verify_authentication_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=site.host,
            expected_origin=site.origin,
            credential_public_key=bytes(passkey.public_key),
            credential_current_sign_count=passkey.sign_count,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, TypeError, KeyError, AttributeError) as why:
        raise Refusal(NOT_PROVED) from why
