"""What the claimant needs on the day, settled or not."""

from datetime import timedelta

import pytest

from portal import clock, notices
from portal.ime.appointment import booked_appointment, cancel_appointment, move_appointment, to_ask_again
from portal.ime.arrangements import (
    Settled,
    ask_arrangement,
    look_ahead,
    settle_arrangement,
    settle_arrangements,
    unsettled,
)
from portal.ime.examination import record_missed
from portal.ime.guidance import arranged
from portal.ime.instructions import confirm_attendance, make_link, send_brief
from portal.ime.matching import release_expert
from portal.ime.process import NotAllowed, Refusal
from portal.models import Arrangement, Case, Event, Notice, SecureLink
from portal.words import ArrangementKind, ArrangementState, Outcome, Party, Stage

NEEDED, BOOKED = ArrangementState.NEEDED, ArrangementState.BOOKED
CONFIRMED, REFUSED = ArrangementState.CONFIRMED, ArrangementState.REFUSED


@pytest.fixture
def case(case_at):
    case = case_at(Stage.SCHEDULING)
    Arrangement.create(case=case, kind=ArrangementKind.INTERPRETER, detail="Spanish")
    return case


def kinds(rows):
    return {row.kind for row in rows}


def by_kind(case, kind):
    return case.arrangements.where(Arrangement.kind == kind).get()


def steps(case):
    return [event.step for event in case.events.order_by(Event.id)]


def test_what_is_only_needed_is_unsettled(world, case):
    assert kinds(unsettled(case)) == {ArrangementKind.COMPANION, ArrangementKind.INTERPRETER}
    companion = by_kind(case, ArrangementKind.COMPANION)
    settle_arrangement(case, by=world.coordinator, arrangement=companion, state=CONFIRMED)
    assert kinds(unsettled(case)) == {ArrangementKind.INTERPRETER}


def test_an_interpreter_is_booked_with_a_name(world, case):
    interpreter = by_kind(case, ArrangementKind.INTERPRETER)
    with pytest.raises(Refusal, match="Say who supplies the interpreter"):
        settle_arrangement(case, by=world.coordinator, arrangement=interpreter, state=BOOKED, supplier=" ")
    settle_arrangement(
        case, by=world.coordinator, arrangement=interpreter, state=BOOKED, supplier=" Lingua Desk "
    )
    assert by_kind(case, ArrangementKind.INTERPRETER).supplier == "Lingua Desk"


def test_only_what_changed_is_a_step(world, case):
    before = len(steps(case))
    wanted = [(row, Settled.of(row)) for row in case.arrangements]
    settle_arrangements(case, by=world.coordinator, wanted=wanted)
    assert len(steps(case)) == before
    wanted[0] = (wanted[0][0], Settled(CONFIRMED))
    settle_arrangements(case, by=world.coordinator, wanted=wanted)
    assert steps(case)[before:] == ["settle_arrangement"]


def test_a_refusal_among_several_saves_none_and_names_its_field(world, case):
    companion, interpreter = (
        by_kind(case, kind) for kind in (ArrangementKind.COMPANION, ArrangementKind.INTERPRETER)
    )
    wanted = [(companion, Settled(CONFIRMED, "Her daughter")), (interpreter, Settled(BOOKED))]
    with pytest.raises(Refusal) as refusal:
        settle_arrangements(case, by=world.coordinator, wanted=wanted)
    assert refusal.value.field == f"supplier_{interpreter.id}"
    assert by_kind(case, ArrangementKind.COMPANION).state == NEEDED


def test_an_arrangement_of_another_case_is_refused(world, case, case_at):
    foreign = case_at(Stage.MATCHING).arrangements.get()
    with pytest.raises(Refusal, match="another case"):
        settle_arrangement(case, by=world.coordinator, arrangement=foreign, state=CONFIRMED)


def test_a_referrer_settles_no_arrangement(world, case):
    with pytest.raises(NotAllowed):
        settle_arrangement(case, by=world.referrer, arrangement=case.arrangements.get(), state=CONFIRMED)


