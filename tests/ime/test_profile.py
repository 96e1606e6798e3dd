"""An expert's profile: what is kept, what is refused in a sentence, what is verified and what is warned of."""

import io
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from portal import account_mail, clock, outside, written
from portal.ime import clinics, credentials, profile
from portal.ime.credentials import (
    WARNINGS,
    add_credential,
    as_seen,
    change_credential,
    verify_credential,
    warn,
)
from portal.ime.expert_files import add_sample_report, open_file, sample_report
from portal.ime.intake import sweep_orphans
from portal.ime.matching import ranked
from portal.ime.process import Refusal
from portal.ime.profile import change_about, change_fees, change_work, is_npi, tiers_of
from portal.models import AccountNotice, Appointment, AuditRecord, Clinic, Credential, ExpertFile
from portal.outside.store import Store
from portal.words import AccountMail, AppointmentState, CredentialKind, Stage
from tests.databases import ON_BOTH
from tests.paper import a_pdf as pdf

NPI = "1234567893"  # the example of the standard
ABOUT = {
    "credentials": "MD",
    "practice": "Bayview",
    "npi": NPI,
    "years_in_practice": 9,
    "examinations_done": 90,
    "is_in_clinical_practice": True,
    "languages": "English",
}


@pytest.fixture
def expert(world):
    return world.expert.expert


def licence(**more):
    given = {"kind": CredentialKind.LICENCE, "state": "CA", "authority": "", "number": "A-7"}
    return given | {"expires_on": clock.today() + timedelta(days=400)} | more


# --- who they are -----------------------------------------------------------------------------------------------


def test_the_example_of_the_standard_is_an_npi():
    assert is_npi(NPI)


@given(some.integers(10**8, 10**9 - 1))
def test_of_ten_last_digits_exactly_one_makes_an_npi(nine):
    assert sum(is_npi(f"{nine}{last}") for last in range(10)) == 1


@pytest.mark.parametrize("typed", ["", "123456789", "12345678933", "123456789X", "１２３４５６７８９３"])
def test_what_is_no_ten_digits_is_no_npi(typed):
    assert not is_npi(typed)


@pytest.mark.parametrize(
    ("more", "field"),
    [({"npi": "1234567890"}, "npi"), ({"codes": []}, "codes"), ({"codes": ["astrology"]}, "codes")],
)
def test_a_faulty_profile_is_refused_at_its_field_and_nothing_is_kept(expert, more, field):
    with pytest.raises(Refusal) as refused:
        change_about(expert, **({**ABOUT, "codes": ["neurology"], "practice": "Other"} | more))
    assert refused.value.field == field
    again = type(expert).get_by_id(expert.id)
    assert again.practice != "Other" and {row.code for row in again.specialties} != {"neurology"}


def test_an_npi_belongs_to_one_expert(world, expert):
    change_about(expert, codes=["neurology"], **ABOUT)
    with pytest.raises(Refusal, match="another expert's"):
        change_about(world.second_expert.expert, codes=["neurology"], **ABOUT)


def test_a_length_in_odd_minutes_is_refused(expert):
    work = {name: getattr(expert, name) for name in profile.WORK}
    with pytest.raises(Refusal) as refused:
        change_work(expert, **work | {"usual_minutes": 50})
    assert refused.value.field == "usual_minutes"
    change_work(expert, **work | {"usual_minutes": 45, "buffer_minutes": 15})
    assert expert.usual_minutes == 45


def test_tiers_ask_for_more_the_nearer_the_day(expert):
    change_fees(expert, fee_cents=100_000, missed_percent=100, tiers=[(5, 25), (2, 50)])
    assert [(row.business_days, row.percent) for row in tiers_of(expert)] == [(2, 50), (5, 25)]
    for tiers in ([(2, 20), (5, 50)], [(2, 50), (2, 60)]):
        with pytest.raises(Refusal):
            change_fees(expert, fee_cents=1, missed_percent=0, tiers=tiers)
    assert expert.fee_cents == 100_000 and len(tiers_of(expert)) == 2


# --- credentials ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"state": ""}, "state"),
        ({"kind": CredentialKind.BOARD, "state": ""}, "authority"),
        ({"expires_on": date(2020, 1, 1)}, "expires_on"),
    ],
)
def test_a_faulty_credential_is_refused_at_its_field(world, expert, more, field):
    before = Credential.select().count()
    with pytest.raises(Refusal) as refused:
        add_credential(expert, by=world.expert, **licence(**more))
    assert refused.value.field == field and Credential.select().count() == before


def test_the_same_credential_is_not_kept_twice(world, expert):
    add_credential(expert, by=world.expert, **licence())
    with pytest.raises(Refusal, match="on file already"):
        add_credential(expert, by=world.expert, **licence())


