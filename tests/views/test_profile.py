"""The profile on screen: an expert's own, and every coordinator's to verify."""

import io
import os

import pytest

from portal import outside
from portal.ime.expert_files import add_sample_report
from portal.models import AuditRecord, Clinic, Credential, ExpertFile
from portal.words import Ending
from tests.paper import a_pdf as pdf


def path(user, rest=""):
    return f"/experts/{user.expert.id}{rest}"


@pytest.fixture
def own(visitor, world):
    return visitor(world.expert)


def test_an_expert_finds_their_profile_and_changes_who_they_are(own, world):
    own.opens("/").follows("Profile")
    assert own.heading == "Your profile" and own.sees("Orthopedic surgery")
    own.follows("Change").presses("Save", npi="1234567890")
    assert own.status == 422 and own.sees("This is not an NPI") and own.typed("npi") == "1234567890"
    own.presses("Save", npi="1234567893", languages="English, French")
    assert own.sees("The profile is saved.") and own.sees("English, French")


def test_hours_of_work_and_fees_are_changed(own, world):
    own.opens(path(world.expert, "/work")).presses("Save", usual_minutes="50")
    assert own.status == 422 and own.sees("Use full quarters of an hour")
    own.presses("Save", usual_minutes="45", buffer_minutes="15", accepts_telehealth="yes")
    assert own.sees("45 minutes, and 15 kept free after it")
    own.opens(path(world.expert, "/fees")).presses("Save", days_1="5")
    assert own.status == 422 and own.sees("Give both the days and the percentage, or neither.")
    own.presses("Save", days_1="2", percent_1="50", days_2="5", percent_2="75")
    assert own.status == 422 and own.sees("The nearer the day, the more may be asked")
    own.presses("Save", percent_2="25")
    assert own.sees("Fewer than 5 business days before")


def test_a_license_is_added_by_the_expert_and_verified_by_a_coordinator(own, visitor, world):
    own.opens(path(world.expert)).follows("Add one")
    own.presses(
        "Save",
        **{
            "kind": "licence",
            "state": "OR",
            "number": "O-1",
            "expires_on-month": "1",
            "expires_on-day": "2",
            "expires_on-year": "2020",
        },
    )
    assert own.status == 422 and own.sees("This has run out.")
    own.presses("Save", **{"expires_on-year": "2099"})
    assert own.sees("OR license") and own.sees("Not verified yet") and "Verify" not in own.buttons
    row = Credential.get(Credential.number == "O-1")
    own.opens(path(world.expert, f"/credentials/{row.id}/evidence"))
    own.presses("File it", file=(io.BytesIO(pdf("License")), "license.pdf"))
    assert own.sees("The evidence is filed.") and own.sees("license.pdf")
    office = visitor(world.coordinator).opens("/experts?needs=verification").follows(world.expert.name)
    office.presses("Verify")
    assert (
        office.sees("It is verified") and Credential.get_by_id(row.id).verified_by_id == world.coordinator.id
    )
    response = office.client.get(path(world.expert, f"/files/{ExpertFile.get().id}"))
    assert response.status_code == 200 and response.headers["Cache-Control"] == "no-store"
    assert "attachment" in response.headers["Content-Disposition"]


@pytest.mark.parametrize("what", ["missing", "changed", "cut off"])
def test_a_file_whose_bytes_are_missing_or_changed_is_not_given_out(visitor, world, caplog, what):
    """The first megabyte was sent as a success before the change behind it was met."""
    content = pdf("A sample") + os.urandom(2_500_000)
    row = add_sample_report(world.expert.expert, "sample.pdf", io.BytesIO(content), by=world.expert)
    place = path(world.expert, f"/files/{row.id}")
    office = visitor(world.coordinator)
    assert office.client.get(place).get_data() == content
    stored = outside.store().folder / row.key
    sealed = stored.read_bytes()
    stored.unlink()
    if what != "missing":
        stored.write_bytes(sealed[:-1000] + (b"X" * 1000 if what == "changed" else b""))
    page = office.opens(place)
    assert (page.status, page.heading) == (500, "This file cannot be given out")
    assert page.sees(f"file {row.id} of this profile")
    kept = AuditRecord.select().order_by(AuditRecord.id.desc()).get()
    assert (kept.ending, kept.thing, kept.number) == (Ending.FAILED, "expert_file", row.id)
    assert f"expert file {row.id}: its bytes are missing or changed" in caplog.text


def test_a_clinic_is_added_and_closed(own, world):
    own.opens(path(world.expert)).follows("Add a clinic")
    own.presses("Save", name="North", street="1 Way", city="Oakland", state="CA", zip="00000")
    assert own.status == 422 and own.sees("This ZIP code is not known.")
    own.presses("Save", zip="94607")
    assert own.sees("The clinic is saved.") and own.sees("North")
    clinic = Clinic.get(Clinic.name == "North")
    own.client.post(
        path(world.expert, f"/clinics/{clinic.id}/closing"),
        data={"csrf_token": own.tree.xpath("//input[@name='csrf_token']/@value")[0]},
    )
    assert own.opens(path(world.expert)).sees("Closed")
    token = own.tree.xpath("//input[@name='csrf_token']/@value")[0]
    again = {"csrf_token": token, "wanted": "closed"}
    own.client.post(path(world.expert, f"/clinics/{clinic.id}/closing"), data=again)
    assert Clinic.get_by_id(clinic.id).closed_at, "a second press closes nothing again, and opens nothing"
    own.opens(path(world.expert)).presses("Open it again North")
    assert Clinic.get_by_id(clinic.id).closed_at is None


def test_another_experts_profile_does_not_exist(own, visitor, world):
    for rest in ("", "/about", "/fees", "/credentials", "/clinics"):
        assert own.opens(path(world.second_expert, rest)).status == 404
        assert visitor(world.referrer).opens(path(world.expert, rest)).status == 403
    mine, foreign = Credential.get(Credential.expert == world.expert.expert), world.second_expert.expert
    assert own.opens(path(world.expert, f"/credentials/{foreign.credential_rows.get().id}")).status == 404
    assert visitor(world.coordinator).opens(f"/experts/{foreign.id}/credentials/{mine.id}").status == 404


def test_the_panel_is_narrowed(visitor, world):
    page = visitor(world.coordinator).opens("/experts?specialty=neurology")
    assert page.sees(world.second_expert.name) and not page.sees(world.expert.name)
    assert page.opens("/experts?state=NY").sees(world.expert.name)
    assert page.opens("/experts?needs=junk&state=ZZ&specialty=%00").status == 200


def test_what_the_expert_changed_meanwhile_is_not_verified(own, visitor, world):
    own.opens(path(world.expert)).follows("Add one")
    day = {"expires_on-month": "1", "expires_on-day": "2", "expires_on-year": "2099"}
    own.presses("Save", kind="licence", state="OR", number="O-1", **day)
    office = visitor(world.coordinator).opens(path(world.expert))
    row = Credential.get(Credential.number == "O-1")
    own.opens(path(world.expert, f"/credentials/{row.id}")).presses("Save", number="O-2")
    office.presses("Verify")
    assert office.sees("This was changed meanwhile.") and Credential.get_by_id(row.id).verified_at is None