def test_what_is_refused_is_refused_in_words_for_the_claimant(world, case):
    companion = by_kind(case, ArrangementKind.COMPANION)
    with pytest.raises(Refusal, match="Say why, in words for the claimant") as refused:
        settle_arrangement(case, by=world.coordinator, arrangement=companion, state=REFUSED, because=" ")
    assert refused.value.field == "because"
    why = "The doctor sees everybody alone. Your companion can wait next door."
    settle_arrangement(case, by=world.coordinator, arrangement=companion, state=REFUSED, because=why)
    assert ("Companion", why) in arranged(case.arrangements)
    companion = by_kind(case, ArrangementKind.COMPANION)
    settle_arrangement(case, by=world.coordinator, arrangement=companion, state=CONFIRMED, because=why)
    assert by_kind(case, ArrangementKind.COMPANION).refused_because == ""


# --- the appointment changes ------------------------------------------------------------------------------------


@pytest.fixture
def booked(world, case_at):
    """A booked case whose interpreter is settled, whose companion is confirmed and brings nobody else."""
    case = case_at(Stage.BOOKED)
    row = Arrangement.create(case=case, kind=ArrangementKind.INTERPRETER, detail="Spanish")
    settle_arrangements(
        case,
        by=world.coordinator,
        wanted=[
            (row, Settled(CONFIRMED, "Lingua Desk", "+18005550100")),
            (by_kind(case, ArrangementKind.COMPANION), Settled(CONFIRMED)),
        ],
    )
    return case


def move(case, world):
    old = booked_appointment(case)
    later = old.starts_at + timedelta(days=14)
    when = {"clinic": old.clinic, "starts_at": later, "ends_at": later + timedelta(hours=1)}
    move_appointment(case, by=world.coordinator, why="Later.", **when)


def cancel(case, world):
    cancel_appointment(case, by=world.coordinator, why="It can wait.")


def release(case, world):
    release_expert(case, by=world.coordinator, why="Ill.")


def miss(case, world):
    with clock.set_to(booked_appointment(case).starts_at + timedelta(minutes=30)):
        record_missed(case, by=world.coordinator, outcome=Outcome.DID_NOT_ATTEND)


@pytest.mark.parametrize("end", [move, cancel, release, miss])
def test_whoever_was_settled_for_a_day_that_is_over_is_asked_again(world, booked, end):
    assert not to_ask_again(booked)
    end(booked, world)
    [again] = to_ask_again(booked)
    assert (again.kind, again.supplier) == (ArrangementKind.INTERPRETER, "Lingua Desk")
    assert by_kind(booked, ArrangementKind.COMPANION).state == CONFIRMED


# --- the claimant asks ------------------------------------------------------------------------------------------


def link_of(case):
    make_link(case)
    return SecureLink.select().where(SecureLink.case == case).order_by(SecureLink.id.desc()).get()


@pytest.mark.parametrize("stage", [Stage.SCHEDULING, Stage.BOOKED])
def test_a_claimant_asks_while_a_time_is_chosen_and_once_it_is_booked(case_at, stage):
    case = case_at(stage)
    ask_arrangement(case, by=link_of(case), kind=ArrangementKind.ACCESS, detail="No stairs.")
    assert by_kind(case, ArrangementKind.ACCESS).asked_by == Party.CLAIMANT
    with pytest.raises(Refusal, match="Please call us"):
        ask_arrangement(case, by=link_of(case), kind=ArrangementKind.TRAVEL_MONEY)


def told_claimant(case):
    rows = Notice.select().where(Notice.party == Party.CLAIMANT)
    return [row for row in rows if row.event.case_id == case.id and row.event.step == "settle_arrangement"]


