"""How long a case is kept, what holds it longer, and the purge that leaves a tombstone: the reference, the dates, what
was disclosed, and the audit trail."""

import logging
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from obstore.exceptions import BaseError
from peewee import SQL, ForeignKeyField, OperationalError

from portal import clock, outside, written
from portal.db import database, is_sqlite
from portal.ime.process import ENDED, Refusal, forgetters, remember, step
from portal.models import (
    TABLES,
    Addendum,
    Appointment,
    Case,
    Clarification,
    Document,
    Event,
    LegalHold,
    Notice,
    Organisation,
    Report,
    User,
)
from portal.policy import Person, visible_cases

log = logging.getLogger("portal")

MOST_LISTED = 100
# They point at documents, or at each other, with a reference that does not let go: they must leave first, in this order.
FIRST = (Report, Appointment, Clarification, Addendum)
# What the row of a purged case still says: which it was, whose, and when.
TOMBSTONE = frozenset(
    {
        "id", "reference", "organisation", "referrer", "claimant", "stage", "is_open", "turn", "next_step", "due_on",
        "stage_since", "last_event_at", "created_at", "referred_at", "purged_at",
    }
)  # fmt: skip


# --- the clock --------------------------------------------------------------------------------------------------


def ended_on(case: Case) -> date | None:
    """The day of the office on which the case was closed, declined or withdrawn; None while it is open."""
    return clock.day_of(case.stage_since) if case.stage in ENDED else None


def due_on(case: Case) -> date | None:
    """The first day on which the case may be purged; None while it is open. A case that is reopened begins anew."""
    ended = ended_on(case)
    return years_after(ended, case.organisation.retention_years) if ended else None


