"""Times that are held: a coordinator's while they make sure, and up to three that a claimant may choose from."""

from datetime import time, timedelta

import pytest

from portal import clock, demo
from portal.ime import booking, holds
from portal.ime.appointment import book_appointment, booked_appointment, free_slots, move_appointment
from portal.ime.clinics import close_clinic
from portal.ime.holds import (
    HOLD_LIFE,
    expire_times,
    held,
    hold_slot,
    offer_times,
    offered,
    pick_time,
    refuse_times,
    slot_of,
    sweep_holds,
    withdraw_times,
)
from portal.ime.hours import add_time_off
from portal.ime.instructions import make_link
from portal.ime.matching import release_expert
from portal.ime.process import NotAllowed, Refusal
from portal.ime.rules import snapshot
from portal.ime.slots import Slot
from portal.models import (
    Arrangement,
    Bar,
    Case,
    Clinic,
    Event,
    Expert,
    Notice,
    RuleOverride,
    RuleSnapshot,
    SecureLink,
    SlotHold,
    TakenQuarter,
    TimeOff,
    User,
    WeeklyHours,
)
from portal.words import ArrangementKind, Party, Stage
from tests.databases import ON_BOTH
from tests.ime.racing import race

HOUR = timedelta(hours=1)
QUARTER = timedelta(minutes=15)


def times(case, many=3, days=21):
    """Free times of the case's expert some weeks ahead."""
    first = clock.today() + timedelta(days=days)
    return free_slots(case, first, first + timedelta(days=13))[:many]


def as_given(slot):
    clinic = Clinic.get_by_id(slot.clinic_id)
    return {"clinic": clinic, "starts_at": slot.starts_at, "ends_at": slot.ends_at}


def later(slot, by):
    return Slot(slot.clinic_id, slot.starts_at + by, slot.ends_at + by)


def raced(*tries):
    """How each came out who tried at the same moment."""
    return sorted("won" if outcome == "booked" else "lost" for outcome in race(*tries))


@pytest.fixture
def case(case_at):
    return case_at(Stage.SCHEDULING)


@pytest.fixture
def other(world):
    return demo.case_at(world, Stage.SCHEDULING)


def claimant_of(case):
    make_link(case)
    return SecureLink.select().where(SecureLink.case == case).order_by(SecureLink.id.desc()).first()


# --- a coordinator's hold ---------------------------------------------------------------------------------------


@ON_BOTH
def test_what_is_held_is_free_for_nobody_else_until_it_runs_out(world, case, other, backend):
    slot = times(case)[0]
    hold_slot(case, by=world.coordinator, slot=slot)
    assert slot not in times(other) and slot in times(case)
    with pytest.raises(Refusal, match="Someone booked"):
        hold_slot(other, by=world.coordinator, slot=later(slot, QUARTER))
    with clock.set_to(clock.now() + HOLD_LIFE + timedelta(seconds=1)):
        assert slot in times(other) and held(case) is None
        hold_slot(other, by=world.coordinator, slot=slot)
        with pytest.raises(Refusal):
            book_appointment(case, by=world.coordinator, **as_given(slot))
    assert SlotHold.select().count() == 1


@ON_BOTH
def test_what_is_held_for_a_case_can_be_booked_for_it_and_is_gone_then(world, case, other, backend):
    slot = times(case)[0]
    hold_slot(case, by=world.coordinator, slot=slot)
    with pytest.raises(Refusal):
        book_appointment(other, by=world.coordinator, **as_given(slot))
    book_appointment(case, by=world.coordinator, **as_given(slot))
    assert not SlotHold.select().exists()
    assert TakenQuarter.select().where(TakenQuarter.hold.is_null(False)).count() == 0


def test_a_second_hold_of_a_case_takes_the_place_of_the_first(world, case):
    first, second, _ = times(case)
    hold_slot(case, by=world.coordinator, slot=first)
    hold_slot(case, by=world.coordinator, slot=second)
    assert held(case).starts_at == second.starts_at
    assert TakenQuarter.select().where(TakenQuarter.hold.is_null(False)).count() == 4