def test_the_claimant_is_told_once_of_answers_to_what_they_asked_for_themselves(app, world, booked):
    for kind in (ArrangementKind.ACCESS, ArrangementKind.TRANSPORT):
        ask_arrangement(booked, by=link_of(booked), kind=kind)
    answers = [
        (by_kind(booked, ArrangementKind.COMPANION), Settled(CONFIRMED, "Her daughter")),
        (by_kind(booked, ArrangementKind.ACCESS), Settled(REFUSED, because="There is a lift.")),
        (by_kind(booked, ArrangementKind.TRANSPORT), Settled(BOOKED, "Ride Co")),
    ]
    settle_arrangements(booked, by=world.coordinator, wanted=answers[:1])
    assert told_claimant(booked) == []
    settle_arrangements(booked, by=world.coordinator, wanted=answers[1:])
    [told] = told_claimant(booked)
    text = notices.render(notices.find(told.id), "http://portal.example/x")
    said = (text.subject + text.body).lower()
    assert not [word for word in ("lift", "ride", "access", "transport") if word in said]


# --- the day comes near -----------------------------------------------------------------------------------------


@pytest.fixture
def briefed(world, case_at):
    """A booked case with its brief sent, its companion unsettled."""
    case = case_at(Stage.BOOKED)
    if not case.brief_sent_at:
        send_brief(case, by=world.coordinator, override="The records were served by hand.")
    return case


def next_of(case):
    kept = Case.get_by_id(case.id)
    return kept.turn, kept.next_step


def test_what_is_unsettled_is_the_coordinators_turn_a_week_before_and_the_experts_on_the_day(world, briefed):
    booked = booked_appointment(briefed)
    exam_on = clock.day_of(booked.starts_at, booked.clinic.time_zone)
    for days, told in ((8, "record_examination"), (7, "settle_arrangement"), (0, "record_examination")):
        with clock.set_to(booked.starts_at - timedelta(days=days, hours=1)):
            look_ahead()
            assert next_of(briefed)[1] == told, days
            if told == "settle_arrangement":
                assert Case.get_by_id(briefed.id).due_on == exam_on - timedelta(days=7)
                assert look_ahead() == 0


def test_settling_the_last_of_it_gives_the_case_back_to_the_expert(world, briefed):
    with clock.set_to(booked_appointment(briefed).starts_at - timedelta(days=3)):
        look_ahead()
        assert next_of(briefed) == (Party.COORDINATOR, "settle_arrangement")
        case = Case.get_by_id(briefed.id)
        wanted = [(row, Settled(CONFIRMED)) for row in unsettled(case)]
        settle_arrangements(case, by=world.coordinator, wanted=wanted)
        assert next_of(case) == (Party.EXPERT, "record_examination")


def test_looking_ahead_changes_no_case_at_which_somebody_took_a_step_meanwhile(world, briefed, monkeypatch):
    from portal.ime import arrangements

    def step_meanwhile(case, really=arrangements.whats_next):
        other = Case.get_by_id(case.id)
        with clock.set_to(clock.now() + timedelta(seconds=5)):
            confirm_attendance(other, by=link_of(other))
        Case.update(next_step="move_appointment").where(Case.id == case.id).execute()
        return really(case)

    with clock.set_to(booked_appointment(briefed).starts_at - timedelta(days=3)):
        monkeypatch.setattr(arrangements, "whats_next", step_meanwhile)
        assert look_ahead() == 0
    assert next_of(briefed)[1] == "move_appointment"


def test_what_was_refused_may_be_asked_for_again_and_is_open_anew(world, booked):
    ask_arrangement(booked, by=link_of(booked), kind=ArrangementKind.ACCESS, detail="No stairs.")
    row = Arrangement.get((Arrangement.case == booked) & (Arrangement.kind == ArrangementKind.ACCESS))
    refused = {"state": ArrangementState.REFUSED, "because": "The house has stairs."}
    settle_arrangement(booked, by=world.coordinator, arrangement=row, **refused)
    ask_arrangement(booked, by=link_of(booked), kind=ArrangementKind.ACCESS, detail="I cannot climb any.")
    row = Arrangement.get_by_id(row.id)
    assert (row.state, row.detail) == (ArrangementState.NEEDED, "I cannot climb any.")
    assert not row.refused_because
    with pytest.raises(Refusal, match="noted already"):
        ask_arrangement(booked, by=link_of(booked), kind=ArrangementKind.ACCESS)
