"""What the managers must hear of at once: somebody takes out many documents, or is refused again and again."""

from datetime import timedelta
from typing import Any

from peewee import JOIN, fn

from portal import audit, clock
from portal.db import is_sqlite
from portal.ime.account_notices import owe_managers
from portal.models import Alert, AuditRecord, Session, User
from portal.words import AccountMail, Act, AlertKind, Ending

MOST_DOCUMENTS = 40  # different ones
MOST_REFUSALS = 20
WITHIN = timedelta(minutes=10)
PAUSE = timedelta(hours=1)  # after an alert, before the next of its kind about the same person
TAKEN_OUT = frozenset({Act.READ, Act.EXPORTED})


def watch(record: AuditRecord) -> Alert | None:
    """Tell the managers if this record is one too many of its kind; part of the transaction of the record."""
    if record.user is None and record.session is None:
        return None
    if record.ending == Ending.REFUSED:
        count = lately(record).where(AuditRecord.ending == Ending.REFUSED).count()
        return tell(AlertKind.REPEATED_REFUSALS, record, count) if count > MOST_REFUSALS else None
    if record.thing == "document" and record.act in TAKEN_OUT and record.ending == Ending.DONE:
        count = documents(record)
        return tell(AlertKind.MASS_DOWNLOAD, record, count) if count > MOST_DOCUMENTS else None
    return None


def lately(record: AuditRecord) -> Any:
    """The query of what the same person, or a claimant in the same session, did in the last ten minutes."""
    same = (
        (AuditRecord.session == record.session) if record.user is None else (AuditRecord.user == record.user)
    )
    return AuditRecord.select().where(same, AuditRecord.at > clock.now() - WITHIN)


def documents(record: AuditRecord) -> int:
    """How many different documents those were."""
    taken = (
        (AuditRecord.thing == "document")
        & AuditRecord.act.in_(sorted(TAKEN_OUT))
        & (AuditRecord.ending == Ending.DONE)
    )
    return int(lately(record).select(fn.COUNT(AuditRecord.number.distinct())).where(taken).scalar())


def tell(kind: AlertKind, record: AuditRecord, count: int) -> Alert | None:
    """Keep the alert and owe every manager a mail; None within an hour of the last about the same person."""
    one_at_a_time(record)
    if was_told(kind, record):
        return None
    facts = {"count": count, "minutes": WITHIN.seconds // 60, "session": record.session}
    alert = Alert.create(kind=kind, user=record.user, facts=facts)
    audit.record(Act.ALERTED, alert, kind=kind, count=count)
    owe_managers(AccountMail.ALERT, alert=kind, person=record.user, count=count, minutes=facts["minutes"])
    return alert


def one_at_a_time(record: AuditRecord) -> None:
    """Wait until another request of the same person is through; in SQLite only one writes anyway."""
    if not is_sqlite():
        row, number = (User, record.user) if record.user else (Session, record.session)
        row.select(row.id).where(row.id == number).for_update().execute()


def was_told(kind: AlertKind, record: AuditRecord) -> bool:
    since = Alert.select().where(Alert.kind == kind, Alert.at > clock.now() - PAUSE)
    if record.user:
        return bool(since.where(Alert.user == record.user).exists())
    return any(alert.facts["session"] == record.session for alert in since.where(Alert.user.is_null()))


def newest(before: int, most: int) -> list[Alert]:
    """The alerts before this number, the newest first, each with its person."""
    with_person = Alert.select(Alert, User).join(User, JOIN.LEFT_OUTER).where(Alert.id < before)
    return list(with_person.order_by(Alert.id.desc()).limit(most))
