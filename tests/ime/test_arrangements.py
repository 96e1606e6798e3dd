"""What the claimant needs on the day, settled or not."""

import pytest

from portal.ime.arrangements import settle_arrangement, settle_arrangements, unsettled
from portal.ime.process import NotAllowed, Refusal
from portal.models import Arrangement, Event
from portal.words import ArrangementKind, ArrangementState, Stage

NEEDED, BOOKED, CONFIRMED = ArrangementState.NEEDED, ArrangementState.BOOKED, ArrangementState.CONFIRMED


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
    wanted = [(row, row.state, row.supplier) for row in case.arrangements]
    settle_arrangements(case, by=world.coordinator, wanted=wanted)
    assert len(steps(case)) == before
    wanted[0] = (wanted[0][0], CONFIRMED, "")
    settle_arrangements(case, by=world.coordinator, wanted=wanted)
    assert steps(case)[before:] == ["settle_arrangement"]


def test_a_refusal_among_several_saves_none_and_names_its_field(world, case):
    companion, interpreter = (
        by_kind(case, kind) for kind in (ArrangementKind.COMPANION, ArrangementKind.INTERPRETER)
    )
    wanted = [(companion, CONFIRMED, "Her daughter"), (interpreter, BOOKED, "")]
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
