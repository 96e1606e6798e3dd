"""What one account touched in a period, exactly, and by when those concerned must be told."""

import csv
import io
from datetime import date, timedelta

import pytest

from portal import audit, clock
from portal.audit import Actor
from portal.ime.activity import touched
from portal.ime.incident import clock_of
from portal.models import AuditRecord, Document, Session
from portal.web.spreadsheet import cell
from portal.words import Act, Ending, Stage
from tests.databases import ON_BOTH


@pytest.fixture
def session(world):
    return Session.create(token_hash="x", user=world.expert, device="Firefox on Windows", ends_at=clock.now())


@pytest.fixture
def misused(world, case_at, session):
    """An account that looked around: with what, and how often, in one session and another."""
    one, other = case_at(Stage.BOOKED), case_at(Stage.IN_REVIEW)
    document = one.documents.get()
    with audit.acting(Actor(user=world.expert.id, session=session.id, route="case.show", source="192.0.2.7")):
        audit.record(Act.READ, case=one)
        audit.record(Act.READ, case=one)
        audit.record(Act.CHANGED, case=one)
        audit.record(Act.READ, ending=Ending.REFUSED, status=404, asked="IME-1")
    with audit.acting(Actor(user=world.expert.id, session=session.id, route="records.download")):
        audit.record(Act.READ, document, case=one)
    with audit.acting(Actor(user=world.expert.id, session=session.id + 1, route="case.queue")):
        audit.record(Act.READ, cases=[one.id, other.id])
    with audit.acting(Actor(user=world.referrer.id, route="case.show")):
        audit.record(Act.READ, case=other)
    return one, other, document


def period():
    return clock.now() - timedelta(hours=1), clock.now() + timedelta(hours=1)


@ON_BOTH
def test_everything_an_account_touched_is_listed_with_exact_counts(world, misused, session, backend):
    one, other, document = misused
    mine = AuditRecord.select(AuditRecord.id).where(
        AuditRecord.user == world.expert.id, AuditRecord.route != ""
    )
    assert mine.count() == 6
    found = touched(world.expert, *period(), session=session.id)
    assert found.records == 5
    assert {number: (each.looks, each.changes, each.listed) for number, each in found.cases.items()} == {
        one.id: (3, 1, 0)
    }
    assert {number: each.looks for number, each in found.documents.items()} == {document.id: 1}
    assert {name: (each.looks, each.changes, each.refused) for name, each in found.pages.items()} == {
        "case.show": (2, 1, 1),
        "records.download": (1, 0, 0),
    }
    everything = touched(world.expert, *period())
    assert everything.cases[other.id].listed == 1


@ON_BOTH
def test_the_period_is_exact_to_the_second(world, backend):
    begun = clock.now().replace(microsecond=0)
    for seconds in (-1, 0, 1, 2):
        with (
            clock.set_to(begun + timedelta(seconds=seconds)),
            audit.acting(Actor(user=world.referrer.id, route="x")),
        ):
            audit.record(Act.READ)
    found = touched(world.referrer, begun, begun + timedelta(seconds=2))
    assert found.pages["x"].looks == 2


def test_a_manager_reads_it_by_person_and_session(visitor, world, misused, session):
    one, other, document = misused
    page = visitor(world.coordinator).opens(f"/people/{world.expert.id}/activity")
    assert page.sees(f"{one.reference}, {one.claimant.name}") and page.sees(other.reference)
    assert page.sees(f"{document.name} in {one.reference}")
    page.presses("Show what was touched", session=str(session.id))
    assert page.sees(one.reference) and not page.sees(other.reference)
    assert page.sees("5 records: 1 case, 1 document and 2 pages.")
    assert page.sees("/cases/…/records/…") and not page.sees("records.download")
    page.follows(f"Back to {world.expert.name}").follows("See what they touched")
    assert page.heading == f"What {world.expert.name} touched"


def test_of_a_referral_the_office_has_not_seen_it_learns_the_reference_alone(visitor, world, case_at):
    draft = case_at(Stage.DRAFT)
    visitor(world.referrer).opens(f"/cases/{draft.reference}")
    page = visitor(world.coordinator).opens(f"/people/{world.referrer.id}/activity")
    said = [
        row.text_content() for row in page.tree.xpath("//tbody/tr") if draft.reference in row.text_content()
    ]
    assert said and draft.claimant.name not in said[0]


