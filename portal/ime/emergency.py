"""Emergency access: a coordinator opens a restricted case when nobody else is there, with a reason, for four hours,
under the eyes of every manager (45 CFR 164.312(a)(2)(ii))."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from portal import audit, clock
from portal.clock import OFFICE_ZONE
from portal.db import database, one_at_a_time
from portal.ime.alerts import raise_alert, watch
from portal.ime.process import NotAllowed, Refusal
from portal.models import Case, EmergencyAccess, User
from portal.policy import is_barred, is_manager, is_running, party_to
from portal.words import Act, AlertKind, Ending, Role, Stage
from portal.written import readable

LASTS = timedelta(hours=4)
SHORTEST_REASON = 20  # characters
OPENS, CLOSES, SATURDAY = time(8), time(18), 5  # the office's day; weekday 0 is Monday

TOO_SHORT = f"Say in {SHORTEST_REASON} characters or more why it cannot wait for a manager."
NOT_OPENED = "No case can be opened with this reference. Check it, or call a manager."
SEEN_ALREADY = "You see this case already. Open it from your cases."


def begin_emergency(*, by: User, reference: str, reason: str) -> EmergencyAccess:
    """Open one restricted case to this coordinator; every manager is alerted at once.

    Refuses in the same words a case that is not there, a draft and a case from which they are barred; each refusal is
    on record. Raises NotAllowed for anybody but an active coordinator."""
    if by.role != Role.COORDINATOR or by.disabled_at:
        raise NotAllowed("emergency")
    if len(reason := readable(reason)) < SHORTEST_REASON:
        raise Refusal(TOO_SHORT, field="reason")
    case = Case.get_or_none(Case.reference == reference.strip().upper())
    with database.atomic():
        one_at_a_time(User.select(User.id).where(User.id == by.id))  # the button was pressed twice
        answer = opened_or_why_not(by, case, reason)
    if isinstance(answer, str):  # raised once its record is kept
        raise Refusal(answer, field="reference")
    return answer


def opened_or_why_not(by: User, case: Case | None, reason: str) -> EmergencyAccess | str:
    """Within a transaction: the access, or the sentence with which it is refused; either is on record."""
    refusal = why_not(by, case)
    if case is not None and not refusal:
        return opened(case, by, reason)
    watch(audit.record(Act.EMERGENCY, case=case, ending=Ending.REFUSED))
    return refusal


def why_not(by: User, case: Case | None) -> str:
    """The sentence with which the access is refused; empty where it is given."""
    if case is None or case.stage == Stage.DRAFT or case.purged_at is not None or is_barred(by, case):
        return NOT_OPENED
    return SEEN_ALREADY if party_to(by, case) else ""


def opened(case: Case, by: User, reason: str) -> EmergencyAccess:
    """Within a transaction: the access begins, and is on record and told to every manager."""
    access: EmergencyAccess = EmergencyAccess.create(
        case=case, user=by, reason=reason, expires_at=clock.now() + LASTS
    )
    until = access.expires_at.isoformat()
    audit.record(Act.EMERGENCY, access, case=case, until=until)
    raise_alert(
        AlertKind.EMERGENCY_ACCESS if is_office_time(clock.now()) else AlertKind.EMERGENCY_OFF_HOURS,
        user=by.id,
        case=case,
        facts={"access": access.id},
        told={"who": by.name, "case": case.reference, "until": until},
    )
    return access


def is_office_time(moment: datetime) -> bool:
    """Whether somebody is at the office: Monday to Friday, 8 to 18 there."""
    local = moment.astimezone(ZoneInfo(OFFICE_ZONE))
    return local.weekday() < SATURDAY and OPENS <= local.time() < CLOSES


def end_emergency(access: EmergencyAccess, *, by: User) -> bool:
    """End it before its time: by the person themself or a manager; False when it had ended. Raises NotAllowed."""
    if by.id != access.user_id and not is_manager(by):
        raise NotAllowed("emergency")
    return end(access)


def end(access: EmergencyAccess) -> bool:
    """End it now, on record; False when it had ended."""
    unended = (EmergencyAccess.id == access.id) & is_running(clock.now())
    with database.atomic():
        ended = EmergencyAccess.update(ended_at=clock.now()).where(unended).execute()
        if ended:
            audit.record(Act.EMERGENCY, access, case=access.case_id, is_over=True)
    return bool(ended)


def running(case: Case | None = None) -> list[EmergencyAccess]:
    """The emergency accesses of a case, or of all, that have not ended; each with its person and case, oldest first."""
    rows = EmergencyAccess.select(EmergencyAccess, User, Case).join(User).switch(EmergencyAccess).join(Case)
    of_case = () if case is None else (EmergencyAccess.case == case,)
    return list(rows.where(is_running(clock.now()), *of_case).order_by(EmergencyAccess.id))