def test_a_coordinator_verifies_and_a_change_has_to_be_verified_again(world, expert, case_at):
    Credential.delete().where(Credential.expert == expert).execute()
    row = add_credential(expert, by=world.expert, **licence())
    case = case_at(Stage.MATCHING)

    def why():
        return next(each for each in ranked(case) if each.expert_id == expert.id).exclusions

    assert "The license in CA is not verified yet." in why()
    with pytest.raises(Refusal, match="A coordinator verifies"):
        verify_credential(row, by=world.expert, seen=as_seen(row))
    verify_credential(row, by=world.coordinator, seen=as_seen(row))
    row = Credential.get_by_id(row.id)
    assert why() == ()
    change_credential(row, by=world.expert, **licence())
    assert Credential.get_by_id(row.id).verified_at, "nothing was different"
    change_credential(row, by=world.expert, **licence(number="A-8"))
    assert Credential.get_by_id(row.id).verified_at is None and why()


def test_what_changed_since_it_was_seen_is_not_verified(world, expert):
    row = add_credential(expert, by=world.expert, **licence(number="A-20"))
    seen = as_seen(row)
    change_credential(row, by=world.expert, **licence(number="A-21"))
    with pytest.raises(Refusal, match="changed meanwhile"):
        verify_credential(row, by=world.coordinator, seen=seen)
    seen = as_seen(Credential.get_by_id(row.id))
    credentials.add_evidence(row, "license.pdf", io.BytesIO(pdf("Other.")), by=world.expert)
    with pytest.raises(Refusal, match="changed meanwhile"):
        verify_credential(row, by=world.coordinator, seen=seen)
    assert Credential.get_by_id(row.id).verified_at is None


def test_an_expert_removes_only_what_was_never_verified_and_still_holds(world, expert):
    """Otherwise a certification that ran out would keep no case away once it is gone."""
    row = add_credential(expert, by=world.expert, **licence(number="A-30"))
    credentials.remove_credential(row, by=world.expert)
    row = Credential.get(Credential.expert == expert)
    change_credential(row, by=world.expert, **licence(number="A-31"))
    assert Credential.get_by_id(row.id).verified_at is None
    with pytest.raises(Refusal, match="Ask the office"):
        credentials.remove_credential(row, by=world.expert)
    credentials.remove_credential(row, by=world.coordinator)
    assert not Credential.select().where(Credential.id == row.id).exists()


