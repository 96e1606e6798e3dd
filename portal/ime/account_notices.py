"""What the portal owes somebody about their account: put into an outbox with the change, sent after it."""

from typing import Any

from portal.ime import process
from portal.models import AccountNotice, User
from portal.words import AccountMail, Role


def owe(user: User, kind: AccountMail, *, email: str = "", **facts: Any) -> AccountNotice:
    """Owe this person a mail about their account, to their address or another; part of the transaction it is told in.

    `facts` are what its text needs: numbers, moments and words; no token, no password, nothing of a claimant."""
    notice = AccountNotice.create(user=user, kind=kind, email=email or user.email, facts=facts)
    process.wake()
    return notice


def managers() -> Any:
    """The query of the active managers of the portal."""
    return User.active().where((User.role == Role.COORDINATOR) & User.is_manager).order_by(User.id)


def owe_managers(kind: AccountMail, **facts: Any) -> int:
    """Owe every manager a mail; how many there are."""
    return len([owe(manager, kind, **facts) for manager in managers()])
