"""The pages on which the report is signed, checked, released and read."""

from datetime import timedelta

import pytest
from jinja2 import StrictUndefined

from portal import clock
from portal.ime.process import PROCESS
from portal.ime.report import (
    open_report,
    prepare_report,
    report_words,
    return_report,
    seal_and_sign,
    sign_report,
)
from portal.ime.sealing import fingerprint
from portal.models import Answer, AuditRecord, Case, Document, Notice, Question
from portal.words import Act, Certainty, DocumentKind, ReportState, Stage
from tests.client import held
from tests.databases import ON_BOTH
from tests.ime.test_report import answer_to, finish
from tests.paper import statements_of

CANARY = "zygomatic-canary"


def at(case, page=""):
    return f"/cases/{case.reference}/report{page}"


# --- signing


def test_the_expert_reads_the_whole_report_and_signs_it(visitor, world, case_at):
    case = finish(case_at(Stage.REPORTING), world.expert)
    expert = visitor(world.expert).opens(at(case)).presses("Save and read it through")
    assert expert.heading == "Read it through and sign"
    for question in case.questions:
        assert expert.sees(question.text)
    assert expert.sees(case.claimant.name)
    assert expert.presses("Sign the report").status == 422
    assert expert.sees("Tick this when you have read the report and want to sign it")
    expert.presses("Sign the report", is_own="yes")
    assert expert.sees("The report is signed and sealed")
    assert Case.get_by_id(case.id).stage == Stage.CHECKING
    assert case.reports.get().signed_by == world.expert


def test_an_unfinished_report_has_no_button_to_sign_and_a_forged_post_is_refused(visitor, world, case_at):
    case = finish(case_at(Stage.REPORTING), world.expert)
    expert = visitor(world.expert).opens(at(case, "/signature"))
    forged = typed_signature(expert)
    Answer.update(certainty=None).where(Answer.id == answer_to(case, 3).id).execute()
    expert.opens(at(case, "/signature"))
    assert "Sign the report" not in expert.buttons
    assert expert.sees("1 thing to finish Question 3: choose how certain it is.")
    assert expert.client.post(at(case, "/signature"), data=forged).status_code == 422
    assert Case.get_by_id(case.id).stage == Stage.REPORTING
    assert not case.documents.where(Document.kind == DocumentKind.REPORT).exists()


def typed_signature(visit):
    form = next(form for form in visit.tree.iter("form") if form.xpath(".//input[@name='is_own']"))
    return held(form) | {"is_own": "yes"}


def test_what_changed_since_it_was_read_is_not_signed(visitor, world, case_at):
    case = finish(case_at(Stage.REPORTING), world.expert)
    expert = visitor(world.expert).opens(at(case, "/signature"))
    Answer.update(opinion="Changed elsewhere.").where(Answer.id == answer_to(case).id).execute()
    expert.presses("Sign the report", is_own="yes")
    assert expert.status == 422
    assert expert.sees("The report changed since you read it here")
    assert expert.sees("Changed elsewhere.")
    expert.presses("Sign the report", is_own="yes")
    assert expert.sees("The report is signed and sealed")


# --- check, return, release


def test_the_coordinator_ticks_every_point_and_releases(visitor, world, case_at):
    case = case_at(Stage.CHECKING)
    coordinator = visitor(world.coordinator).opens(at(case, "/check"))
    assert coordinator.sees("3 of 3 answered.")
    keys = [each.get("value") for each in coordinator.tree.xpath("//input[@name='checked']")]
    coordinator.presses("Release the report", override="By mail.", checked=keys[:-1])
    assert coordinator.status == 422
    assert coordinator.sees("Tick every point, or return the report to the expert")
    coordinator.presses("Release the report", override="By mail.", checked=keys)
    assert coordinator.sees("The report is released")
    assert case.reports.get().state == ReportState.RELEASED


def test_a_report_is_returned_with_comments_that_stay_beside_it(visitor, world, case_at):
    case = case_at(Stage.CHECKING)
    first = answer_to(case).question_id
    coordinator = visitor(world.coordinator).opens(at(case, "/check")).follows("Return the report")
    assert coordinator.presses("Return the report").status == 422
    assert coordinator.sees("Write at least one comment for the expert.")
    coordinator.presses("Return the report", **{f"comment_{first}": "On which page is this?"})
    assert coordinator.sees("The report is back with the expert")
    expert = visitor(world.expert).opens(at(case))
    assert expert.sees("Question 1. On which page is this?")
    expert.presses("Save and read it through", **{f"pages_{first}": "12"})
    expert.presses("Sign the report", is_own="yes")
    coordinator.opens(at(case, "/check"))
    assert coordinator.sees("Question 1. On which page is this?")
    coordinator.opens(at(case, "/read"))
    assert coordinator.sees("Earlier signed versions, returned and kept")