def test_the_buffer_of_the_expert_is_held_and_booked_with_it(world, case, other):
    slot = times(case)[0]
    Expert.update(buffer_minutes=30).where(Expert.id == case.expert_id).execute()
    case, other = Case.get_by_id(case.id), Case.get_by_id(other.id)
    hold_slot(case, by=world.coordinator, slot=slot)
    with pytest.raises(Refusal):
        hold_slot(other, by=world.coordinator, slot=later(slot, HOUR))
    book_appointment(case, by=world.coordinator, **as_given(slot))
    with pytest.raises(Refusal):
        hold_slot(other, by=world.coordinator, slot=later(slot, HOUR + QUARTER))
    hold_slot(other, by=world.coordinator, slot=later(slot, HOUR + 2 * QUARTER))


@ON_BOTH
@pytest.mark.parametrize("shift", [timedelta(0), QUARTER, -QUARTER])
def test_of_many_who_hold_and_book_overlapping_times_at_once_exactly_one_wins(world, case, backend, shift):
    cases = [case, *(demo.case_at(world, Stage.SCHEDULING) for _ in range(3))]
    slot = times(case)[1]

    def holding(one, wanted):
        return lambda: hold_slot(Case.get_by_id(one.id), by=world.coordinator, slot=wanted)

    def booking(one, wanted):
        return lambda: book_appointment(Case.get_by_id(one.id), by=world.coordinator, **as_given(wanted))

    outcomes = raced(
        holding(cases[0], slot),
        booking(cases[1], later(slot, shift)),
        holding(cases[2], slot),
        booking(cases[3], slot),
    )
    assert outcomes == ["lost", "lost", "lost", "won"]
    rows = TakenQuarter.select().where(
        TakenQuarter.starts_at.between(slot.starts_at - HOUR, slot.ends_at + HOUR)
    )
    assert rows.count() == 4


@ON_BOTH
def test_of_two_whose_times_meet_in_the_buffer_alone_exactly_one_wins(world, case, other, backend):
    Expert.update(buffer_minutes=30).where(Expert.id == case.expert_id).execute()
    slot = times(case)[0]
    behind = later(slot, HOUR + QUARTER)  # begins within the half hour after the first

    def holding():
        hold_slot(Case.get_by_id(case.id), by=world.coordinator, slot=slot)

    def booking():
        book_appointment(Case.get_by_id(other.id), by=world.coordinator, **as_given(behind))

    assert raced(holding, booking) == ["lost", "won"]


def at_a_new_clinic(case):
    """A free time at a clinic where nothing is booked."""
    address = {"street": "1 Hill", "city": "Oakland", "state": "CA", "zip": "94607"}
    new = Clinic.create(expert=case.expert, name="Uptown", **address, time_zone="America/Los_Angeles")
    slot = times(case)[0]
    return Slot(new.id, slot.starts_at, slot.ends_at)


def test_a_time_at_a_clinic_that_closed_meanwhile_is_not_booked(world, case):
    slot = at_a_new_clinic(case)
    wanted = as_given(slot)
    close_clinic(Clinic.get_by_id(slot.clinic_id))
    with pytest.raises(Refusal, match="has been closed"):
        book_appointment(case, by=world.coordinator, **wanted)
    assert Case.get_by_id(case.id).stage == Stage.SCHEDULING


@ON_BOTH
def test_of_a_clinic_that_closes_and_a_time_there_exactly_one_stands(world, case, backend):
    slot = at_a_new_clinic(case)

    def booking():
        book_appointment(Case.get_by_id(case.id), by=world.coordinator, **as_given(slot))

    def closing():
        close_clinic(Clinic.get_by_id(slot.clinic_id))

    assert raced(booking, closing) == ["lost", "won"]


@ON_BOTH
def test_of_two_who_want_a_time_whose_hold_ran_out_exactly_one_gets_it(world, case, backend):
    one, two = (demo.case_at(world, Stage.SCHEDULING) for _ in range(2))
    slot = times(case)[0]
    hold_slot(case, by=world.coordinator, slot=slot)
    SlotHold.update(expires_at=clock.now() - timedelta(minutes=1)).execute()

    def holding(wanting):
        return lambda: hold_slot(Case.get_by_id(wanting.id), by=world.coordinator, slot=slot)

    assert raced(holding(one), holding(two)) == ["lost", "won"]


def test_a_hold_in_the_past_or_at_a_foreign_or_closed_clinic_is_refused(world, case):
    slot, foreign = times(case)[0], world.second_expert.expert.clinics.get()
    with pytest.raises(Refusal, match="clinic of the case's expert"):
        hold_slot(case, by=world.coordinator, slot=Slot(foreign.id, slot.starts_at, slot.ends_at))
    with pytest.raises(Refusal, match="still to come"):
        hold_slot(case, by=world.coordinator, slot=later(slot, -timedelta(days=60)))
    Clinic.update(closed_at=clock.now()).where(Clinic.id == slot.clinic_id).execute()
    with pytest.raises(Refusal, match="clinic of the case's expert"):
        hold_slot(case, by=world.coordinator, slot=slot)


