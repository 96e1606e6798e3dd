"""The pages on which the day of the examination is recorded."""

from datetime import timedelta

import pytest

from portal import clock
from portal.models import Attendance, Case
from portal.words import Outcome, Stage
from tests.client import NotThere

HELD = {
    "outcome": "completed",
    "identity_checked": "yes",
    "consent_given": "yes",
    "present": "The claimant and her daughter",
    "began_at": "9:05 am",
    "finished_at": "9:55 am",
}


@pytest.fixture
def later(case_at):
    """Two hours after the booked examination began."""
    return clock.set_to(case_at(Stage.BOOKED).appointments.get().starts_at + timedelta(hours=2))


def test_the_expert_records_the_examination_and_is_led_to_the_report(visitor, world, case_at, later):
    case = case_at(Stage.BOOKED)
    with later:
        expert = visitor(world.expert).opens(f"/cases/{case.reference}/examination")
        expert.presses("Record the examination", **HELD)
        assert expert.sees("The examination is recorded")
        expert.follows("Write the report")
        assert expert.heading == "Write the report"
        assert expert.sees("Present: The claimant and her daughter")
        assert expert.sees("9:05 am to 9:55 am")


def test_what_is_left_out_is_asked_for_at_its_field_and_the_rest_is_kept(visitor, world, case_at, later):
    case = case_at(Stage.BOOKED)
    with later:
        expert = visitor(world.expert).opens(f"/cases/{case.reference}/examination")
        expert.presses("Record the examination", present="The claimant alone", began_at="9")
    assert expert.status == 422
    for sentence in (
        "Choose how the examination went",
        "Tick this once the claimant's identity is checked",
        "Say whether the time is am or pm, like 9:30 am",
        "Enter when it ended, like 9:55 am",
    ):
        assert expert.sees(sentence)
    assert expert.typed("present") == "The claimant alone"
    assert Case.get_by_id(case.id).stage == Stage.BOOKED


def test_before_it_begins_there_is_no_button_and_a_forged_post_is_refused(visitor, world, case_at):
    case = case_at(Stage.BOOKED)
    expert = visitor(world.expert).opens(f"/cases/{case.reference}/examination/missed")
    token = expert.typed("csrf_token")
    expert.opens(f"/cases/{case.reference}/examination")
    assert expert.sees("has not begun yet")
    with pytest.raises(NotThere):
        expert.presses("Record the examination")
    forged = expert.client.post(f"/cases/{case.reference}/examination", data={**HELD, "csrf_token": token})
    assert forged.status_code == 422
    assert "has not begun yet" in forged.get_data(as_text=True)
    assert not Attendance.select().where(Attendance.appointment == case.appointments.get()).exists()


def test_each_missed_outcome_says_what_follows_and_leads_to_a_new_appointment(visitor, world, case_at, later):
    case = case_at(Stage.BOOKED)
    with later:
        coordinator = visitor(world.coordinator).opens(f"/cases/{case.reference}/examination/missed")
        assert coordinator.sees("The interpreter is arranged anew, then a new time is booked.")
        assert coordinator.sees("Claimant did not attend")
        coordinator.presses("Record the missed examination", outcome="did_not_attend", note="Rang twice.")
    assert coordinator.sees("Next: a new appointment")
    assert Case.get_by_id(case.id).stage == Stage.SCHEDULING
    assert Attendance.get(Attendance.appointment == case.appointments.get()).outcome == Outcome.DID_NOT_ATTEND


def test_before_the_day_the_page_leads_to_cancelling_and_an_expert_calls_the_office(visitor, world, case_at):
    case = case_at(Stage.BOOKED)
    path = f"/cases/{case.reference}/examination/missed"
    coordinator = visitor(world.coordinator).opens(path)
    assert (
        coordinator.sees("The examination has not begun yet")
        and "Record the missed examination" not in coordinator.buttons
    )
    assert coordinator.follows("Cancel the appointment").heading == "Cancel the appointment"
    expert = visitor(world.expert).opens(path)
    assert expert.sees("please call us at") and not expert.sees("Cancel the appointment")


def test_a_coordinator_makes_it_a_file_review(visitor, world, case_at):
    case = case_at(Stage.SCHEDULING)
    coordinator = visitor(world.coordinator).opens(f"/cases/{case.reference}/file-review")
    assert coordinator.presses("Make it a file review").status == 422
    assert coordinator.sees("Say why no examination is needed")
    coordinator.presses("Make it a file review", why="The claimant lives abroad.")
    assert coordinator.sees("It is a file review now")
    assert Case.get_by_id(case.id).is_file_review


def test_the_brief_of_a_file_review_is_the_coordinators_next_step(visitor, world, case_at):
    case = case_at(Stage.SCHEDULING)
    path = f"/cases/{case.reference}"
    coordinator = visitor(world.coordinator).opens(f"{path}/file-review")
    coordinator.presses("Make it a file review", why="The claimant lives abroad.")
    assert coordinator.opens(path).tree.xpath("//div[@class='next']//a")[0].text_content() == "Send the brief"
    coordinator.follows("Send the brief")
    assert coordinator.sees("for a file review, without an examination")
    assert coordinator.sees("opinion on the records alone")
    assert coordinator.presses("Send the brief", override="They have them.").sees("The brief is sent.")
    expert = visitor(world.expert).opens(path)
    assert expert.tree.xpath("//div[@class='next']//a")[0].text_content() == "Write the report"


def test_after_an_examination_the_coordinator_is_shown_no_brief_to_send(visitor, world, case_at):
    page = visitor(world.coordinator).opens(f"/cases/{case_at(Stage.REPORTING).reference}")
    assert "Send the brief" not in page.links


@pytest.mark.parametrize("page", ["examination", "examination/missed"])
def test_the_day_is_not_the_referrers_to_record_nor_a_strangers_to_see(visitor, world, case_at, page):
    case = case_at(Stage.BOOKED)
    assert visitor(world.referrer).opens(f"/cases/{case.reference}/{page}").status == 403
    assert visitor(world.stranger_referrer).opens(f"/cases/{case.reference}/{page}").status == 404
    assert visitor(world.second_expert).opens(f"/cases/{case.reference}/{page}").status == 404
    assert visitor().opens(f"/cases/{case.reference}/{page}").heading == "Sign in"
