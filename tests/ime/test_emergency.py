"""Emergency access: with a reason, for four hours, to one case, under the eyes of every manager."""

from datetime import UTC, datetime, timedelta

import pytest

from portal import clock
from portal.ime.bars import place_bar
from portal.ime.emergency import (
    LASTS,
    NOT_OPENED,
    SEEN_ALREADY,
    TOO_SHORT,
    begin_emergency,
    end_emergency,
    is_office_time,
    running,
)
from portal.ime.process import VERBS, NotAllowed, Refusal
from portal.ime.referral import accept_referral, assign_coordinator
from portal.ime.restriction import lift_restriction, restrict_case
from portal.models import AccountNotice, Alert, AuditRecord, Case, EmergencyAccess, User
from portal.policy import party_to, recipients, visible_cases
from portal.words import AccountMail, Act, AlertKind, Ending, Party, Role, Stage
from tests.databases import ON_BOTH, at_once

REASON = "The examination is today and the clinic asks for the records."
WEDNESDAY = datetime(2026, 3, 4, 15, 0, tzinfo=UTC)  # 10 am at the office


@pytest.fixture
def case(world, case_at):
    """A restricted case that is nobody's but the managers'."""
    case = case_at(Stage.BOOKED)
    Case.update(coordinator=None).where(Case.id == case.id).execute()
    case = Case.get_by_id(case.id)
    restrict_case(case, by=world.coordinator, why="The claimant works here.")
    return case


def ask(world, case, reason=REASON):
    return begin_emergency(by=world.second_coordinator, reference=case.reference, reason=reason)


@ON_BOTH
def test_a_coordinator_gets_the_part_of_one_for_four_hours(world, case, case_at, backend):
    other = case_at(Stage.CLOSED)
    restrict_case(other, by=world.coordinator, why="Another one.")
    guest, now = world.second_coordinator, clock.now()
    with clock.set_to(now):
        ask(world, case)
    for later, is_in in ((timedelta(), True), (LASTS - timedelta(seconds=1), True), (LASTS, False)):
        with clock.set_to(now + later):
            assert (party_to(guest, case) == Party.COORDINATOR) == is_in
            assert (case in visible_cases(guest)) == is_in
            assert party_to(guest, other) is None


@ON_BOTH
def test_every_manager_is_alerted_at_once(world, case, backend):
    User.create(
        organisation=world.coordinator.organisation,
        role=Role.COORDINATOR,
        name="Other Manager",
        email="other@impartial.example",
        is_manager=True,
    )
    with clock.set_to(WEDNESDAY):
        access = ask(world, case)
    alert = Alert.get()
    assert (alert.kind, alert.user, alert.case) == (
        AlertKind.EMERGENCY_ACCESS,
        world.second_coordinator,
        case.id,
    )
    told = list(AccountNotice.select().where(AccountNotice.kind == AccountMail.ALERT))
    assert {notice.email for notice in told} == {world.coordinator.email, "other@impartial.example"}
    assert told[0].facts == {
        "alert": "emergency_access",
        "person": world.second_coordinator.id,
        "who": world.second_coordinator.name,
        "case": case.reference,
        "until": access.expires_at.isoformat(),
    }
    kept = AuditRecord.get(AuditRecord.act == Act.EMERGENCY)
    assert (kept.case, kept.ending, kept.number) == (case.id, Ending.DONE, access.id)
    assert REASON not in str(kept.facts)


@pytest.mark.parametrize(
    ("moment", "is_office"),
    [
        (datetime(2026, 3, 4, 12, 59, tzinfo=UTC), False),
        (datetime(2026, 3, 4, 13, 0, tzinfo=UTC), True),
        (datetime(2026, 3, 4, 22, 59, tzinfo=UTC), True),
        (datetime(2026, 3, 4, 23, 0, tzinfo=UTC), False),
        (datetime(2026, 3, 7, 15, 0, tzinfo=UTC), False),
        (datetime(2026, 7, 1, 12, 0, tzinfo=UTC), True),
    ],
)
def test_the_office_is_open_from_eight_to_six_on_working_days(moment, is_office):
    assert is_office_time(moment) == is_office


def test_outside_office_hours_the_alert_says_so(world, case):
    with clock.set_to(WEDNESDAY.replace(hour=4)):
        ask(world, case)
    assert Alert.get().kind == AlertKind.EMERGENCY_OFF_HOURS
    assert AccountNotice.get(AccountNotice.kind == AccountMail.ALERT).facts["alert"] == "emergency_off_hours"


@ON_BOTH
def test_what_is_not_there_a_draft_and_a_bar_are_refused_in_the_same_words(world, case, case_at, backend):
    draft = case_at(Stage.DRAFT)
    for reference in ("IME-999999", draft.reference, "nonsense", "", "IME-1001' OR 1=1"):
        with pytest.raises(Refusal) as refused:
            begin_emergency(by=world.second_coordinator, reference=reference, reason=REASON)
        assert (refused.value.sentence, refused.value.field) == (NOT_OPENED, "reference")
    kept = AuditRecord.select().where(
        (AuditRecord.act == Act.EMERGENCY) & (AuditRecord.ending == Ending.REFUSED)
    )
    assert kept.count() == 5
    assert not Alert.select().exists() and not EmergencyAccess.select().exists()