def test_whoever_leaves_the_choosing_of_a_time_lets_go_of_what_was_held(world, case):
    hold_slot(case, by=world.coordinator, slot=times(case)[0])
    release_expert(case, by=world.coordinator, why="Ill.")
    assert (
        not SlotHold.select().exists()
        and not TakenQuarter.select().where(TakenQuarter.hold.is_null(False)).exists()
    )


# --- times to choose from ---------------------------------------------------------------------------------------


def until():
    return clock.now() + timedelta(days=2)


@ON_BOTH
def test_a_claimant_chooses_one_of_three_times_and_the_others_are_free_again(world, case, other, backend):
    slots = times(case)
    offer_times(case, by=world.coordinator, slots=slots, until=until())
    assert (case.turn, case.next_step) == (Party.CLAIMANT, "pick_time")
    assert not set(slots) & set(times(other))
    pick_time(case, by=claimant_of(case), slot=slots[1])
    booked = booked_appointment(case)
    assert (case.stage, booked.starts_at, bool(case.confirmed_at)) == (Stage.BOOKED, slots[1].starts_at, True)
    assert slots[0] in times(other) and slots[1] not in times(other)
    told = {notice.party for notice in Notice.select().join(Event).where(Event.step == "pick_time")}
    assert told >= {Party.COORDINATOR, Party.CLAIMANT, Party.EXPERT, Party.REFERRER}


@ON_BOTH
def test_two_presses_book_once(world, case, backend):
    slots, link = times(case), None
    offer_times(case, by=world.coordinator, slots=slots, until=until())
    link = claimant_of(case)

    def picking(slot):
        return lambda: pick_time(Case.get_by_id(case.id), by=SecureLink.get_by_id(link.id), slot=slot)

    assert raced(picking(slots[0]), picking(slots[1])) == ["lost", "won"]
    assert case.appointments.count() == 1


def test_a_claimant_cannot_take_a_time_they_were_not_offered(world, case):
    slots = times(case, 4)
    offer_times(case, by=world.coordinator, slots=slots[:3], until=until())
    with pytest.raises(Refusal, match="no longer offered"):
        pick_time(case, by=claimant_of(case), slot=slots[3])
    assert len(offered(case)) == 3


def test_a_claimant_who_can_take_none_says_when_they_could(world, case):
    offer_times(case, by=world.coordinator, slots=times(case), until=until())
    claimant = claimant_of(case)
    with pytest.raises(Refusal) as refused:
        refuse_times(case, by=claimant, why=" ")
    assert refused.value.field == "why"
    refuse_times(case, by=claimant, why="Only Fridays work for me.")
    assert (offered(case), case.turn) == ([], Party.COORDINATOR)


@ON_BOTH
def test_times_that_nobody_chose_run_out_and_the_coordinator_is_told(world, case, backend):
    offer_times(case, by=world.coordinator, slots=times(case), until=until())
    assert sweep_holds() == 0
    with clock.set_to(until() + timedelta(minutes=1)):
        assert (sweep_holds(), sweep_holds()) == (1, 0)
        again = Case.get_by_id(case.id)
    assert (again.turn, again.next_step) == (Party.COORDINATOR, "book_appointment")
    assert not TakenQuarter.select().where(TakenQuarter.hold.is_null(False)).exists()
    assert Notice.select().join(Event).where(Event.step == "expire_times").count() == 1


def test_times_can_be_taken_back_with_a_reason(world, case):
    offer_times(case, by=world.coordinator, slots=times(case), until=until())
    withdraw_times(case, by=world.coordinator, why="The expert is ill.")
    assert case.turn == Party.COORDINATOR
    with pytest.raises(Refusal, match="No times are offered"):
        withdraw_times(case, by=world.coordinator, why="Again.")


@pytest.mark.parametrize(
    ("many", "days", "said"),
    [
        (0, 2, "one, two or three"),
        (4, 2, "one, two or three"),
        (2, 30, "within 7 days"),
        (2, 0, "within 7 days"),
    ],
)
def test_too_many_times_or_no_time_to_answer_is_refused(world, case, many, days, said):
    with pytest.raises(Refusal, match=said):
        offer_times(
            case, by=world.coordinator, slots=times(case, many), until=clock.now() + timedelta(days=days)
        )