def test_evidence_that_cannot_be_put_in_its_place_leaves_the_one_before(
    world, expert, monkeypatch, own_store
):
    row = add_credential(expert, by=world.expert, **licence(number="A-40"))
    first = credentials.add_evidence(row, "first.pdf", io.BytesIO(pdf("First.")), by=world.expert)
    monkeypatch.setattr(credentials, "remove_row", lambda before: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        credentials.add_evidence(row, "second.pdf", io.BytesIO(pdf("Second.")), by=world.expert)
    assert Credential.get_by_id(row.id).evidence_id == first.id and ExpertFile.select().count() == 1
    assert outside.store().exists(first.key)


def test_what_two_people_type_differently_is_one_credential(world, expert):
    add_credential(expert, by=world.expert, **licence(number="A-50"))
    with pytest.raises(Refusal, match="on file already"):
        add_credential(expert, by=world.expert, **licence(number="a 50"))


def test_a_warning_that_comes_late_says_that_it_ran_out(world, expert):
    Credential.update(expires_on=clock.today() + timedelta(days=900)).execute()
    row = Credential.get(Credential.expert == expert)
    day = clock.today() - timedelta(days=3)
    Credential.update(expires_on=day).where(Credential.id == row.id).execute()
    assert warn() == 1
    mail = account_mail.write(AccountNotice.get(AccountNotice.user == world.expert))
    assert "ran out" in mail.subject and f"ran out on {written.day(day)}" in mail.text


def test_on_the_day_it_runs_out_a_license_excludes(world, expert, case_at):
    Credential.update(expires_on=clock.today()).where(Credential.expert == expert).execute()
    [found] = [each for each in ranked(case_at(Stage.MATCHING)) if each.expert_id == expert.id]
    assert any("ran out" in sentence for sentence in found.exclusions)


@ON_BOTH
def test_each_threshold_warns_once_and_of_those_missed_only_the_nearest(world, expert, backend):
    Credential.update(expires_on=clock.today() + timedelta(days=900)).execute()
    row = Credential.get(Credential.expert == expert)

    def told(days):
        Credential.update(expires_on=clock.today() + timedelta(days=days)).where(
            Credential.id == row.id
        ).execute()
        AccountNotice.delete().execute()
        return warn(), [notice.facts["days"] for notice in AccountNotice.select()]

    coordinators = 2
    assert told(61) == (0, [])
    assert told(60) == (1, [60] * (1 + coordinators)) and told(59) == (0, [])
    assert told(5) == (1, [5] * (1 + coordinators)), "30 was missed"
    assert told(4) == (0, []) and told(0)[0] == 1 and told(0) == (0, [])
    kinds = {notice.kind for notice in AccountNotice.select()}
    assert kinds <= {AccountMail.CREDENTIAL}
    assert WARNINGS == (60, 30, 7, 0)


def test_a_renewed_credential_warns_again(world, expert):
    row = Credential.get(Credential.expert == expert)
    Credential.update(expires_on=clock.today() + timedelta(days=5), warned_days=7).where(
        Credential.id == row.id
    ).execute()
    row = Credential.get_by_id(row.id)
    change_credential(row, by=world.expert, **licence(expires_on=clock.today() + timedelta(days=600)))
    assert Credential.get_by_id(row.id).warned_days is None


# --- files ------------------------------------------------------------------------------------------------------


@pytest.fixture
def own_store(tmp_path, monkeypatch):
    """The files of this test are its own, so that a sweep takes nothing of another's."""
    monkeypatch.setitem(outside._connected, "store", Store(f"file://{tmp_path}/files"))


def test_evidence_is_sealed_and_opened_again_and_no_sweep_takes_it(world, expert, own_store):
    row = Credential.get(Credential.expert == expert)
    paper = pdf("A license.")
    file = credentials.add_evidence(row, "license.pdf", io.BytesIO(paper), by=world.expert)
    assert b"".join(open_file(file)) == paper
    assert Credential.get_by_id(row.id).verified_at is None
    assert paper[:200] not in b"".join(outside.store().open(file.key))
    with clock.set_to(clock.now() + timedelta(days=3)):
        sweep_orphans()
    assert outside.store().exists(file.key)
    credentials.remove_credential(row, by=world.coordinator)
    assert not outside.store().exists(file.key) and not ExpertFile.select().exists()


def test_a_new_sample_report_takes_the_place_of_the_one_before(world, expert):
    files = [
        add_sample_report(expert, f"{number}.pdf", io.BytesIO(pdf(f"{number}")), by=world.expert)
        for number in range(2)
    ]
    assert sample_report(expert) == files[1] and ExpertFile.select().count() == 1
    assert not outside.store().exists(files[0].key)


def test_what_is_no_pdf_and_no_picture_is_refused_and_leaves_nothing(world, expert):
    with pytest.raises(Refusal) as refused:
        add_sample_report(expert, "x.pdf", io.BytesIO(b"<script>"), by=world.expert)
    assert refused.value.field == "file" and not ExpertFile.select().exists()


# --- clinics ----------------------------------------------------------------------------------------------------


def place(**more):
    return {
        "name": "North",
        "street": "1 Way",
        "city": "Oakland",
        "state": "CA",
        "zip": "94607",
        "time_zone": "",
        "phone": "",
    } | more


def test_a_clinic_takes_place_and_time_zone_of_its_zip(expert):
    clinic = clinics.add_clinic(expert, **place())
    assert (clinic.time_zone, round(clinic.latitude)) == ("America/Los_Angeles", 38)


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"zip": "00000"}, "zip"),
        ({"zip": "10001"}, "zip"),
        ({"zip": "94607-1234", "time_zone": "Mars/Base"}, "time_zone"),
        ({"zip": "", "time_zone": ""}, "time_zone"),
    ],
)
def test_a_clinic_without_a_place_or_a_clock_is_refused(expert, more, field):
    before = Clinic.select().count()
    with pytest.raises(Refusal) as refused:
        clinics.add_clinic(expert, **place(**more))
    assert refused.value.field == field and Clinic.select().count() == before


def test_a_clinic_where_something_is_booked_is_not_closed_and_keeps_its_place_and_clock(expert, case_at):
    booked = Appointment.get(Appointment.state == AppointmentState.BOOKED)
    clinic = booked.clinic
    with pytest.raises(Refusal, match="Move them"):
        clinics.close_clinic(clinic)
    fields = {name: getattr(clinic, name) for name in ("name", "street", "city", "state", "zip")}
    with pytest.raises(Refusal) as refused:
        clinics.change_clinic(clinic, **fields, time_zone="America/Denver")
    assert refused.value.field == "time_zone"
    with pytest.raises(Refusal, match="Add the new place as another clinic"):
        clinics.change_clinic(clinic, **fields | {"street": "9 Far Road"}, time_zone=clinic.time_zone)
    assert Clinic.get_by_id(clinic.id).street == fields["street"]
    Appointment.update(state=AppointmentState.CANCELLED).execute()
    clinics.close_clinic(clinic)
    clinics.reopen_clinic(clinic)
    assert Clinic.get_by_id(clinic.id).closed_at is None
    assert AuditRecord.select().where(AuditRecord.thing == "clinic").count() == 2