def test_only_a_manager_reads_it(visitor, world):
    for person in (world.second_coordinator, world.referrer, world.expert):
        assert visitor(person).opens(f"/people/{world.expert.id}/activity").status == 403
        assert visitor(person).opens(f"/people/{world.expert.id}/activity.csv").status == 403
    assert visitor(world.coordinator).opens("/people/987654/activity").status == 404


def test_the_file_has_every_record_and_is_itself_on_record(visitor, world, misused):
    one, other, document = misused
    manager = visitor(world.coordinator).opens(f"/people/{world.expert.id}/activity")
    manager.follows("Download every record")
    assert manager.response.headers["Content-Disposition"].startswith("attachment;")
    lines = list(csv.DictReader(io.StringIO(manager.response.get_data(as_text=True))))
    mine = [line for line in lines if line["Page"]]
    assert len(mine) == 7  # a list of two cases has two lines
    assert {line["Case"] for line in mine} == {one.reference, other.reference, ""}
    assert document.name in {line["Document"] for line in mine}
    record = AuditRecord.select().order_by(AuditRecord.id.desc()).get()
    assert (record.act, record.user) == (Act.EXPORTED, world.coordinator.id)
    assert (record.thing, record.number) == ("user", world.expert.id)
    assert {one.id, other.id} <= set(record.facts["cases"])


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "＝1", "＠x"]
)
def test_no_cell_is_taken_for_a_formula(text):
    assert cell(text) == f"'{text}"


@pytest.mark.parametrize("value", ["Knee MRI.pdf", "", 7, None, "a=b", "IME-1000"])
def test_plain_cells_stay_as_they_are(value):
    assert cell(value) == value


def test_a_document_named_as_a_formula_is_text_in_the_file(visitor, world, case_at):
    case = case_at(Stage.BOOKED)
    filed = Document.create(
        case=case, kind="other", name='=HYPERLINK("http://x.test")', media_type="x", size=1, sha256="f", key="f", audience="case"
    )  # fmt: skip
    with audit.acting(Actor(user=world.expert.id)):
        audit.record(Act.READ, filed, case=case)
    manager = visitor(world.coordinator).opens(f"/people/{world.expert.id}/activity.csv")
    assert "'=HYPERLINK" in manager.response.get_data(as_text=True)


@pytest.mark.parametrize("query", ["since=x", "since=0001-01-01", "until=9999-12-31", "session=abc", "session=9999999999",
                                   "since=2026-05-01&until=2026-01-01", "discovered_on=junk"])  # fmt: skip
def test_junk_in_the_address_counts_as_not_given(visitor, world, query):
    assert visitor(world.coordinator).opens(f"/people/{world.expert.id}/activity?{query}").status == 200


# --- the clock of an incident ---


@pytest.mark.parametrize(
    ("discovered", "today", "day", "left", "last", "log_by"),
    [
        ("2026-01-01", "2026-01-01", 0, 60, "2026-03-02", "2027-03-01"),
        ("2026-01-01", "2026-03-02", 60, 0, "2026-03-02", "2027-03-01"),
        ("2026-01-01", "2026-03-03", 61, -1, "2026-03-02", "2027-03-01"),
        ("2024-01-01", "2024-02-29", 59, 1, "2024-03-01", "2025-03-01"),
        ("2027-12-31", "2028-01-31", 31, 29, "2028-02-29", "2028-02-29"),
    ],
)
def test_the_clock_counts_calendar_days_to_60(discovered, today, day, left, last, log_by):
    clock_now = clock_of(date.fromisoformat(discovered), date.fromisoformat(today))
    assert (clock_now.day, clock_now.days_left) == (day, left)
    assert (clock_now.last_day, clock_now.log_by) == (date.fromisoformat(last), date.fromisoformat(log_by))


def test_the_page_shows_the_clock(visitor, world):
    discovered = clock.today() - timedelta(days=12)
    page = visitor(world.coordinator).opens(f"/people/{world.expert.id}/activity?discovered_on={discovered}")
    assert page.sees("Day 12 of 60. 48 days left to tell everybody concerned.")
    late = clock.today() - timedelta(days=61)
    page.opens(f"/people/{world.expert.id}/activity?discovered_on={late}")
    assert page.sees("Day 61: the 60 days to tell everybody concerned are over.")
