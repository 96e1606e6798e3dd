"""The profile of an expert: their own to edit, every coordinator's to read, edit and verify."""

import logging
from typing import Any

from flask import Blueprint, abort, g, redirect, url_for

from portal.forms.instructions import ConfirmForm
from portal.forms.profile import (
    AboutForm,
    ClinicForm,
    ClosingForm,
    CredentialForm,
    FeesForm,
    FileForm,
    SeenForm,
    WorkForm,
)
from portal.ime import clinics, credentials, profile
from portal.ime.clinics import ZONES
from portal.ime.expert_files import add_sample_report, is_intact, open_file, sample_report
from portal.ime.experts import credential as in_words
from portal.ime.profile import ABOUT, WORK, tiers_of
from portal.ime.specialties import specialties
from portal.models import Clinic, Credential, Expert, ExpertFile, User
from portal.web import trail
from portal.web.download import attachment
from portal.web.limits import FILING, READING, limited
from portal.web.page import done, page, take
from portal.web.routing import signed_in
from portal.web.security import takes_files
from portal.words import Role

bp = Blueprint("profile", __name__)
log = logging.getLogger("portal")
READERS = (Role.COORDINATOR, Role.EXPERT)


def find(expert_id: int) -> Expert:
    """The expert of this number, for a coordinator; an expert finds nobody but themself."""
    row = Expert.select(Expert, User).join(User).where(Expert.id == expert_id).first()
    if row is None or (g.person.role == Role.EXPERT and row.user_id != g.person.id):
        abort(404)
    return row


def back(expert: Expert) -> str:
    return url_for(".read", expert_id=expert.id)


@bp.route("/profile")
@signed_in(Role.EXPERT)
def own() -> Any:
    expert = g.person.expert or abort(404)
    return redirect(back(expert), 303)


@bp.route("/experts/<number:expert_id>")
@signed_in(*READERS)
def read(expert_id: int) -> Any:
    expert = find(expert_id)
    codes = [row.code for row in expert.specialties]
    return page(
        "profile/read.html",
        expert=expert,
        is_own=g.person.role == Role.EXPERT,
        specialties=[specialties()[code].label for code in codes if code in specialties()],
        credentials=[shown(row) for row in credentials.of(expert)],
        clinics=list(expert.clinics.order_by(Clinic.id)),
        zones=ZONES,
        tiers=tiers_of(expert),
        sample=sample_report(expert),
    )


def shown(row: Credential) -> dict[str, Any]:
    """A credential as the page shows it: what, until when, whether somebody verified it."""
    held = in_words(row.kind, row.state, row.expires_on)
    return {
        "row": row,
        "words": f"{held.words}" if not row.authority else f"{held.words}, {row.authority}",
        "tone": held.tone,
        "is_verified": row.verified_at is not None,
        "is_removable": g.person.role == Role.COORDINATOR or credentials.is_own_to_remove(row),
        "seen": credentials.as_seen(row),
    }


# --- who they are, how they work, what they ask -----------------------------------------------------------------


@bp.route("/experts/<number:expert_id>/about", methods=["GET", "POST"])
@signed_in(*READERS)
def about(expert_id: int) -> Any:
    expert = find(expert_id)
    kept = {name: getattr(expert, name) for name in ABOUT}
    form = AboutForm(data=kept | {"codes": [row.code for row in expert.specialties]})
    if form.validate_on_submit() and take(
        form, lambda: profile.change_about(expert, codes=form.codes.data, **data_of(form, ABOUT))
    ):
        return done("The profile is saved.", back(expert))
    return part(form, expert, "Who you are" if is_own() else f"About {expert.name}")


@bp.route("/experts/<number:expert_id>/work", methods=["GET", "POST"])
@signed_in(*READERS)
def work(expert_id: int) -> Any:
    expert = find(expert_id)
    form = WorkForm(data={name: getattr(expert, name) for name in WORK})
    if form.validate_on_submit() and take(form, lambda: profile.change_work(expert, **data_of(form, WORK))):
        return done("The profile is saved. What is booked stays booked.", back(expert))
    return part(form, expert, "How you work" if is_own() else f"How {expert.name} works")