def test_while_it_is_rewritten_the_signed_version_is_shown_as_a_file_only(visitor, world, case_at):
    case = case_at(Stage.CHECKING)
    visitor(world.coordinator).opens(at(case, "/return")).presses("Return the report", general="Look again.")
    visitor(world.expert).opens(at(case)).presses("Save the report", section_history=CANARY)
    coordinator = visitor(world.coordinator).opens(at(case, "/read"))
    assert coordinator.sees("This version was returned to the expert")
    assert not coordinator.sees(CANARY)


# --- reading


def test_before_the_release_the_report_does_not_exist_for_the_referrers_side(visitor, world, case_at):
    case = case_at(Stage.CHECKING)
    document = case.reports.get().document_id
    for person in (world.referrer, world.colleague):
        visit = visitor(person)
        assert visit.opens(at(case, "/read")).status == 404
        assert visit.opens(f"/cases/{case.reference}/records/{document}").status == 404
        assert not visit.opens(f"/cases/{case.reference}").tree.xpath("//section[@id='report']")


def test_after_the_release_the_referrers_side_reads_and_downloads_it(visitor, world, case_at):
    case = case_at(Stage.IN_REVIEW)
    report = case.reports.get()
    for person in (world.referrer, world.colleague):
        visit = visitor(person).opens(f"/cases/{case.reference}").follows("Read the report")
        assert visit.sees(answer_to(case).opinion)
        assert visit.sees("Unchanged since signing")
        assert visit.sees(report.sha256)
        visit.follows("Download the PDF")
        assert visit.response.mimetype == "application/pdf"
        assert visit.response.get_data().startswith(b"%PDF")


def test_every_look_at_the_report_is_recorded(visitor, world, case_at):
    case = case_at(Stage.IN_REVIEW)
    looks = AuditRecord.select().where(AuditRecord.case == case.id, AuditRecord.act == Act.READ)
    before = looks.count()
    visitor(world.referrer).opens(at(case, "/read"))
    seen = looks.order_by(AuditRecord.id.desc())
    assert seen.count() == before + 1
    assert (seen[0].user, seen[0].thing) == (world.referrer.id, "document")
    assert seen[0].number == case.reports.get().document_id


def test_a_file_that_is_not_the_signed_one_is_not_called_unchanged(visitor, world, case_at):
    case = case_at(Stage.IN_REVIEW)
    Document.update(sha256="0" * 64).where(Document.id == case.reports.get().document_id).execute()
    referrer = visitor(world.referrer).opens(at(case, "/read"))
    assert not referrer.sees("Unchanged since signing")
    assert referrer.sees("no longer the one that was signed")
    assert "Download the PDF" not in referrer.links


def test_comments_are_for_the_office_and_the_expert_only(visitor, world, case_at):
    case = case_at(Stage.CHECKING)
    visitor(world.coordinator).opens(at(case, "/return")).presses("Return the report", general=CANARY)
    sign_report(case := Case.get_by_id(case.id), by=world.expert, sealed=prepare_report(case))
    coordinator = visitor(world.coordinator).opens(at(case, "/check"))
    keys = [each.get("value") for each in coordinator.tree.xpath("//input[@name='checked']")]
    coordinator.presses("Release the report", override="By mail.", checked=keys)
    for person, reads in ((world.coordinator, True), (world.expert, True), (world.referrer, False)):
        assert visitor(person).opens(at(case, "/read")).sees(CANARY) is reads
    assert not visitor(world.referrer).opens(f"/cases/{case.reference}").sees(CANARY)


@pytest.mark.parametrize("page", ["", "/signature", "/read", "/check", "/return"])
@pytest.mark.parametrize("stage", [Stage.REPORTING, Stage.CHECKING, Stage.IN_REVIEW])
def test_a_stranger_finds_no_answer_anywhere(visitor, world, case_at, page, stage):
    case = case_at(stage)
    Answer.update(opinion=CANARY).where(Answer.question.in_(case.questions)).execute()
    for person in (world.stranger_referrer, world.second_expert):
        visit = visitor(person).opens(at(case, page))
        assert visit.status == 404
        assert CANARY not in visit.response.get_data(as_text=True)


