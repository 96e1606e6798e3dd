"""The brief, the claimant's steps and the secure links."""

from datetime import timedelta

import pytest

from portal import clock
from portal.ime.appointment import booked_appointment
from portal.ime.brief import cover_letter, prepare_brief
from portal.ime.examination import open_file_review
from portal.ime.files import read_file
from portal.ime.guidance import notice, standing, texts
from portal.ime.instructions import (
    ask_to_move,
    confirm_attendance,
    find_link,
    make_link,
    revoke_all_links,
    revoke_links,
    send_brief,
    send_link,
    spend_link,
    tick_instruction,
)
from portal.ime.process import MovedOn, NotAllowed, Refusal
from portal.models import Case, Document, Event, Notice, SecureLink, TickedInstruction
from portal.words import Audience, DocumentKind, Party, Stage


@pytest.fixture
def case(case_at):
    return case_at(Stage.BOOKED)


@pytest.fixture
def link(case):
    make_link(case)
    return case.secure_links.order_by(SecureLink.id.desc()).get()


def told(case):
    event = case.events.order_by(Event.id.desc()).get()
    return event, {notice.party for notice in Notice.select().where(Notice.event == event)}


# --- the brief


def test_the_brief_files_a_cover_letter_that_the_referrer_can_read_too(world, case):
    sealed = prepare_brief(case, world.coordinator, "The first MRI.\n\n The fall in 2018. ")
    send_brief(case, by=world.coordinator, override="They have them.", letter=sealed.file)
    letter = case.documents.where(Document.kind == DocumentKind.COVER_LETTER).get()
    assert (letter.audience, letter.media_type) == (Audience.CASE, "application/pdf")
    assert read_file(letter).startswith(b"%PDF")
    assert Case.get_by_id(case.id).brief_sent_at
    assert told(case)[1] == {Party.EXPERT}


def test_the_cover_letter_asks_each_question_word_for_word(world, case):
    words = cover_letter(case, world.coordinator, "The first MRI.\n\n The fall in 2018. ")
    assert [question["text"] for question in words["questions"]] == [
        question.text for question in sorted(case.questions, key=lambda each: each.number)
    ]
    assert words["emphasis"] == ["The first MRI.", "The fall in 2018."]
    assert words["greeting"] == "Dear Dr. Okafor"
    assert "8 CCR 38(a)" in next(due["because"] for due in words["deadlines"] if "report" in due["what"])


def test_the_cover_letter_lists_only_records_the_expert_may_read(world, case):
    Document.create(
        case=case,
        kind=DocumentKind.LEGAL,
        name="strategy.pdf",
        provider="Counsel",
        media_type="application/pdf",
        size=1,
        sha256="a",
        key="a",
        audience=Audience.REFERRER_AND_OFFICE,
    )
    words = cover_letter(case, world.coordinator)
    assert [record["provider"] for record in words["records"]] == ["Valley Family Medicine"]


def test_a_file_review_is_briefed_first_and_written_then(world, case_at):
    case = case_at(Stage.SCHEDULING)
    open_file_review(case, by=world.coordinator, why="The claimant lives abroad.")
    assert (case.turn, case.next_step) == (Party.COORDINATOR, "send_brief")
    send_brief(
        case,
        by=world.coordinator,
        override="They have them.",
        letter=prepare_brief(case, world.coordinator).file,
    )
    assert (case.stage, case.turn, case.next_step) == (Stage.REPORTING, Party.EXPERT, "write_report")
    event, parties = told(case)
    assert event.facts["is_file_review"] is True and parties == {Party.EXPERT}


def test_the_cover_letter_of_a_file_review_says_so_and_names_no_appointment(world, case_at):
    case = case_at(Stage.SCHEDULING)
    open_file_review(case, by=world.coordinator, why="The claimant lives abroad.")
    words = cover_letter(case, world.coordinator)
    assert words["title"] == "Request for a file review"
    assert words["why"].startswith("This is a file review")
    assert [due["what"] for due in words["deadlines"]][:1] == ["Your signed report"]
    assert words["subject"]["examined"] == ""


def test_after_an_examination_no_brief_is_sent_any_more(world, case_at):
    case = case_at(Stage.REPORTING)
    with pytest.raises(Refusal, match="The examination is over"):
        send_brief(case, by=world.coordinator, override="They have them.")


# --- the claimant


def test_confirming_tells_the_coordinator(case, link):
    confirm_attendance(case, by=link)
    assert Case.get_by_id(case.id).confirmed_at
    assert told(case)[1] == {Party.COORDINATOR}


def test_confirming_twice_keeps_the_first_time(case, link):
    confirm_attendance(case, by=link)
    first = Case.get_by_id(case.id).confirmed_at
    with clock.set_to(clock.now() + timedelta(hours=1)):
        confirm_attendance(case, by=link)
    assert Case.get_by_id(case.id).confirmed_at == first