@ON_BOTH
def test_what_was_purged_is_not_opened_and_looks_like_what_never_was(world, case, backend):
    Case.update(purged_at=clock.now()).where(Case.id == case.id).execute()
    with pytest.raises(Refusal) as refused:
        ask(world, case)
    assert refused.value.sentence == NOT_OPENED
    assert not EmergencyAccess.select().exists() and not Alert.select().exists()


@ON_BOTH
def test_a_bar_beats_emergency_access_before_and_after(world, case, make_manager, backend):
    access = ask(world, case)
    place_bar(case, by=world.coordinator, user=world.second_coordinator, why="A cousin of the claimant.")
    assert party_to(world.second_coordinator, case) is None
    assert EmergencyAccess.get_by_id(access.id).ended_at is not None
    last = AuditRecord.select().where(AuditRecord.act == Act.EMERGENCY).order_by(AuditRecord.id.desc()).get()
    assert (last.number, last.facts) == (access.id, {"is_over": True})
    with pytest.raises(Refusal) as refused:
        ask(world, case)
    assert refused.value.sentence == NOT_OPENED


@pytest.fixture
def make_manager(world):
    """A second manager, so that a bar can be lifted by somebody else."""
    return User.create(
        organisation=world.coordinator.organisation,
        role=Role.COORDINATOR,
        name="Other Manager",
        email="other@impartial.example",
        is_manager=True,
    )


def test_it_takes_a_reason_of_twenty_characters(world, case):
    for reason in ("", " " * 40, "\u200b" * 40, "x" * 19, "  " + "x" * 19 + "  "):
        with pytest.raises(Refusal) as refused:
            ask(world, case, reason)
        assert (refused.value.sentence, refused.value.field) == (TOO_SHORT, "reason")
    assert ask(world, case, "x" * 20)


def test_whoever_sees_the_case_needs_none(world, case):
    ask(world, case)
    for by in (world.second_coordinator, world.coordinator):
        with pytest.raises(Refusal) as refused:
            begin_emergency(by=by, reference=case.reference, reason=REASON)
        assert refused.value.sentence == SEEN_ALREADY
    assert EmergencyAccess.select().count() == 1


def test_after_it_ran_out_it_takes_a_new_reason(world, case):
    now = clock.now()
    with clock.set_to(now):
        ask(world, case)
    with clock.set_to(now + LASTS):
        assert running(case) == []
        again = ask(world, case, "They still wait, and no manager answers the phone.")
    assert again.expires_at == now + 2 * LASTS


def test_a_purged_case_is_opened_to_nobody(world, case):
    Case.update(purged_at=clock.now()).where(Case.id == case.id).execute()
    with pytest.raises(Refusal) as refused:
        ask(world, case)
    assert refused.value.sentence == NOT_OPENED
    assert not EmergencyAccess.select().exists() and not Alert.select().exists()


@ON_BOTH
def test_two_presses_at_once_open_the_case_once(world, case, backend):
    assert at_once(lambda: ask(world, case)) == 1
    assert EmergencyAccess.select().count() == Alert.select().count() == 1


@pytest.mark.parametrize("who", ["referrer", "colleague", "expert", "stranger_referrer"])
def test_nobody_but_a_coordinator_can_ask(world, case, who):
    with pytest.raises(NotAllowed):
        begin_emergency(by=getattr(world, who), reference=case.reference, reason=REASON)


def test_it_ends_by_the_hand_of_its_holder_or_a_manager(world, case):
    for by in (world.second_coordinator, world.coordinator):
        access = ask(world, case)
        assert end_emergency(access, by=by)
        assert not end_emergency(access, by=by)
        assert party_to(world.second_coordinator, case) is None


def test_nobody_else_ends_it(world, case):
    access = ask(world, case)
    with pytest.raises(NotAllowed):
        end_emergency(access, by=world.expert)
    assert running(case) == [access]


@ON_BOTH
def test_disabling_or_another_role_ends_it_at_once(world, case, backend):
    ask(world, case)
    guest = world.second_coordinator
    for change in ({"disabled_at": clock.now()}, {"disabled_at": None, "role": Role.REFERRER}):
        User.update(**change).where(User.id == guest.id).execute()
        changed = User.get_by_id(guest.id)
        assert party_to(changed, case) is None
        assert case not in visible_cases(changed)


@ON_BOTH
def test_a_guest_cannot_make_themself_the_coordinator(world, case_at, backend):
    case = case_at(Stage.REFERRED)
    restrict_case(case, by=world.coordinator, why="The claimant works here.")
    ask(world, case)
    with pytest.raises(Refusal):
        assign_coordinator(case, by=world.second_coordinator, coordinator=world.second_coordinator)
    accept_referral(case, by=world.second_coordinator)
    assert case.coordinator is None
    with clock.set_to(clock.now() + LASTS):
        assert party_to(world.second_coordinator, case) is None


@pytest.mark.parametrize("step", ["restrict_case", "lift_restriction", "place_bar", "lift_bar"])
def test_a_guest_cannot_change_who_sees_the_case(world, case, step):
    ask(world, case)
    with pytest.raises(NotAllowed):
        VERBS[step](case, by=world.second_coordinator)


def test_a_guest_is_not_told_what_the_office_is_told(world, case):
    ask(world, case)
    assert [each.email for each in recipients(case, Party.COORDINATOR)] == [world.coordinator.email]


def test_when_the_restriction_is_lifted_everybody_is_told_again(world, case):
    lift_restriction(case, by=world.coordinator, why="They left.")
    assert {each.email for each in recipients(case, Party.COORDINATOR)} == {
        world.coordinator.email,
        world.second_coordinator.email,
    }
