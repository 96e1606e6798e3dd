"""What there is to settle at a case: a step with nothing to do is not worth a link."""

from peewee import SQL, Select, fn

from portal.ime.modes import every_mode
from portal.kept import Kept, bind
from portal.models import (
    Arrangement,
    Case,
    Draw,
    Event,
    LegalHold,
    Notice,
    RecordRequest,
    Report,
    RuleChange,
    RuleSnapshot,
    SecureLink,
    SlotHold,
)
from portal.words import MatchingMode, RecordState, Stage

AT = bind("case")
SIGNED = Report.document.is_null(False)
HELD = LegalHold.case == AT, LegalHold.lifted_at.is_null()
LOOKED_INTO = {
    "settle_record": RecordRequest.select(SQL("1")).where(
        RecordRequest.case == AT, RecordRequest.state == RecordState.ASKED
    ),
    "settle_arrangement": Arrangement.select(SQL("1")).where(Arrangement.case == AT),
    "send_brief": Case.select(SQL("1")).where(
        Case.id == AT, (Case.stage == Stage.BOOKED) | Case.is_file_review
    ),
    "release_expert": Case.select(SQL("1")).where(
        Case.id == AT, Case.id.not_in(Report.select(Report.case).where(Report.case == AT, SIGNED))
    ),
    "restrict_case": Case.select(SQL("1")).where(Case.id == AT, ~Case.is_restricted),
    "lift_restriction": Case.select(SQL("1")).where(Case.id == AT, Case.is_restricted),
    "revoke_links": SecureLink.select(SQL("1")).where(SecureLink.case == AT, SecureLink.revoked_at.is_null()),
    "place_hold": Case.select(SQL("1")).where(
        Case.id == AT, Case.id.not_in(LegalHold.select(LegalHold.case).where(*HELD))
    ),
    "lift_hold": LegalHold.select(SQL("1")).where(*HELD),
    "purge_case": Case.select(SQL("1")).where(Case.id == AT, False),  # it is reached from what is due
    "draw_panel": Case.select(SQL("1")).where(
        Case.id == AT, Case.exam_kind.in_([code for code, mode in every_mode().items() if mode.drawn])
    ),
    "strike_name": Draw.select(SQL("1"))
    .join(Case)
    .where(Case.id == AT, Draw.exam_kind == Case.exam_kind, Draw.mode == MatchingMode.RANDOM_PANEL),
    "withdraw_times": SlotHold.select(SQL("1")).where(
        SlotHold.case == AT, SlotHold.offered_at.is_null(False)
    ),
    "adopt_rules": RuleChange.select(SQL("1"))
    .join(RuleSnapshot, on=(RuleSnapshot.considered < RuleChange.id))
    .join(Case, on=(Case.id == RuleSnapshot.case))
    .where(Case.id == AT, RuleChange.exam_kind.in_([Case.exam_kind, SQL("'*'")])),
    "settle_call": Notice.select(SQL("1")).join(Event).where(Event.case == AT, Notice.is_call()),
}
FOUND = Kept(lambda: Select(columns=[fn.EXISTS(query) for query in LOOKED_INTO.values()]))


def idle_steps(case: Case) -> frozenset[str]:
    """The steps that would open an empty page now."""
    [found] = FOUND.rows(case=case.id)
    return frozenset(name for name, is_there in zip(LOOKED_INTO, found, strict=True) if not is_there)