@ON_BOTH
def test_the_case_page_tells_each_reader_where_the_report_stands(visitor, world, case_at, backend):
    case = finish(case_at(Stage.REPORTING), world.expert)
    Answer.update(certainty=None).where(Answer.id == answer_to(case).id).execute()
    for person in (world.expert, world.coordinator):
        assert visitor(person).opens(f"/cases/{case.reference}").sees("2 of 3 questions answered.")
    assert not visitor(world.referrer).opens(f"/cases/{case.reference}").sees("questions answered")
    released = case_at(Stage.IN_REVIEW)
    assert visitor(world.referrer).opens(f"/cases/{released.reference}").sees("Released on")


# --- notices


def test_the_notices_say_nothing_medical(app, world, case_at):
    steps = (
        "record_examination",
        "record_missed",
        "open_file_review",
        "sign_report",
        "return_report",
        "release_report",
    )
    environment = app.jinja_env.overlay(undefined=StrictUndefined)
    case = case_at(Stage.IN_REVIEW)
    secrets = [
        case.claimant.name,
        *(claim.number for claim in case.claim_numbers),
        *(question.text for question in case.questions),
        *(answer.opinion for answer in Answer.select()),
        "shoulder",
    ]
    for step in steps:
        for party in PROCESS[step].tells:
            text = environment.get_template(f"notices/{step}/{party}.en.txt").render(
                recipient="Dana Brooks",
                case=case.reference,
                facts={},
                url="https://portal.example/here",
                office_phone="(800) 555-0142",
            )
            subject, blank, body = text.split("\n", 2)
            assert subject.startswith("Subject: ")
            assert case.reference in subject
            assert blank == ""
            assert "Dana Brooks" in body
            assert not [secret for secret in secrets if secret and secret.lower() in text.lower()]


def test_the_recipient_is_owed_a_notice(visitor, world, case_at):
    case = case_at(Stage.IN_REVIEW)
    notice = Notice.select().where(Notice.party == "recipient").order_by(Notice.id.desc())
    assert "dana.brooks@counsel.example" in {each.email for each in notice if each.event.case_id == case.id}


# --- statements


def test_the_pages_ask_the_database_no_more_for_thirty_questions_than_for_three(visitor, world, case_at):
    pages = [
        (Stage.REPORTING, world.expert, ("", "/signature")),
        (Stage.CHECKING, world.coordinator, ("/check", "/return", "/read")),
    ]
    visits = [(case_at(stage), visitor(who), tails) for stage, who, tails in pages]
    routes = [(visit, at(case, tail)) for case, visit, tails in visits for tail in tails]
    few = [statements_of(lambda visit=visit, route=route: visit.opens(route)) for visit, route in routes]
    for case, _, _ in visits:
        Question.insert_many(
            [
                {"case": case, "number": number, "text": f"What of finding {number}?"}
                for number in range(4, 31)
            ]
        ).execute()
        open_report(case)
    Answer.update(opinion="A tear.", reasons="Seen.", certainty=Certainty.PROBABLE).execute()
    many = [statements_of(lambda visit=visit, route=route: visit.opens(route)) for visit, route in routes]
    assert many == few
    assert max(many) <= 25


def test_a_report_signed_anew_since_the_page_was_opened_is_not_released_unread(visitor, world, case_at):
    case = case_at(Stage.CHECKING)
    coordinator = visitor(world.coordinator).opens(f"/cases/{case.reference}/report/check")
    keys = coordinator.tree.xpath("//input[@name='checked']/@value")
    return_report(case, by=world.coordinator, comments=[(None, "Please check the dates.")])
    with clock.set_to(clock.now() + timedelta(minutes=5)):
        seal_and_sign(case, by=world.expert, read=fingerprint(report_words(case)))
    coordinator.presses("Release the report", override="By mail.", checked=keys)
    assert (coordinator.status, coordinator.sees("It was signed anew meanwhile.")) == (422, True)
    assert Case.get_by_id(case.id).stage == Stage.CHECKING
    coordinator.presses("Release the report", override="By mail.", checked=keys)
    assert Case.get_by_id(case.id).stage == Stage.IN_REVIEW
