"""The access review as a page and as a file."""

from portal.ime.emergency import begin_emergency
from portal.ime.restriction import restrict_case
from portal.models import Bar
from portal.words import Stage


def test_the_page_names_what_is_open_beside_the_rules(visitor, world, case_at):
    case, other = case_at(Stage.BOOKED), case_at(Stage.CLOSED)
    restrict_case(other, by=world.coordinator, why="The claimant works here.")
    case.coordinator = None
    Bar.create(case=case, user=world.referrer, why="A cousin of theirs.", placed_by=world.coordinator)
    other.coordinator = None
    other.save()
    begin_emergency(
        by=world.second_coordinator, reference=other.reference, reason="The clinic waits for the file."
    )
    said = visitor(world.coordinator).opens("/access-review").main
    assert "A cousin of theirs." in said and "The clinic waits for the file." in said
    assert case.reference in said and other.reference in said


def test_a_manager_does_not_read_of_a_case_from_which_they_are_barred(visitor, world, case_at):
    case = case_at(Stage.BOOKED)
    for user in (world.referrer, world.coordinator):
        Bar.create(case=case, user=user, why="A family quarrel.", placed_by=world.coordinator)
    said = visitor(world.coordinator).opens("/access-review").main
    assert "A family quarrel." not in said and case.reference not in said


def test_the_file_is_saved_and_never_shown(visitor, world):
    manager = visitor(world.coordinator).opens("/access-review").follows("Save it for the privacy officer")
    headers = manager.response.headers
    assert headers["Content-Type"] == "text/csv; charset=utf-8"
    assert headers["Content-Disposition"].startswith("attachment;") and headers["Cache-Control"] == "no-store"
    assert world.expert.email in manager.response.get_data(as_text=True)