@bp.route("/experts/<number:expert_id>/fees", methods=["GET", "POST"])
@signed_in(*READERS)
def fees(expert_id: int) -> Any:
    expert = find(expert_id)
    form = FeesForm.of(expert, tiers_of(expert))
    if form.validate_on_submit() and take(
        form,
        lambda: profile.change_fees(
            expert, tiers=form.tiers(), **data_of(form, ("fee_cents", "missed_percent"))
        ),
    ):
        return done("The fees are saved. They hold from now on.", back(expert))
    return part(form, expert, "Fees")


def data_of(form: Any, names: Any) -> dict[str, Any]:
    return {name: form[name].data for name in names}


def is_own() -> bool:
    return bool(g.person.role == Role.EXPERT)


def part(form: Any, expert: Expert, title: str, *, is_upload: bool = False, button: str = "Save") -> Any:
    return page(
        "profile/part.html",
        "profile/_part_form.html",
        form=form,
        expert=expert,
        title=title,
        is_upload=is_upload,
        button=button,
    )


# --- credentials ------------------------------------------------------------------------------------------------

FIELDS = ("kind", "state", "authority", "number", "expires_on")


@bp.route("/experts/<number:expert_id>/credentials", methods=["GET", "POST"])
@signed_in(*READERS)
def add_credential(expert_id: int) -> Any:
    expert, form = find(expert_id), CredentialForm()
    if form.validate_on_submit() and take(
        form, lambda: credentials.add_credential(expert, by=g.person, **credential_in(form))
    ):
        return done("It is saved. Add its evidence, then a coordinator verifies it.", back(expert))
    return part(form, expert, "Add a license, certification or listing")


@bp.route("/experts/<number:expert_id>/credentials/<number:credential_id>", methods=["GET", "POST"])
@signed_in(*READERS)
def change_credential(expert_id: int, credential_id: int) -> Any:
    expert = find(expert_id)
    row = own_credential(expert, credential_id)
    form = CredentialForm(data={name: getattr(row, name) for name in FIELDS} | {"state": row.state or None})
    if form.validate_on_submit() and take(
        form, lambda: credentials.change_credential(row, by=g.person, **credential_in(form))
    ):
        return done("It is saved, and has to be verified again where something changed.", back(expert))
    return part(form, expert, "Change a license, certification or listing")


def credential_in(form: CredentialForm) -> dict[str, Any]:
    return data_of(form, FIELDS) | {"state": form.state.data or ""}


def own_credential(expert: Expert, number: int) -> Credential:
    return expert.credential_rows.where(Credential.id == number).first() or abort(404)


@bp.route("/experts/<number:expert_id>/credentials/<number:credential_id>/evidence", methods=["GET", "POST"])
@signed_in(*READERS)
@limited(FILING)
@takes_files
def add_evidence(expert_id: int, credential_id: int) -> Any:
    expert, form = find(expert_id), FileForm()
    row = own_credential(expert, credential_id)
    if form.validate_on_submit() and take(
        form, lambda: credentials.add_evidence(row, *sent_in(form), by=g.person)
    ):
        return done("The evidence is filed.", back(expert))
    title = "File other evidence, to be verified again" if row.verified_at else "File the evidence"
    return part(form, expert, title, is_upload=True, button="File it")


def sent_in(form: FileForm) -> tuple[str, Any]:
    """The name and the bytes of the file that was sent."""
    return form.file.data.filename or "", form.file.data.stream


@bp.route("/experts/<number:expert_id>/credentials/<number:credential_id>/verification", methods=["POST"])
@signed_in(Role.COORDINATOR)
def verify(expert_id: int, credential_id: int) -> Any:
    expert, form = find(expert_id), SeenForm()
    row = own_credential(expert, credential_id)
    if form.validate_on_submit() and take(
        form, lambda: credentials.verify_credential(row, by=g.person, seen=form.seen.data)
    ):
        return done("It is verified, and counts from now on.", back(expert))
    return done(" ".join(form.form_errors), back(expert))


