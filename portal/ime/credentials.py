"""Licenses, board certifications and listings: kept by the expert, verified by a coordinator, warned of before they run out."""

import re
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from functools import reduce
from hashlib import blake2b
from operator import or_
from typing import Any, BinaryIO

from peewee import JOIN, fn

from portal import audit, clock, written
from portal.db import database, one_at_a_time
from portal.ime.account_notices import owe
from portal.ime.expert_files import add_file, remove_bytes, remove_row
from portal.ime.process import Refusal
from portal.kept import literal
from portal.models import Appointment, Clinic, Credential, Expert, ExpertFile, User
from portal.words import AccountMail, Act, AppointmentState, CredentialKind, ExpertPaper, Role

# Days before a credential runs out on which expert and coordinators are told; on the last it no longer counts.
WARNINGS = (60, 30, 7, 0)
AHEAD, BACK = timedelta(days=WARNINGS[0]), timedelta(days=365)  # nothing is booked further ahead than a year
# What an examination counts on, where the expert has it on file.
COUNTED_ON = (CredentialKind.LICENCE, CredentialKind.BOARD)
GONE = "This was removed meanwhile."
NEEDS_STATE = (CredentialKind.LICENCE, CredentialKind.LISTING)


def add_credential(expert: Expert, *, by: User, **fields: Any) -> Credential:
    """Add a credential; nobody has verified it yet. `fields` are kind, authority, state, number, expires_on."""
    with database.atomic():
        one_at_a_time(credentials_of(expert.id))
        refuse_faulty(expert, None, **fields)
        row = Credential.create(expert=expert, **fields)
        audit.record(Act.CREATED, row)
    return row


def change_credential(row: Credential, *, by: User, **fields: Any) -> None:
    """Change a credential; what was verified of it has to be verified again, and its warnings begin anew."""
    with database.atomic():
        row = as_it_is(row)
        if all(getattr(row, name) == value for name, value in fields.items()):
            return
        refuse_faulty(row.expert, row, **fields)
        for name, value in fields.items():
            setattr(row, name, value)
        row.verified_by = row.verified_at = row.warned_days = None
        row.save()
        audit.record(Act.CHANGED, row)


def as_it_is(row: Credential) -> Credential:
    """Within a transaction: nobody else is at the credentials of this expert, and this is the one of before as it stands
    now. Raises Refusal where it is gone."""
    one_at_a_time(credentials_of(row.expert_id))
    found: Credential | None = Credential.get_or_none(Credential.id == row.id)
    if found is None:
        raise Refusal(GONE)
    return found


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
    others = Credential.select().where((Credential.expert == expert) & (Credential.kind == kind))
    for other in others.where(Credential.id != (row.id if row else 0)):
        if told_apart(other.state, other.number, other.authority) == told_apart(state, number, authority):
            raise Refusal("This is on file already.", field="number")


def told_apart(*typed: str) -> list[str]:
    """What was typed, without what two people type differently: case, spaces, hyphens, points."""
    return [re.sub(r"[\W_]", "", each).casefold() for each in typed]


def add_evidence(row: Credential, name: str, stream: BinaryIO, *, by: User) -> ExpertFile:
    """Keep the file that proves the credential, in place of the one before; it has to be looked at again. Raises
    Refusal at the field `file`."""

    def settle(file: ExpertFile) -> list[str]:
        now = as_it_is(row)
        before, now.evidence = now.evidence, file
        now.verified_by = now.verified_at = None
        now.save()
        audit.record(Act.CHANGED, now)
        return [remove_row(before)] if before else []

    return add_file(row.expert, ExpertPaper.EVIDENCE, name, stream, by=by, settle=settle)


def as_seen(row: Credential) -> str:
    """What somebody saw of a credential, as 32 hexadecimal digits: other after any change of it or of its evidence."""
    seen = (row.kind, row.state, row.authority, row.number, row.expires_on.isoformat(), row.evidence_id)
    return blake2b(repr(tuple(map(str, seen))).encode(), digest_size=16).hexdigest()


def verify_credential(row: Credential, *, by: User, seen: str) -> None:
    """A coordinator has compared it, as they saw it, with the register of whoever gave it; nobody verifies their own."""
    if by.role != Role.COORDINATOR:
        raise Refusal("A coordinator verifies credentials.")
    with database.atomic():
        row = as_it_is(row)
        if as_seen(row) != seen:
            raise Refusal("This was changed meanwhile. Look at it as it is now, then verify it.")
        if row.expires_on <= clock.today():
            raise Refusal("This has run out. Ask the expert for one that is valid.")
        row.verified_by, row.verified_at, row.was_verified = by, clock.now(), True
        row.save()
        audit.record(Act.CHANGED, row)


