"""Licenses, board certifications and listings: kept by the expert, verified by a coordinator, warned of before they run out."""

from datetime import date
from typing import Any

from portal import audit, clock
from portal.db import database
from portal.ime.account_notices import owe
from portal.ime.expert_files import remove_evidence
from portal.ime.process import Refusal
from portal.models import Credential, Expert, ExpertFile, User
from portal.words import AccountMail, Act, CredentialKind, Role

# Days before a credential runs out on which expert and coordinators are told; on the last it no longer counts.
WARNINGS = (60, 30, 7, 0)
NEEDS_STATE = (CredentialKind.LICENCE, CredentialKind.LISTING)


def add_credential(expert: Expert, *, by: User, **fields: Any) -> Credential:
    """Add a credential; nobody has verified it yet. `fields` are kind, authority, state, number, expires_on."""
    refuse_faulty(expert, None, **fields)
    with database.atomic():
        row = Credential.create(expert=expert, **fields)
        audit.record(Act.CREATED, row)
    return row


def change_credential(row: Credential, *, by: User, **fields: Any) -> None:
    """Change a credential; what was verified of it has to be verified again, and its warnings begin anew."""
    refuse_faulty(row.expert, row, **fields)
    if all(getattr(row, name) == value for name, value in fields.items()):
        return
    with database.atomic():
        for name, value in fields.items():
            setattr(row, name, value)
        row.verified_by = row.verified_at = row.warned_days = None
        row.save()
        audit.record(Act.CHANGED, row)


def refuse_faulty(
    expert: Expert,
    row: Credential | None,
    *,
    kind: CredentialKind,
    state: str,
    number: str,
    expires_on: date,
    authority: str = "",
) -> None:
    if kind in NEEDS_STATE and not state:
        raise Refusal("Choose the state.", field="state")
    if kind == CredentialKind.BOARD and not authority.strip():
        raise Refusal("Name the board.", field="authority")
    if expires_on <= clock.today():
        raise Refusal("This has run out. Enter one that is valid.", field="expires_on")
    same = (Credential.expert == expert) & (Credential.kind == kind) & (Credential.state == state)
    same &= (Credential.number == number) & (Credential.authority == authority)
    if row is not None:
        same &= Credential.id != row.id
    if Credential.select().where(same).exists():
        raise Refusal("This is on file already.", field="number")


def keep_evidence(row: Credential, file: ExpertFile) -> None:
    """The file that proves the credential; it has to be looked at again."""
    remove_evidence(row)
    with database.atomic():
        row.evidence, row.verified_by, row.verified_at = file, None, None
        row.save()
        audit.record(Act.CHANGED, row)


def verify_credential(row: Credential, *, by: User) -> None:
    """A coordinator has compared it with the register of whoever gave it; nobody verifies their own."""
    if by.role != Role.COORDINATOR:
        raise Refusal("A coordinator verifies credentials.")
    if row.expires_on <= clock.today():
        raise Refusal("This has run out. Ask the expert for one that is valid.")
    with database.atomic():
        row.verified_by, row.verified_at = by, clock.now()
        row.save()
        audit.record(Act.CHANGED, row)


def remove_credential(row: Credential) -> None:
    """Take a credential away, with its evidence."""
    remove_evidence(row)
    with database.atomic():
        audit.record(Act.REMOVED, row)
        row.delete_instance()


def of(expert: Expert) -> list[Credential]:
    """The credentials of an expert, the first to run out at the top, each with its evidence."""
    from peewee import JOIN

    rows = Credential.select(Credential, ExpertFile).join(ExpertFile, JOIN.LEFT_OUTER)
    return list(rows.where(Credential.expert == expert).order_by(Credential.expires_on, Credential.id))


def unverified() -> Any:
    """The query of the credentials that wait for a coordinator."""
    return (
        Credential.select(Credential, Expert, User)
        .join(Expert)
        .join(User)
        .where(Credential.verified_at.is_null() & User.disabled_at.is_null())
    )


def warn() -> int:
    """Tell experts and coordinators of what runs out in 60, 30 or 7 days, or today: each threshold once, and of several
    that were missed only the nearest. Returns how many credentials were told of."""
    today, told = clock.today(), 0
    running_out = (
        Credential.select(Credential, Expert, User)
        .join(Expert)
        .join(User)
        .where(
            User.disabled_at.is_null()
            & (Credential.expires_on <= date.fromordinal(today.toordinal() + WARNINGS[0]))
        )
    )
    for row in running_out:
        days = (row.expires_on - today).days
        due = min((each for each in WARNINGS if days <= each), default=None)
        if due is None or (row.warned_days is not None and row.warned_days <= due):
            continue
        with database.atomic():
            first = (Credential.id == row.id) & (
                Credential.warned_days.is_null() | (Credential.warned_days > due)
            )
            if Credential.update(warned_days=due).where(first).execute():
                tell(row, max(days, 0))
                told += 1
    return told


def tell(row: Any, days: int) -> None:
    facts = {
        "what": f"{row.state} {row.kind.label}".strip(),
        "expires_on": row.expires_on.isoformat(),
        "days": days,
        "expert": row.expert_id,
        "who": row.expert.user.name,
    }
    owe(row.expert.user, AccountMail.CREDENTIAL, **facts)
    for coordinator in User.coordinators():
        owe(coordinator, AccountMail.CREDENTIAL, **facts)
