"""The expert's brief, the claimant's own page behind a secure link, and the links that lead to it."""

import logging
from typing import Any
from urllib.parse import quote

from flask import Blueprint, Response, abort, g, make_response, redirect, url_for
from peewee import JOIN

from portal import clock
from portal.config import OFFICE
from portal.forms.instructions import AskForm, BriefForm, BringForm, ChangeForm, ConfirmForm
from portal.ime import booking, holds
from portal.ime.arrangements import ask_arrangement
from portal.ime.brief import cover_letter, deadlines, prepare_brief
from portal.ime.calendar import (
    calendar_file,
    countdown,
    length_in_words,
    local,
    place_of,
    written_weekday,
    zone_in_words,
)
from portal.ime.files import is_intact, open_file
from portal.ime.guidance import arranged, examiner, standing, texts
from portal.ime.instructions import (
    ask_to_move,
    confirm_attendance,
    revoke_links,
    send_brief,
    send_link,
    tick_instruction,
)
from portal.ime.letters import given_documents
from portal.ime.process import PROCESS, MovedOn
from portal.ime.sealing import kept_only_if_filed
from portal.kept import Kept, bind, literal
from portal.models import (
    Appointment,
    Arrangement,
    Case,
    Clinic,
    Document,
    Expert,
    ExpertSpecialty,
    SecureLink,
    TickedInstruction,
    User,
)
from portal.policy import PLACES, party_to, scope_of, sight
from portal.views.booking import weighed
from portal.web import trail
from portal.web.download import attachment
from portal.web.formats import count
from portal.web.limits import EXPORT, READING, RENDERING, limited
from portal.web.page import done, is_htmx, page, take
from portal.web.routing import performs, proved, sees_case, signed_in, with_people
from portal.web.session import is_proved
from portal.words import AppointmentState, DocumentKind, Party, Role, Stage
from portal.written import clock_face

bp = Blueprint("instructions", __name__)
log = logging.getLogger("portal")


# --- the claimant's page ----------------------------------------------------------------------------------------


@bp.route("/appointment")
@signed_in(Role.CLAIMANT)
def appointment() -> Any:
    case = own_case()
    booked = booked_with_people(case) if case.stage == Stage.BOOKED else None
    if booked is None:
        return redirect(url_for("times.pick"), 303) if is_choosing(case) else standing_page(case)
    return claimant_page("instructions/appointment.html", **told(case, booked), **bring(case))


@bp.route("/appointment/confirmation", methods=["POST"])
@signed_in(Role.CLAIMANT)
def confirm() -> Any:
    case, form = own_case(confirm_attendance), ConfirmForm()
    is_confirmed = case.confirmed_at or take(form, lambda: confirm_attendance(case, by=g.person))
    if is_confirmed or Case.get_by_id(case.id).confirmed_at:
        return done("Thank you. We know that you are coming.", url_for("instructions.appointment"))
    return refused(form)


@bp.route("/appointment/change", methods=["GET", "POST"])
@signed_in(Role.CLAIMANT)
def change() -> Any:
    case, form = own_case(ask_to_move), ChangeForm()
    if form.validate_on_submit() and take(form, lambda: ask_to_move(case, by=g.person, why=form.why.data)):
        return done(
            "Thank you for telling us. We will call or write to you.", url_for("instructions.appointment")
        )
    return claimant_page("instructions/change.html", "instructions/_change_form.html", form=form)


@bp.route("/appointment/needs", methods=["GET", "POST"])
@signed_in(Role.CLAIMANT)
@proved
def ask() -> Any:
    """What the claimant needs on the day, asked for by themself."""
    case, form = own_case(ask_arrangement), AskForm()
    if form.validate_on_submit() and take(
        form, lambda: ask_arrangement(case, by=g.person, kind=form.kind.data, detail=form.detail.data)
    ):
        return done("Thank you. We will see to it and tell you.", url_for("instructions.appointment"))
    return claimant_page("instructions/ask.html", "instructions/_ask_form.html", form=form)


@bp.route("/appointment/list", methods=["POST"])
@signed_in(Role.CLAIMANT)
def tick() -> Any:
    case, form = own_case(tick_instruction), BringForm()
    if form.validate_on_submit() and take(
        form, lambda: tick_instruction(case, by=g.person, items=form.items.data)
    ):
        saved = page("instructions/_bring.html", is_saved=True, **bring(case))
        return saved if is_htmx() else done("Your list is saved.", url_for("instructions.appointment"))
    return refused(form)