def test_offering_looks_at_the_rules_and_keeps_why_they_were_overridden(world, case):
    far = [later(slot, timedelta(days=140)) for slot in times(case, 2)]
    with pytest.raises(Refusal) as refused:
        offer_times(case, by=world.coordinator, slots=far, until=until())
    assert refused.value.field == "override" and not SlotHold.select().exists()
    offer_times(case, by=world.coordinator, slots=far, until=until(), override="Both sides agreed.")
    assert {row.rule for row in RuleOverride.select()} == {"CA-QME-07"}


def test_only_the_portal_expires_and_only_the_claimant_picks(world, case):
    slots = times(case)
    offer_times(case, by=world.coordinator, slots=slots, until=until())
    with pytest.raises(NotAllowed):
        expire_times(case, by=world.coordinator)
    with pytest.raises(NotAllowed):
        pick_time(case, by=world.coordinator, slot=slots[0])
    with pytest.raises(Refusal):
        expire_times(case, by=Party.PORTAL)
    assert holds.slot_of(offered(case)[0]) == slots[0]


def test_the_rules_of_an_offer_are_counted_from_the_last_day_for_an_answer(world, case_at):
    """A time that is legal today may be too soon by the day on which the claimant takes it."""
    case = case_at(Stage.SCHEDULING)
    Case.update(exam_kind="TX-RME").where(Case.id == case.id).execute()
    RuleSnapshot.delete().where(RuleSnapshot.case == case).execute()
    case = Case.get_by_id(case.id)

    def is_legal(slot):
        clinic = Clinic.get_by_id(slot.clinic_id)
        return not any(each.blocks for each in booking.findings(case, clinic, slot.starts_at))

    slot = next(filter(is_legal, times(case, 100, days=8)))
    until = clock.now() + timedelta(days=7)
    with pytest.raises(Refusal, match="Say why"):
        offer_times(case, by=world.coordinator, slots=[slot], until=until)
    offer_times(case, by=world.coordinator, slots=[slot], until=until, override="All parties agreed.")
    assert RuleOverride.get().step == "offer_times"


def test_a_time_offered_before_a_day_off_or_a_new_wish_is_not_taken(world, case):
    one, two = times(case, 2)
    offer_times(case, by=world.coordinator, slots=[one, two], until=clock.now() + timedelta(days=2))
    day = clock.day_of(one.starts_at, Clinic.get_by_id(one.clinic_id).time_zone)
    assert add_time_off(case.expert, first_day=day, last_day=day) >= 1
    make_link(case)
    link = SecureLink.get(SecureLink.case == case)
    with pytest.raises(Refusal, match="no longer offered"):
        pick_time(case, by=link, slot=one)
    TimeOff.delete().execute()
    Arrangement.create(case=case, kind=ArrangementKind.RECORDING)
    with pytest.raises(Refusal, match="no longer offered"):
        pick_time(case, by=link, slot=one)


def test_what_is_outside_the_experts_hours_is_not_held(world, case):
    slot = times(case, 1)[0]
    day = clock.day_of(slot.starts_at, Clinic.get_by_id(slot.clinic_id).time_zone)
    with pytest.raises(Refusal, match="does not examine at this time"):
        hold_slot(case, by=world.coordinator, slot=later(slot, timedelta(hours=9)))
    add_time_off(case.expert, first_day=day, last_day=day)
    with pytest.raises(Refusal, match="does not examine at this time"):
        hold_slot(case, by=world.coordinator, slot=slot)


@ON_BOTH
def test_times_that_meet_in_the_buffer_are_offered_together_and_kept_from_others(world, case, other, backend):
    Expert.update(buffer_minutes=15).where(Expert.id == case.expert_id).execute()
    case, other = Case.get_by_id(case.id), Case.get_by_id(other.id)
    one = times(case, 1)[0]
    two = later(one, HOUR)
    offer_times(case, by=world.coordinator, slots=[one, two], until=clock.now() + timedelta(days=2))
    with pytest.raises(Refusal, match="Someone booked"):
        hold_slot(other, by=world.coordinator, slot=two)
    make_link(case)
    pick_time(case, by=SecureLink.get(SecureLink.case == case), slot=two)
    hold_slot(other, by=world.coordinator, slot=Slot(one.clinic_id, one.starts_at, one.ends_at - QUARTER))


