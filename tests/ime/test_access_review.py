"""The access review: the report of a small office, word for word, and what makes somebody worth a look."""

import csv
import io
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from portal import clock
from portal.ime.access_review import HEAD, LONG_AGO, NEVER_CAME, NEVER_JOINED, NO_FACTOR, review
from portal.ime.emergency import begin_emergency
from portal.ime.people import disable_person
from portal.ime.restriction import restrict_case
from portal.models import Authenticator, Bar, Case, Passkey, Session, User
from portal.words import Stage
from tests.databases import ON_BOTH

GOLDEN = Path(__file__).parents[1] / "snapshots/access_review.csv"
MOMENT = datetime(2026, 3, 4, 15, 0, tzinfo=UTC)
REASON = "The clinic asks for the records of today."


def came(user, days_ago):
    """The person joined, and last signed in so many days before the moment."""
    at = MOMENT - timedelta(days=days_ago)
    User.update(joined_at=MOMENT - timedelta(days=400)).where(User.id == user.id).execute()
    Session.create(
        user=user,
        token_hash=f"came {user.id}",
        began_at=at,
        seen_at=at,
        proved_at=at,
        ends_at=at + timedelta(hours=8),
    )


@pytest.fixture
def office(world, case_at):
    """Managers, guests, people who went quiet, who are barred, and who never came."""
    came(world.coordinator, 1)
    came(world.second_coordinator, 89)
    came(world.referrer, 90)
    came(world.expert, 3)
    Passkey.create(user=world.coordinator, name="Key", credential_id=b"1", public_key=b"2")
    Authenticator.create(user=world.expert, secret="x", confirmed_at=MOMENT)
    Authenticator.create(user=world.referrer, secret="y")  # begun, never confirmed
    restrict_case(case_at(Stage.BOOKED), by=world.coordinator, why="The claimant works here.")
    Case.update(coordinator=None).where(Case.is_restricted).execute()
    Bar.create(case=case_at(Stage.CLOSED), user=world.colleague, why="A cousin.", placed_by=world.coordinator)
    with clock.set_to(MOMENT):
        reference = case_at(Stage.BOOKED).reference
        begin_emergency(by=world.second_coordinator, reference=reference, reason=REASON)
        disable_person(world.stranger_referrer, by=world.coordinator)
    return world


@ON_BOTH
def test_the_report_reads_as_agreed(office, backend):
    """`WRITE_SNAPSHOTS=1` writes it anew; read the difference before you commit it."""
    with clock.set_to(MOMENT):
        lines = [line.cells() for line in review().lines]
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([HEAD, *lines])
    if os.environ.get("WRITE_SNAPSHOTS"):
        GOLDEN.write_text(text.getvalue())
    assert text.getvalue() == GOLDEN.read_text()


@ON_BOTH
def test_ninety_days_are_long_and_eighty_nine_are_not(office, backend):
    with clock.set_to(MOMENT):
        found = {line.user.name: line.findings for line in review().lines}
    assert LONG_AGO in found[office.referrer.name]
    assert LONG_AGO not in found[office.second_coordinator.name]
    assert NO_FACTOR in found[office.referrer.name] and NO_FACTOR not in found[office.expert.name]
    assert found[office.colleague.name] == (NEVER_JOINED,)
    assert found[office.stranger_referrer.name] == ()


def test_who_joined_and_never_came_is_asked_after(office):
    User.update(joined_at=MOMENT).where(User.id == office.colleague.id).execute()
    with clock.set_to(MOMENT):
        [line] = [line for line in review().lines if line.user == office.colleague]
    assert NEVER_CAME in line.findings


def test_who_showed_a_password_alone_has_not_come(office):
    User.update(joined_at=MOMENT).where(User.id == office.colleague.id).execute()
    with clock.set_to(MOMENT):
        Session.create(user=office.colleague, token_hash="half", ends_at=MOMENT + timedelta(minutes=10))
        [line] = [line for line in review().lines if line.user == office.colleague]
    assert NEVER_CAME in line.findings