@bp.route("/appointment.ics")
@signed_in(Role.CLAIMANT)
@limited(EXPORT)
def calendar() -> Response:
    case = own_case()
    booked = booked_with_people(case) or abort(404)
    response = Response(calendar_file(booked, case.reference), mimetype="text/calendar")
    response.headers["Content-Disposition"] = 'attachment; filename="appointment.ics"'
    return response


@bp.route("/appointment/letter")
@signed_in(Role.CLAIMANT)
@proved
@limited(READING)
def letter() -> Response:
    """The notice letter of the appointment that is booked."""
    case = own_case()
    booked = booked_with_people(case)
    document = booked and booked.letter
    if not document:
        abort(404)
    if not is_intact(document):
        log.error("document %s: its bytes are missing or changed", document.id)
        sentences = ["Your letter cannot be opened at the moment. It was not your doing."]
        return make_response(claimant_page("instructions/refused.html", sentences=sentences), 500)
    trail.shows(document)
    return attachment(open_file(document), document.name, document.media_type, document.size)


OWN = Kept(lambda: with_people(Case.select().where(sight(Role.CLAIMANT, PLACES))))


def own_case(step: Any = None) -> Case:
    """The case of the claimant's link with its people; MovedOn where the step cannot be taken at its stage."""
    g.case = case = OWN.model(scope=scope_of(g.person))
    g.party = party_to(g.person, case)
    if step and case.stage not in PROCESS[step.__name__].at:
        raise MovedOn(step.__name__)
    return case


BOOKED = Kept(
    lambda: (
        Appointment.select(Appointment, Clinic, Document, Expert, User, ExpertSpecialty)
        .join(Clinic)
        .switch(Appointment)
        .join(Document, JOIN.LEFT_OUTER)
        .switch(Appointment)
        .join(Expert)
        .join(User)
        .switch(Expert)
        .join(ExpertSpecialty, JOIN.LEFT_OUTER, on=(ExpertSpecialty.expert == Expert.id), attr="specialty")
        .where((Appointment.case == bind("case")) & (Appointment.state == literal(AppointmentState.BOOKED)))
        .order_by(ExpertSpecialty.id)
        .limit(1)
    )
)


def booked_with_people(case: Case) -> Any:
    """The booked appointment with place, letter, expert and the expert's first specialty, in one read."""
    return BOOKED.model(case=case.id)


def claimant_page(full: str, fragment: str | None = None, **context: Any) -> Response:
    """A page in the claimant's layout, with the hours at which somebody answers the telephone."""
    return page(full, fragment, office=OFFICE, **context)


def refused(form: Any) -> Response:
    """What cannot be done from the page, in one sentence on a page of its own."""
    sentences = [*form.form_errors, *(error for field in form for error in field.errors)]
    return claimant_page("instructions/refused.html", form=form, sentences=sentences)


def is_choosing(case: Case) -> bool:
    """Times are offered that the claimant may choose from."""
    return case.stage == Stage.SCHEDULING and bool(holds.offered(case))


def standing_page(case: Case) -> Response:
    heading, sentence = standing(case.stage)
    return claimant_page("instructions/standing.html", heading=heading, sentence=sentence)


ARRANGEMENTS = Kept(
    lambda: Arrangement.select().where(Arrangement.case == bind("case")).order_by(Arrangement.id)
)


def told(case: Case, booked: Any) -> dict[str, Any]:
    """All that the page says of a booked appointment; nothing of why it was asked for."""
    there, clinic = local(booked.starts_at, booked), booked.clinic
    place, said = place_of(booked), texts()
    specialty = getattr(booked.expert, "specialty", None)
    return {
        "texts": said,
        "day": written_weekday(there) + ("" if there.year == clock.today().year else f", {there.year}"),
        "time": f"{clock_face(there)}, {zone_in_words(there)}",
        "countdown": countdown(booked),
        "is_over": booked.starts_at <= clock.now(),
        "place": [*place, said["by_video"]] if booked.is_telehealth else place,
        "map_href": ""
        if booked.is_telehealth
        else f"https://maps.google.com/?q={quote(', '.join(place[1:]))}",
        "is_by_video": booked.is_telehealth,
        "clinic": clinic,
        "who": examiner(booked.expert, [specialty.code] if specialty else []),
        "length": length_in_words(booked),
        "is_confirmed": bool(case.confirmed_at),
        "is_move_asked": bool(case.move_asked_at),
        "has_letter": booked.letter_id is not None,
        "is_proved": is_proved(),
        "arranged": arranged(ARRANGEMENTS.models(case=case.id)) if is_proved() else [],
    }


