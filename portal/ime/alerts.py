"""What the managers must hear of at once: somebody takes out many documents, or is refused again and again."""

from datetime import timedelta
from math import ceil
from typing import Any

from peewee import JOIN

from portal import audit, clock
from portal.db import one_at_a_time
from portal.ime.account_notices import owe_managers
from portal.models import Alert, AuditRecord, Case, Session, User
from portal.words import AccountMail, Act, AlertKind, Ending

MOST_DOCUMENTS = 40  # different ones
MOST_REFUSALS = 20
WITHIN = timedelta(minutes=10)
PAUSE = timedelta(hours=1)  # after an alert, before the next of its kind about the same person
TAKEN_OUT = frozenset({Act.READ, Act.EXPORTED})
FILES = ("document", "expert_file")
# A factor shown in vain is refused, though whoever guesses sees a page each time.
REFUSED = (AuditRecord.ending == Ending.REFUSED) | (
    (AuditRecord.ending == Ending.FAILED) & (AuditRecord.act == Act.SIGNED_IN)
)


def watch(record: AuditRecord) -> Alert | None:
    """Tell the managers if this record is one too many of its kind; part of the transaction of the record."""
    if record.user is None and record.session is None:
        return None
    if record.ending == Ending.REFUSED or (record.ending, record.act) == (Ending.FAILED, Act.SIGNED_IN):
        count = lately(record).where(REFUSED).count()
        return tell(AlertKind.REPEATED_REFUSALS, record, count) if count > MOST_REFUSALS else None
    if record.thing in FILES and record.act in TAKEN_OUT and record.ending == Ending.DONE:
        count = files(record)
        return tell(AlertKind.MASS_DOWNLOAD, record, count) if count > MOST_DOCUMENTS else None
    return None


def lately(record: AuditRecord) -> Any:
    """The query of what the same person, or a claimant in the same session, did in the last ten minutes."""
    same = (
        (AuditRecord.session == record.session) if record.user is None else (AuditRecord.user == record.user)
    )
    return AuditRecord.select().where(same, AuditRecord.at > clock.now() - WITHIN)


def files(record: AuditRecord) -> int:
    """How many different documents and files of experts those were."""
    is_out = AuditRecord.act.in_(sorted(TAKEN_OUT)) & (AuditRecord.ending == Ending.DONE)
    taken = lately(record).where(AuditRecord.thing.in_(FILES), is_out)
    return int(taken.select(AuditRecord.thing, AuditRecord.number).distinct().count())


def tell(kind: AlertKind, record: AuditRecord, count: int, within: timedelta = WITHIN) -> Alert | None:
    """Keep the alert and owe every manager a mail; None within an hour of the last about the same person."""
    one_at_a_time(who_it_was(record))
    if was_told(kind, record):
        return None
    counted = {"count": count, "minutes": ceil(within / timedelta(minutes=1))}
    return raise_alert(kind, user=record.user, facts={**counted, "session": record.session}, told=counted)


def raise_alert(
    kind: AlertKind,
    *,
    user: int | None,
    case: Case | None = None,
    facts: dict[str, Any],
    told: dict[str, Any],
) -> Alert:
    """Keep the alert, put it on record and owe every manager a mail that says what is `told`; part of the transaction of
    what raises it."""
    alert: Alert = Alert.create(kind=kind, user=user, case=case.id if case else None, facts=facts)
    audit.record(Act.ALERTED, alert, case=case, kind=kind)
    owe_managers(AccountMail.ALERT, alert=kind, person=user, **told)
    return alert


def who_it_was(record: AuditRecord) -> Any:
    """The query of the person, or of a claimant's session, that two requests at once have in common."""
    row, number = (User, record.user) if record.user else (Session, record.session)
    return row.select(row.id).where(row.id == number)


def was_told(kind: AlertKind, record: AuditRecord) -> bool:
    since = Alert.select().where(Alert.kind == kind, Alert.at > clock.now() - PAUSE)
    if record.user:
        return bool(since.where(Alert.user == record.user).exists())
    return any(alert.facts["session"] == record.session for alert in since.where(Alert.user.is_null()))


def newest(before: int, most: int) -> list[Alert]:
    """The alerts before this number, the newest first, each with its person."""
    with_person = Alert.select(Alert, User).join(User, JOIN.LEFT_OUTER).where(Alert.id < before)
    return list(with_person.order_by(Alert.id.desc()).limit(most))
