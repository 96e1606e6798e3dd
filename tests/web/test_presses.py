"""A button that is pressed twice, or a moment after somebody else pressed theirs: one effect, and a sentence."""

from datetime import timedelta

import pytest

from portal import clock
from portal.ime import matching
from portal.ime.appointment import free_slots, move_appointment
from portal.ime.instructions import make_link, spend_link
from portal.ime.process import Refusal
from portal.models import Appointment, Case, Clinic, Event, Notice, RecordRequest
from portal.views import matching as matching_views
from portal.words import AppointmentState, Stage


def told(case, step):
    """How often the step was recorded, and how many notices came of it."""
    events = Event.select().where(Event.case == case, Event.step == step)
    return events.count(), Notice.select().join(Event).where(Event.case == case, Event.step == step).count()


def pressed_twice(first, second, button, **answers):
    """Two windows of one person, each with the page open before the other's button was pressed."""
    return first.presses(button, **answers), second.presses(button, **answers)


@pytest.mark.parametrize(
    ("step", "path", "button", "sentence"),
    [
        ("send_brief", "brief", "Send the brief", "The brief was sent a moment ago."),
        ("send_link", "link", "Send a new link", "A new link was sent a moment ago."),
    ],
)
def test_the_office_sends_once_what_it_pressed_twice(visitor, world, case_at, step, path, button, sentence):
    case = case_at(Stage.BOOKED)
    before, told_each = told(case, step), 1
    windows = [visitor(world.coordinator).opens(f"/cases/{case.reference}/{path}") for _ in range(2)]
    answers = {"override": "They have them."} if step == "send_brief" else {}
    _, second = pressed_twice(*windows, button, **answers)
    assert (second.status, second.sees(sentence)) == (422, True)
    assert told(case, step) == (before[0] + 1, before[1] + told_each)
    with clock.set_to(clock.now() + timedelta(minutes=2)):
        visitor(world.coordinator).opens(f"/cases/{case.reference}/{path}").presses(button, **answers)
    assert told(case, step)[0] == before[0] + 2


def test_the_claimant_asks_once_for_another_time(visitor, world, case_at):
    case = case_at(Stage.BOOKED)
    claimant = spend_link(make_link(case))
    windows = [visitor(claimant).opens("/appointment/change") for _ in range(2)]
    button = next(each for each in windows[0].buttons if each.startswith(("Send", "Ask")))
    _, second = pressed_twice(*windows, button, why="I work that day.")
    assert (second.status, second.sees("You asked for another time already.")) == (422, True)
    assert told(case, "ask_to_move") == (1, 1)


def test_the_claimant_confirms_once_and_reads_thanks_both_times(visitor, world, case_at):
    case = case_at(Stage.BOOKED)
    Case.update(confirmed_at=None).where(Case.id == case.id).execute()
    claimant, before = spend_link(make_link(case)), told(case, "confirm_attendance")
    windows = [visitor(claimant).opens("/appointment") for _ in range(2)]
    button = next(each for each in windows[0].buttons if each.startswith("Confirm"))
    _, second = pressed_twice(*windows, button)
    assert second.sees("Thank you. We know that you are coming.")
    assert told(case, "confirm_attendance")[0] == before[0] + 1


def test_an_appointment_is_moved_once_and_told_once(world, case_at):
    case, stale = case_at(Stage.BOOKED), case_at(Stage.BOOKED)
    slot = free_slots(case, clock.today(), clock.today() + timedelta(days=60))[-1]
    clinic = case.expert.clinics.where(Clinic.id == slot.clinic_id).get()
    when = {
        "clinic": clinic,
        "starts_at": slot.starts_at,
        "ends_at": slot.ends_at,
        "why": "The expert is away.",
    }
    move_appointment(case, by=world.coordinator, **when)
    before = told(case, "move_appointment")
    with pytest.raises(Refusal, match="at this time already"):
        move_appointment(stale, by=world.coordinator, **when)
    assert told(case, "move_appointment") == before
    assert case.appointments.where(Appointment.state == AppointmentState.MOVED).count() == 1


def test_one_record_is_asked_for_once(visitor, world, case_at):
    case, day = case_at(Stage.MATCHING), clock.today() + timedelta(days=9)
    answers = {"what": "Job description", "kind": "job_description", "asked_of": "referrer"}
    answers |= {"due_on-month": str(day.month), "due_on-day": str(day.day), "due_on-year": str(day.year)}
    windows = [
        visitor(world.coordinator).opens(f"/cases/{case.reference}/record-requests/new") for _ in range(2)
    ]
    before = RecordRequest.select().where(RecordRequest.case == case).count()
    _, second = pressed_twice(*windows, "Ask for the record", **answers)
    assert (second.status, second.sees("This is on the checklist already.")) == (422, True)
    assert RecordRequest.select().where(RecordRequest.case == case).count() == before + 1


def test_a_candidate_whose_offer_ended_while_they_pressed_is_late_and_not_told_it_is_not_their_part(
    visitor, world, case_at, monkeypatch
):
    case = case_at(Stage.OFFERED)

    def after_another_window(case, **given):
        matching.pass_offer(Case.get_by_id(case.id), **given)
        return matching.pass_offer(case, **given)

    monkeypatch.setattr(matching_views, "pass_offer", after_another_window)
    expert = visitor(world.expert).opens(f"/cases/{case.reference}/offer/pass")
    because = expert.tree.xpath("//input[@type='radio']/@value")[0]
    expert.presses("Pass on the case", because=because)
    assert (expert.status, expert.sees("This offer is no longer open.")) == (409, True)
    assert told(case, "pass_offer")[0] == 1