def years_after(day: date, years: int) -> date:
    """The same day so many years on; of a February 29 the day after where there is none."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)


# --- holds ------------------------------------------------------------------------------------------------------


@step
def place_hold(case: Case, *, by: User, why: str) -> LegalHold:
    """A manager keeps the case from being purged, for a lawsuit or an inquiry."""
    if not why.strip():
        raise Refusal("Say why the case must be kept.", field="why")
    if hold_of(case):
        raise Refusal("The case is on hold already.")
    return LegalHold.create(case=case, why=why.strip(), placed_by=by)


@step
def lift_hold(case: Case, *, by: User, why: str) -> None:
    """A manager ends the hold; the case may be purged once it is due."""
    if not why.strip():
        raise Refusal("Say why the case need not be kept any longer.", field="why")
    lifted = (
        LegalHold.update(lifted_by=by, lifted_at=clock.now())
        .where((LegalHold.case == case) & LegalHold.lifted_at.is_null())
        .execute()
    )
    if not lifted:
        raise Refusal("The case is not on hold.")
    remember(why=why.strip())


def hold_of(case: Case) -> LegalHold | None:
    """The hold that stands; None: nothing keeps the case."""
    found: LegalHold | None = case.holds.where(LegalHold.lifted_at.is_null()).first()
    return found


# --- the purge --------------------------------------------------------------------------------------------------


@step
def purge_case(case: Case, *, by: User, typed: str) -> None:
    """Everything of an ended case goes for good, its key first of all; `typed` is its reference, as a confirmation.

    Refuses before its time and while a hold stands."""
    refuse_purge(case)
    if typed.strip().upper() != case.reference:
        raise Refusal(f"Type {case.reference} to confirm.", field="typed")
    keys = [row.key for row in case.documents.select(Document.key)]
    mails = [row.id for row in notices_of(case)]
    for model in children():
        model.delete().where(model.case == case).execute()
    blank(case.claimant)
    bury(case)
    for forget in forgetters:
        forget(case)
    remember(documents=len(keys))
    database.after_commit(lambda: sweep_out(keys, mails))


def refuse_purge(case: Case) -> None:
    """Refuse while a hold stands, and before the retention has run out."""
    if hold := hold_of(case):
        raise Refusal(f"The case is on hold since {written.day(hold.placed_at)}. Lift the hold first.")
    due = due_on(case)
    if due is None or clock.today() < due:
        when = f"on {written.day(due)}" if due else "some years after it ends"
        raise Refusal(f"The case must be kept. It is due to be purged {when}.")


def notices_of(case: Case) -> Any:
    return Notice.select(Notice.id).join(Event).where(Event.case == case)


def children() -> Iterator[Any]:
    """Every table that belongs to a case, in the order in which its rows can leave; what hangs below goes with them."""
    yield from FIRST
    for model in TABLES:
        of_case = getattr(model, "case", None)
        if model not in FIRST and isinstance(of_case, ForeignKeyField) and of_case.rel_model is Case:
            yield model


def blank(row: Any, keep: frozenset[str] = frozenset({"id"})) -> None:
    """Leave nothing in a row but what is to be kept: each column as it is in a new one."""
    new = row._meta.get_default_dict()
    for name in row._meta.fields.keys() - keep:
        setattr(row, name, new.get(name))
    row.save()


def bury(case: Case) -> None:
    """Make the row of the case its tombstone."""
    blank(case, TOMBSTONE)
    case.purged_at = clock.now()
    case.save()


def sweep_out(keys: Sequence[str], mails: Sequence[int]) -> None:
    """After the purge is committed: the bytes, the mails on disk, and what the database keeps beside its tables.

    What of the files stays is noise, since its key is gone, and the nightly sweep finds it. A mail on disk that stays can
    be read: the log names it by its number, to be removed by hand."""
    try:
        for key in keys:
            outside.store().delete(key)
    except (OSError, BaseError) as failure:
        log.warning("A purge left files to the nightly sweep: %s", type(failure).__name__)
    try:
        outside.mailer().forget([f"notice-{number}" for number in mails])
    except OSError as failure:
        log.error("A purge left the mails of notices %s: %s", list(mails), type(failure).__name__)
    if is_sqlite():
        rub_out()


def rub_out() -> None:
    """What a deleted word leaves in the index goes when its pieces are merged, the rest with the log.

    Where others hold the database the purge is done all the same: the nightly tidying of the search goes on with it."""
    try:
        database.execute_sql("INSERT INTO case_search (case_search) VALUES ('optimize')")
        database.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    except OperationalError:
        log.exception("What a purge left in the index and the log is rubbed out later.")


# --- the manager's list -----------------------------------------------------------------------------------------


def due(reader: Person) -> list[Case]:
    """Ended cases whose time has run out and that nothing holds, the oldest first, at most a page of them."""
    ended = visible_cases(reader).where(SQL("NOT is_open"), Case.id.not_in(held_numbers()))
    years: Any = Organisation.select(Organisation.retention_years).distinct().tuples()
    run_out: Any = SQL("1 = 0")
    for (each,) in years:
        run_out |= (Organisation.retention_years == each) & (Case.stage_since < ended_before(each))
    found = ended.select(Case, Organisation).join(Organisation, on=Case.organisation).where(run_out)
    return list(found.order_by(Case.stage_since, Case.id).limit(MOST_LISTED))


def ended_before(years: int) -> datetime:
    """The moment before which a case must have ended to be due today."""
    today = clock.today()
    last = next(
        day
        for day in (date(today.year - years, 12, 31) - timedelta(days=back) for back in range(366))
        if years_after(day, years) <= today
    )
    return clock.start_of(last + timedelta(days=1))


def held_numbers() -> Any:
    return LegalHold.select(LegalHold.case).where(LegalHold.lifted_at.is_null())


def held(reader: Person) -> list[LegalHold]:
    """The holds that stand, the newest first, each with its case and who placed it."""
    rows = (
        LegalHold.select(LegalHold, Case, User)
        .join(Case)
        .switch(LegalHold)
        .join(User, on=LegalHold.placed_by)
    )
    seen = visible_cases(reader).select(Case.id)
    standing = rows.where(LegalHold.lifted_at.is_null(), LegalHold.case.in_(seen))
    return list(standing.order_by(LegalHold.id.desc()).limit(MOST_LISTED))


def tombstones() -> list[Case]:
    """The cases that were purged, the latest first."""
    purged = Case.select(Case, Organisation).join(Organisation).where(Case.purged_at.is_null(False))
    return list(purged.order_by(Case.purged_at.desc(), Case.id.desc()).limit(MOST_LISTED))


def tombstone(reference: str) -> Case | None:
    """The purged case of this reference."""
    found: Case | None = Case.get_or_none((Case.reference == reference) & Case.purged_at.is_null(False))
    return found