@ON_BOTH
def test_a_booked_appointment_is_lengthened_where_it_stands(world, case_at, backend):
    case = case_at(Stage.BOOKED)
    booked = booked_appointment(case)
    longer = Slot(booked.clinic_id, booked.starts_at, booked.ends_at + QUARTER)
    hold_slot(case, by=world.coordinator, slot=longer)
    move_appointment(
        case, by=world.coordinator, why="An interpreter comes.", override="Agreed.", **as_given(longer)
    )
    assert booked_appointment(case).ends_at == longer.ends_at
    assert TakenQuarter.select().where(TakenQuarter.starts_at == booked.ends_at).count() == 1


def test_an_appointment_is_moved_to_a_video_at_the_same_time(world, case_at):
    case = case_at(Stage.BOOKED)
    Expert.update(accepts_telehealth=True).where(Expert.id == case.expert_id).execute()
    case = Case.get_by_id(case.id)
    booked = booked_appointment(case)
    when, on = as_given(slot_of(booked)), clock.day_of(booked.starts_at, booked.clinic.time_zone)
    hours = {"clinic": booked.clinic, "opens": time(8), "closes": time(17), "is_telehealth": True}
    WeeklyHours.create(weekday=on.weekday(), **hours)
    move_appointment(
        case, by=world.coordinator, why="By video.", is_telehealth=True, override="Agreed.", **when
    )
    assert booked_appointment(case).is_telehealth


def test_what_cannot_be_expired_keeps_no_other_from_it(world, case, other, monkeypatch):
    until = clock.now() + timedelta(days=1)
    for each, slot in zip((case, other), times(case, 2), strict=True):
        offer_times(each, by=world.coordinator, slots=[slot], until=until)
    expire = holds.expire_times

    def fails_for_one(each, *, by):
        return 1 / 0 if each.id == case.id else expire(each, by=by)

    monkeypatch.setattr(holds, "expire_times", fails_for_one)
    with clock.set_to(until), pytest.raises(ExceptionGroup):
        sweep_holds()
    assert not SlotHold.select().where(SlotHold.case == other).exists()
    assert SlotHold.select().where(SlotHold.case == case).exists()


def test_whoever_calls_gets_the_offered_time_booked_by_the_office(visitor, world, case):
    slot = times(case, 1)[0]
    offer_times(case, by=world.coordinator, slots=[slot], until=clock.now() + timedelta(days=2))
    page = visitor(world.coordinator).opens(f"/cases/{case.reference}")
    page.follows("Book it for them").presses("Book the appointment")
    assert page.sees("Booked for")
    assert booked_appointment(case).starts_at == slot.starts_at
    assert not SlotHold.select().where(SlotHold.case == case).exists()


@pytest.mark.parametrize("kept_out", ["barred", "disabled"])
def test_no_claimant_chooses_a_time_with_an_expert_who_is_kept_from_the_case(world, case, kept_out):
    slot = times(case, 1)[0]
    offer_times(case, by=world.coordinator, slots=[slot], until=clock.now() + timedelta(days=2))
    make_link(case)
    if kept_out == "barred":
        Bar.create(case=case, user=world.expert, why="A conflict.", placed_by=world.coordinator)
    else:
        User.update(disabled_at=clock.now()).where(User.id == world.expert.id).execute()
    with pytest.raises(Refusal, match="no longer offered"):
        pick_time(Case.get_by_id(case.id), by=SecureLink.get(SecureLink.case == case), slot=slot)
    assert Case.get_by_id(case.id).stage == Stage.SCHEDULING


def test_a_rule_that_was_taken_over_since_the_offer_is_asked_again(world, case):
    slot = times(case, 1)[0]
    offer_times(case, by=world.coordinator, slots=[slot], until=clock.now() + timedelta(days=2))
    make_link(case)
    facts = snapshot("WA-LI")
    next(each for each in facts["rules"] if each["id"] == "WA-LI-03")["n"] = 300
    Case.update(exam_kind="WA-LI").where(Case.id == case.id).execute()
    RuleSnapshot.update(rules=facts).where(RuleSnapshot.case == case).execute()
    with pytest.raises(Refusal, match="no longer offered"):
        pick_time(Case.get_by_id(case.id), by=SecureLink.get(SecureLink.case == case), slot=slot)