def test_asking_for_another_time_puts_the_coordinator_to_move(case, link):
    confirm_attendance(case, by=link)
    ask_to_move(case, by=link, why="My son graduates that day.")
    stands = Case.get_by_id(case.id)
    assert (stands.confirmed_at, stands.turn, stands.next_step) == (
        None,
        Party.COORDINATOR,
        "move_appointment",
    )
    assert stands.stage == Stage.BOOKED
    event, parties = told(case)
    assert (event.by_id, event.facts["why"], parties) == (
        None,
        "My son graduates that day.",
        {Party.COORDINATOR},
    )


def test_who_asked_for_another_time_can_come_after_all(case, link):
    ask_to_move(case, by=link, why="A clash.")
    confirm_attendance(case, by=link)
    stands = Case.get_by_id(case.id)
    assert stands.confirmed_at and not stands.move_asked_at
    assert stands.next_step == "send_brief"


def test_asking_without_a_reason_is_refused_kindly(case, link):
    with pytest.raises(Refusal, match="Tell us why"):
        ask_to_move(case, by=link, why=" ")


def test_nothing_is_confirmed_or_moved_once_the_time_has_come(case, link):
    with clock.set_to(booked_appointment(case).starts_at):
        for verb, given in ((confirm_attendance, {}), (ask_to_move, {"why": "Late."})):
            with pytest.raises(Refusal, match="has passed"):
                verb(case, by=link, **given)


def test_a_claimant_of_another_case_has_no_part(case, case_at):
    make_link(case_at(Stage.REPORTING))
    other = SecureLink.select().order_by(SecureLink.id.desc()).get()
    with pytest.raises(NotAllowed):
        confirm_attendance(case, by=other)


def test_nothing_can_be_confirmed_where_nothing_is_booked(case_at):
    case = case_at(Stage.SCHEDULING)
    make_link(case)
    with pytest.raises(MovedOn):
        confirm_attendance(case, by=case.secure_links.get())


def test_the_list_is_kept_as_ticked_last(case, link):
    tick_instruction(case, by=link, items=["photo_id", "aids", "aids"])
    tick_instruction(case, by=link, items=["photo_id", "letter"])
    assert {row.item for row in case.ticked_instructions} == {"photo_id", "letter"}


def test_the_list_takes_only_what_it_holds(case, link):
    tick_instruction(case, by=link, items=["photo_id"])
    with pytest.raises(Refusal):
        tick_instruction(case, by=link, items=["a diagnosis"])
    assert TickedInstruction.select().where(TickedInstruction.case == case).count() == 1


@pytest.mark.parametrize("stage", Stage)
def test_every_stage_has_a_kind_word(stage):
    heading, sentence = standing(stage)
    assert heading and sentence.endswith(".")


def test_the_notice_letter_says_when_and_where_and_nothing_of_why(case):
    words = notice(case, booked_appointment(case))
    assert words["time"].endswith("Pacific time")
    assert words["where"]["name"] == "Bayview Orthopaedics – Downtown"
    assert words["copies"] == ["Dana Brooks"]
    said = str(words).lower()
    assert not [word for word in ("shoulder", "doubt", "dispute", "causation", "lm-2026") if word in said]


def test_the_texts_hold_every_part_of_the_page_and_the_letter():
    assert set(texts()) == {
        "why", "expect", "prepare", "bring", "rights", "by_video", "no_travel", "travel", "next"
    }  # fmt: skip


# --- secure links


def test_a_link_is_found_by_looking_and_spent_once(case):
    token = make_link(case)
    assert find_link(token) == find_link(token)
    assert spend_link(token) == case.secure_links.order_by(SecureLink.id.desc()).get()
    assert spend_link(token) is None and find_link(token) is None


def test_a_token_is_kept_nowhere(case):
    token = make_link(case)
    assert token not in str(list(SecureLink.select().tuples()))


def test_a_link_lasts_until_the_day_after_the_examination(case, link):
    booked = booked_appointment(case)
    assert link.expires_at >= booked.ends_at + timedelta(days=1)


def test_a_link_without_an_appointment_lasts_two_weeks(case_at):
    case = case_at(Stage.CLOSED)
    token = make_link(case)
    with clock.set_to(clock.now() + timedelta(days=14)):
        assert find_link(token) is None


def test_revoking_closes_every_link_of_the_case_and_no_other(world, case, case_at):
    own, foreign = make_link(case), make_link(case_at(Stage.REPORTING))
    revoke_links(case, by=world.coordinator)
    assert find_link(own) is None and spend_link(own) is None
    assert find_link(foreign)


def test_a_revoked_link_takes_no_step_any_more(case, link):
    revoke_all_links(case)
    with pytest.raises(NotAllowed):
        confirm_attendance(case, by=SecureLink.get_by_id(link.id))


def test_no_link_is_sent_to_a_claimant_without_an_address(world, case):
    case.claimant.email = ""
    case.claimant.save()
    with pytest.raises(Refusal, match="by phone"):
        send_link(case, by=world.coordinator)
