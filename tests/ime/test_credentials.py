"""Credentials that end before an examination that is booked: whose, which day, and what the office is told."""

import io
from datetime import date, timedelta

import pytest

from portal import clock, outside
from portal.ime import credentials
from portal.ime.appointment import booked_appointment
from portal.ime.process import Refusal
from portal.models import Appointment, Clinic, Credential, ExpertFile
from portal.words import CredentialKind, Stage
from tests.databases import ON_BOTH
from tests.paper import a_pdf, statements_of

ON = date(2026, 3, 10)
TODAY = date(2026, 3, 2)


def held(kind, ends, state="CA", is_verified=True):
    moment = clock.now() if is_verified else None
    return Credential(kind=CredentialKind(kind), state=state, expires_on=ends, verified_at=moment)


ENDS = "runs out on March {}, 2026, and the examination is on March 10, 2026."


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([], []),
        ([held("licence", ON + timedelta(days=1))], []),
        ([held("licence", ON)], [f"The license in CA {ENDS.format(10)}"]),
        ([held("licence", ON - timedelta(days=1))], [f"The license in CA {ENDS.format(9)}"]),
        (
            [held("licence", TODAY)],
            ["The license in CA ran out on March 2, 2026, and the examination is on March 10, 2026."],
        ),
        ([held("licence", ON), held("licence", ON + timedelta(days=400))], []),
        (
            [held("licence", ON), held("licence", ON + timedelta(days=400), is_verified=False)],
            ["The license in CA is not verified."],
        ),
        ([held("licence", ON, state="NY"), held("licence", ON + timedelta(days=1))], []),
        ([held("licence", ON, state="NY")], []),
        ([held("board", ON, state="")], [f"The board certification {ENDS.format(10)}"]),
        ([held("board", ON, state=""), held("board", ON + timedelta(days=9), state="")], []),
        ([held("listing", ON)], []),
        (
            [held("licence", ON), held("board", ON)],
            [f"The license in CA {ENDS.format(10)}", f"The board certification {ENDS.format(10)}"],
        ),
    ],
)
def test_what_does_not_last_until_the_day_is_a_sentence(rows, said):
    with clock.set_to(clock.now().replace(year=2026, month=3, day=2, hour=15)):
        assert credentials.lapses(rows, "CA", ON) == said


@pytest.fixture
def booked(world, case_at):
    return booked_appointment(case_at(Stage.BOOKED))


def end(appointment, kind, days, **more):
    """Every credential of a kind ends so many days after the day of the examination."""
    on = clock.day_of(appointment.starts_at, appointment.clinic.time_zone) + timedelta(days=days)
    own = (Credential.expert == appointment.expert_id) & (Credential.kind == kind)
    Credential.update(expires_on=on, **more).where(own).execute()


def endangered():
    today = clock.today()
    found = credentials.endangered(clock.now(), today + credentials.AHEAD, today - credentials.BACK)
    return [row.id for row in found.where(Appointment.starts_at > clock.now())]


@ON_BOTH
def test_the_query_finds_what_the_sentences_say(world, booked, backend):
    def told():
        return credentials.lapses_at(booked.expert_id, booked.clinic, booked.starts_at)

    when = booked.starts_at - timedelta(days=20)
    with clock.set_to(when):
        assert booked.id not in endangered() and not told()
        for kind in ("licence", "board"):
            end(booked, kind, -1)
            assert booked.id in endangered() and len(told()) == 1
            end(booked, kind, 0)
            assert booked.id in endangered() and len(told()) == 1
            end(booked, kind, 2)
            assert booked.id not in endangered() and not told()
            end(booked, kind, 900, verified_at=None)
            assert booked.id in endangered() and told() == [told()[0]] and "not verified" in told()[0]
            end(booked, kind, 900, verified_at=clock.now())
        end(booked, "licence", -1)
        assert booked.id in endangered()
        Clinic.update(state="NV").where(Clinic.id == booked.clinic_id).execute()
        assert booked.id not in endangered()
        Clinic.update(state="CA").where(Clinic.id == booked.clinic_id).execute()
        Appointment.update(state="cancelled").where(Appointment.id == booked.id).execute()
        assert booked.id not in endangered()


def test_the_sentences_of_many_appointments_are_one_read_and_of_none_no_read(world, booked):
    many = list(Appointment.select(Appointment, Clinic).join(Clinic))
    assert len(many) > 1
    assert statements_of(lambda: credentials.lapses_by_appointment(many)) == 1
    assert statements_of(lambda: credentials.lapses_by_appointment([])) == 0
    assert credentials.lapses_by_appointment(many).keys() == {each.id for each in many}


# --- two at once


@pytest.fixture
def licence(world):
    fields = {"kind": CredentialKind.LICENCE, "state": "ME", "number": "M-1", "authority": ""}
    until = clock.today() + timedelta(days=100)
    return credentials.add_credential(world.expert.expert, by=world.expert, expires_on=until, **fields)


def evidence(row, by):
    return credentials.add_evidence(row, "license.pdf", io.BytesIO(a_pdf("License")), by=by)


def verified(row, by):
    now = Credential.get_by_id(row.id)
    credentials.verify_credential(now, by=by, seen=credentials.as_seen(now))


@ON_BOTH
def test_evidence_of_what_was_removed_meanwhile_leaves_no_file(world, licence, backend):
    stale = Credential.get_by_id(licence.id)
    credentials.remove_credential(licence, by=world.coordinator)
    before = set(outside.store().keys())
    with pytest.raises(Refusal, match="removed meanwhile"):
        evidence(stale, world.expert)
    assert not ExpertFile.select().exists() and set(outside.store().keys()) == before


@ON_BOTH
def test_what_was_done_meanwhile_is_not_written_over(world, licence, backend):
    stale = Credential.get_by_id(licence.id)
    verified(licence, world.coordinator)
    evidence(stale, world.expert)
    now = Credential.get_by_id(licence.id)
    assert now.was_verified and now.verified_at is None, "it is still the office's to remove"
    stale, later = Credential.get_by_id(licence.id), clock.today() + timedelta(days=200)
    first = evidence(Credential.get_by_id(licence.id), world.expert)
    fields = {"kind": CredentialKind.LICENCE, "state": "ME", "number": "M-2", "authority": ""}
    credentials.change_credential(stale, by=world.expert, expires_on=later, **fields)
    evidence(stale, world.expert)
    now = Credential.get_by_id(licence.id)
    assert (now.number, now.expires_on) == ("M-2", later)
    assert ExpertFile.select().count() == 1 and now.evidence_id != first.id


def test_what_was_verified_meanwhile_is_the_offices_to_remove(world, licence):
    stale = Credential.get_by_id(licence.id)
    verified(licence, world.coordinator)
    with pytest.raises(Refusal, match="Ask the office"):
        credentials.remove_credential(stale, by=world.expert)
    credentials.remove_credential(stale, by=world.coordinator)
    for again in (credentials.remove_credential, credentials.change_credential):
        with pytest.raises(Refusal, match="removed meanwhile"):
            again(stale, by=world.coordinator)