def remove_credential(row: Credential, *, by: User) -> None:
    """Take a credential away, with its evidence. An expert removes only what was never verified and still holds: a
    certification that ran out keeps a case from them until somebody at the office has looked."""
    with database.atomic():
        row = as_it_is(row)
        if by.role != Role.COORDINATOR and not is_own_to_remove(row):
            raise Refusal("This was verified or has run out. Ask the office to remove it.")
        audit.record(Act.REMOVED, row)
        row.delete_instance()
        keys = [remove_row(row.evidence)] if row.evidence else []
    remove_bytes(keys)


def is_own_to_remove(row: Credential) -> bool:
    """Whether the expert may remove it without the office."""
    return not row.was_verified and row.expires_on > clock.today()


def credentials_of(expert_id: int) -> Any:
    """The query of the row that whoever changes a credential of this expert has in common."""
    return Expert.select(Expert.id).where(Expert.id == expert_id)


def of(expert: Expert) -> list[Credential]:
    """The credentials of an expert, the first to run out at the top, each with its evidence."""
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
                tell(row, days)
                told += 1
    return told


def tell(row: Any, days: int) -> None:
    facts = {
        "what": f"{row.state} {row.kind.label}".strip(),
        "expires_on": written.day(row.expires_on),
        "days": days,
        "expert": row.expert_id,
        "who": row.expert.user.name,
    }
    owe(row.expert.user, AccountMail.CREDENTIAL, **facts)
    for coordinator in User.coordinators():
        owe(coordinator, AccountMail.CREDENTIAL, **facts)


# --- what is booked ---------------------------------------------------------------------------------------------


def lapses(rows: Iterable[Credential], state: str, on: date) -> list[str]:
    """Why an examination in a state on a day is at risk, a sentence for each kind of credential of which none that is on
    file holds and is verified then. Of what is not on file nothing is said: that is asked when the case is offered."""
    held = [row for row in rows if row.state in ("", state)]
    told = (lapse([row for row in held if row.kind == kind], state, on) for kind in COUNTED_ON)
    return list(filter(None, told))


def lapse(held: list[Credential], state: str, on: date) -> str:
    if not held or any(row.verified_at and row.expires_on > on for row in held):
        return ""
    last, kind = max(row.expires_on for row in held), held[0].kind
    what = f"{kind.label} in {state}" if kind in NEEDS_STATE else kind.label
    if last > on:
        return f"The {what} is not verified."
    runs = "ran" if last <= clock.today() else "runs"
    return f"The {what} {runs} out on {written.day(last)}, and the examination is on {written.day(on)}."


def lapses_at(expert_id: int, clinic: Clinic, starts_at: datetime) -> list[str]:
    """The same for a time at a clinic of an expert, in one read."""
    rows = Credential.select().where(Credential.expert == expert_id)
    return lapses(rows, clinic.state, clock.day_of(starts_at, clinic.time_zone))


def lapses_by_appointment(appointments: Iterable[Any]) -> dict[int, list[str]]:
    """The same for appointments with their clinics, by the number of each; one read for all, none for none."""
    appointments = list(appointments)
    experts = {each.expert_id for each in appointments}
    rows = list(Credential.select().where(Credential.expert.in_(experts))) if experts else []
    return {
        each.id: lapses(
            (row for row in rows if row.expert_id == each.expert_id),
            each.clinic.state,
            clock.day_of(each.starts_at, each.clinic.time_zone),
        )
        for each in appointments
    }


def endangered(now: Any, until: Any, long_ago: Any) -> Any:
    """The query of the booked appointments, from now until a day, that a credential may fail, with their clinics. It
    begins at the few experts of whom one runs out or is not verified, and may hold one of the next morning too many:
    a day begins earlier in UTC than at the clinic."""
    experts = Credential.select(Credential.expert)
    ending = experts.where(Credential.expires_on.between(long_ago, until))
    doubtful = ending | experts.where(Credential.verified_at.is_null())
    return (
        Appointment.select(Appointment)
        .join(Clinic)
        .where(
            (Appointment.state == literal(AppointmentState.BOOKED))
            & Appointment.starts_at.between(now, until)
            & Appointment.expert.in_(doubtful)
            & reduce(or_, map(is_failing, COUNTED_ON))
        )
        .order_by(Appointment.starts_at, Appointment.id)
    )


def is_failing(kind: CredentialKind) -> Any:
    """The condition on an appointment that the expert has one of the kind on file and none holds and is verified then."""
    on_file, holding = of_kind(Credential.alias(), kind), of_kind(kept := Credential.alias(), kind)
    holds = kept.verified_at.is_null(False) & (kept.expires_on > Appointment.starts_at)
    return fn.EXISTS(on_file) & ~fn.EXISTS(holding.where(holds))


def of_kind(row: Any, kind: CredentialKind) -> Any:
    """The query of those of a kind that the expert of an appointment has for the state of its clinic."""
    is_theirs = (row.expert == Appointment.expert) & (row.kind == literal(kind))
    return row.select(row.id).where(is_theirs & ((row.state == "") | (row.state == Clinic.state)))
