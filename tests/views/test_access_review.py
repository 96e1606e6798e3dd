"""The access review as a page and as a file."""

import csv
import io

from portal.ime.emergency import begin_emergency
from portal.ime.restriction import restrict_case
from portal.models import AuditRecord, Bar, Organisation, User
from portal.words import Act, Stage


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
    kept = AuditRecord.get(AuditRecord.act == Act.EXPORTED)
    assert (kept.user, kept.route, kept.facts) == (world.coordinator.id, "access_review.export", {})


def test_nothing_that_somebody_is_called_runs_in_a_spreadsheet(visitor, world):
    User.update(name="\t=1+1").where(User.id == world.referrer.id).execute()
    Organisation.update(name='=HYPERLINK("http://x")').where(
        Organisation.id == world.referrer.organisation_id
    ).execute()
    saved = visitor(world.coordinator).opens("/access-review/export").response
    rows = list(csv.reader(io.StringIO(saved.get_data().decode("utf-8-sig"), newline="")))
    assert ["'\t=1+1", world.referrer.email] in [row[:2] for row in rows]
    assert not [each for row in rows for each in row if each.lstrip().startswith(("=", "+", "-", "@"))]