@bp.route("/experts/<number:expert_id>/credentials/<number:credential_id>/removal", methods=["POST"])
@signed_in(*READERS)
def remove_credential(expert_id: int, credential_id: int) -> Any:
    expert = find(expert_id)
    row, form = own_credential(expert, credential_id), ConfirmForm()
    if form.validate_on_submit() and take(form, lambda: credentials.remove_credential(row, by=g.person)):
        return done("It is removed, with its evidence.", back(expert))
    return done(" ".join(form.form_errors), back(expert))


@bp.route("/experts/<number:expert_id>/files/<number:file_id>")
@signed_in(*READERS)
@limited(READING)
def download(expert_id: int, file_id: int) -> Any:
    """A file of the profile, to be saved, once the whole of it is known to be what was filed."""
    expert = find(expert_id)
    row = expert.files.where(ExpertFile.id == file_id).first() or abort(404)
    trail.shows(row)
    if not is_intact(row):
        log.error("expert file %s: its bytes are missing or changed", row.id)
        return page("profile/unreadable.html", expert=expert, number=row.id), 500
    return attachment(open_file(row), row.name, row.media_type, row.size)


@bp.route("/experts/<number:expert_id>/sample-report", methods=["GET", "POST"])
@signed_in(*READERS)
@limited(FILING)
@takes_files
def add_sample(expert_id: int) -> Any:
    expert, form = find(expert_id), FileForm()
    if form.validate_on_submit() and take(
        form, lambda: add_sample_report(expert, *sent_in(form), by=g.person)
    ):
        return done("The sample report is filed.", back(expert))
    return part(
        form, expert, "File a sample report, without anybody’s name", is_upload=True, button="File it"
    )


# --- clinics ----------------------------------------------------------------------------------------------------

PLACE = ("name", "street", "city", "state", "zip", "time_zone", "phone", "access", "parking", "directions")


@bp.route("/experts/<number:expert_id>/clinics", methods=["GET", "POST"])
@signed_in(*READERS)
def add_clinic(expert_id: int) -> Any:
    expert, form = find(expert_id), ClinicForm()
    if form.validate_on_submit() and take(form, lambda: clinics.add_clinic(expert, **place_in(form))):
        return done("The clinic is saved. Add hours, so that examinations can be booked there.", back(expert))
    return part(form, expert, "Add a clinic")


@bp.route("/experts/<number:expert_id>/clinics/<number:clinic_id>", methods=["GET", "POST"])
@signed_in(*READERS)
def change_clinic(expert_id: int, clinic_id: int) -> Any:
    expert = find(expert_id)
    clinic = own_clinic(expert, clinic_id)
    form = ClinicForm(data={name: getattr(clinic, name) for name in PLACE})
    if form.validate_on_submit() and take(form, lambda: clinics.change_clinic(clinic, **place_in(form))):
        return done("The clinic is saved.", back(expert))
    return part(form, expert, "Change the clinic")


def place_in(form: ClinicForm) -> dict[str, Any]:
    return data_of(form, PLACE) | {"time_zone": form.time_zone.data or ""}


def own_clinic(expert: Expert, number: int) -> Clinic:
    return expert.clinics.where(Clinic.id == number).first() or abort(404)


@bp.route("/experts/<number:expert_id>/clinics/<number:clinic_id>/closing", methods=["POST"])
@signed_in(*READERS)
def close_clinic(expert_id: int, clinic_id: int) -> Any:
    """Close the clinic, or open it again, as the button said that was pressed."""
    expert, form = find(expert_id), ClosingForm()
    clinic = own_clinic(expert, clinic_id)
    is_closing = form.wanted.data != "open"
    verb = clinics.close_clinic if is_closing else clinics.reopen_clinic
    if form.validate_on_submit() and take(form, lambda: verb(clinic)):
        return done("The clinic is closed." if is_closing else "The clinic is open again.", back(expert))
    return done(" ".join(form.form_errors), back(expert))
