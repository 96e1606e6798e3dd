"""Sends what the portal owes people about their accounts; a link is made as it is sent, and its token kept nowhere."""

from typing import Any

from portal import outbox
from portal.db import database
from portal.ime.account_links import make_account_link
from portal.models import AccountNotice, User
from portal.outbox import Text, Unwritten, due, public_url
from portal.outside.mail import Mail
from portal.words import AccountMail, AccountPurpose, AlertKind, NoticeState

CARRY_LINK = {
    AccountMail.INVITATION: ("invitation", AccountPurpose.INVITATION),
    AccountMail.RESET: ("password", AccountPurpose.RESET),
    AccountMail.CONFIRM_EMAIL: ("email", AccountPurpose.EMAIL_CHANGE),
}
LEAD_TO = {AccountMail.ALERT: "/alerts", AccountMail.CALENDAR_ADDRESS: "/calendar"}


def send_owed(limit: int = 500) -> int:
    """Send what is due, oldest first; how many were sent. Any number of senders may run at once."""
    return sum(outbox.send(find(number), write, keep_proof) for number in due(AccountNotice, limit))


def find(number: int) -> AccountNotice:
    """The notice with its person, in one read."""
    return AccountNotice.select(AccountNotice, User).join(User).where(AccountNotice.id == number).get()  # type: ignore[no-any-return]


def keep_proof(notice: AccountNotice, state: NoticeState, detail: str) -> None:
    """How the last attempt ended stands with the notice."""
    AccountNotice.update(detail=detail).where(AccountNotice.id == notice.id).execute()


def write(notice: AccountNotice) -> Mail:
    """The mail of a claimed notice."""
    text = render(notice, url_for(notice))
    return outbox.mail(notice.email, text, f"account-{notice.id}.{int(notice.made_at.timestamp())}")


def url_for(notice: AccountNotice) -> str:
    """Where the notice leads: a link made at this moment for what it asks, else a page of the person's own."""
    if notice.kind == AccountMail.CREDENTIAL:
        return f"{public_url()}/experts/{notice.facts['expert']}"
    if notice.kind not in CARRY_LINK:
        return public_url() + LEAD_TO.get(notice.kind, "/account")
    place, purpose = CARRY_LINK[notice.kind]
    with database.atomic():
        refuse_called_off(notice)
        token = make_account_link(notice.user, purpose, notice.email)
    return f"{public_url()}/{place}/link/{token}"


def refuse_called_off(notice: AccountNotice) -> None:
    """Within a transaction: whoever revokes the person's links now waits for this one, or has been here. Raises Unwritten."""
    mine = (AccountNotice.id == notice.id) & (AccountNotice.state == NoticeState.SENDING)
    if not AccountNotice.update(detail="").where(mine).execute():
        raise Unwritten("What it leads to was called off.")


def render(notice: AccountNotice, url: str) -> Text:
    """The notice in words. Raises Unwritten where there is no template, or one that lacks a fact."""
    return outbox.render(
        f"notices/account/{notice.kind}.en.txt",
        f"{notice.kind.label} about an account",
        recipient=notice.user.name,
        facts=facts_of(notice),
        url=url,
    )


def facts_of(notice: AccountNotice) -> dict[str, Any]:
    """The facts as a text needs them: an alert and its person in words, and the address that is confirmed."""
    facts = {**notice.facts, "email": notice.email}
    if "alert" in facts:
        person = User.get_or_none(User.id == facts.get("person"))
        facts |= {"alert": AlertKind(facts["alert"]).label, "person": person.name if person else ""}
    return facts