TICKED = Kept(
    lambda: TickedInstruction.select(TickedInstruction.item).where(TickedInstruction.case == bind("case"))
)


def bring(case: Case) -> dict[str, Any]:
    """The list of things to bring, with what is ticked."""
    ticked = {item for (item,) in TICKED.rows(case=case.id)}
    items = [(key, text, key in ticked) for key, text in texts()["bring"].items()]
    return {"items": items, "ready": sum(is_ticked for _, _, is_ticked in items)}


# --- the expert's brief -----------------------------------------------------------------------------------------


@bp.route("/cases/<ref:ref>/brief", methods=["GET", "POST"])
@performs(send_brief)
@limited(RENDERING)
def brief(case: Case) -> Any:
    form = BriefForm()
    if form.validate_on_submit() and take(form, lambda: send_with_letter(case, form)):
        return done("The brief is sent. The expert has been told.", case)
    return page(
        "instructions/brief.html",
        "instructions/_brief_form.html",
        form=form,
        **briefing(case, g.person),
        **weighed(booking.brief_findings(case, form.served_on.data)),
    )


def send_with_letter(case: Case, form: BriefForm) -> None:
    sealed = prepare_brief(case, g.person, form.emphasis.data)
    rules = {"served_on": form.served_on.data, "override": form.override.data}
    with kept_only_if_filed(sealed):
        send_brief(case, by=g.person, letter=sealed.file, **rules)


@bp.route("/cases/<ref:ref>/brief/read")
@sees_case(Party.EXPERT, Party.COORDINATOR)
def read_brief(case: Case) -> Any:
    """What the expert received; nothing before it was sent."""
    if case.brief_sent_at is None:
        return page("instructions/no_brief.html", case=case)
    letters = case.documents.where(Document.kind == DocumentKind.COVER_LETTER).order_by(Document.id.desc())
    context = briefing(case, case.coordinator or g.person)
    return page("instructions/read_brief.html", letter=file_row(case, letters.first()), **context)


def briefing(case: Case, by: User) -> dict[str, Any]:
    """The cover letter in words and the records that go with it."""
    documents, dates = given_documents(case), deadlines(case)
    return {
        "case": case,
        "words": cover_letter(case, by, dates=dates),
        "dates": dates,
        "files": [file_row(case, document) for document in documents],
        "pages": sum(document.pages or 0 for document in documents),
    }


def file_row(case: Case, document: Document | None) -> dict[str, Any] | None:
    if document is None:
        return None
    pages = count(document.pages, "page") if document.pages else ""
    return {
        "title": document.name,
        "href": url_for("records.download", ref=case.reference, document_id=document.id),
        "sign": document.name.rpartition(".")[2][:4].upper(),
        "facts": [fact for fact in (document.kind.title, document.provider, pages) if fact],
    }


# --- the claimant's secure links --------------------------------------------------------------------------------


@bp.route("/cases/<ref:ref>/link", methods=["GET", "POST"])
@performs(send_link)
def new_link(case: Case) -> Any:
    form = ConfirmForm()
    if form.validate_on_submit() and take(form, lambda: send_link(case, by=g.person)):
        return done("A new link is on its way to the claimant.", case)
    return page(
        "instructions/new_link.html",
        "instructions/_new_link_form.html",
        form=form,
        case=case,
        links=links(case),
    )


@bp.route("/cases/<ref:ref>/links/revocation", methods=["GET", "POST"])
@performs(revoke_links)
def revoke(case: Case) -> Any:
    form = ConfirmForm()
    if form.validate_on_submit() and take(form, lambda: revoke_links(case, by=g.person)):
        return done("The links are revoked. Whoever had the page open is signed out.", case)
    return page(
        "instructions/revoke.html", "instructions/_revoke_form.html", form=form, case=case, links=links(case)
    )


def links(case: Case) -> list[dict[str, Any]]:
    """The state of each link, the newest first; a token is kept nowhere and shown to nobody."""
    rows = case.secure_links.order_by(SecureLink.id.desc()).limit(20)
    return [{"row": row, "state": state, "tone": tone} for row in rows for state, tone in [state_of(row)]]


def state_of(link: SecureLink) -> tuple[str, str]:
    if link.revoked_at:
        return "Revoked", "plain"
    if not link.is_usable:
        return "Expired", "plain"
    return ("Opened", "done") if link.spent_at else ("Not opened yet", "info")
