"""The referral's pages: referring by following links and pressing buttons, and what a form does with bad input."""

from datetime import date

import pytest

from portal.ime.arrangements import ask_arrangement
from portal.ime.instructions import make_link, spend_link
from portal.ime.matching import release_expert
from portal.ime.particulars import particulars
from portal.ime.readiness import PARTS, missing
from portal.ime.referral import edit_referral, return_referral, start_referral
from portal.models import Case, Event, Message
from portal.words import ArrangementKind, Party, Stage
from tests.paper import statements_of

CONTINUE, LATER = "Save and continue", "Save and come back later"


@pytest.fixture
def draft(world):
    return start_referral(by=world.referrer)


def page_of(case, part):
    return f"/cases/{case.reference}/referral/{part}"


def fresh(case):
    return Case.get_by_id(case.id)


# --- referring


def test_a_referrer_refers_a_case_by_following_links_and_pressing_buttons(visitor, world):
    person = visitor(world.referrer).opens("/referrals/new").presses("Start the referral")
    assert person.heading == "Why an examination is needed"
    assert person.sees("Step 1 of 9")
    person.presses(CONTINUE, reason="causation_disputed", need="The cause is disputed between two doctors.")
    person.presses(CONTINUE, exam_kind="CA-QME", claim_numbers="LM-1\nLM-2")
    person.presses(
        CONTINUE,
        **{
            "row-0-body_part": "shoulder",
            "row-0-side": "left",
            "row-0-status": "accepted",
            "row-0-injured_on-month": "Mar",
            "row-0-injured_on-day": "3",
            "row-0-injured_on-year": "2026",
            "row-0-icd10": "s46011a",
        },
    )
    person.presses(CONTINUE, treating_doctor="Linda Marsh, MD", opinion_diagnosis="A tear of the cuff.")
    person.presses(
        CONTINUE,
        **{"name": "Rosa Delgado", "born_on-month": "5", "born_on-day": "14", "born_on-year": "1979"},
        phone="415 555 0177",
        zip="94607",
        language="Spanish",
        need_interpreter="yes",
    )
    person.presses(
        CONTINUE, **{"row-0-party": "representative", "row-0-name": "Dana Brooks", "row-0-gets_report": "yes"}
    )
    person.presses(CONTINUE)
    assert person.heading == "Questions for the expert"
    person.presses("Add the chosen questions", library=["causation_relation", "diagnosis_current"])
    assert "left shoulder" in person.typed("row-0-text")
    person.presses(CONTINUE)
    assert person.heading == "Documents"
    person.follows("Check the referral").presses("Send the referral")
    assert person.sees("The referral is sent")
    case = Case.select().order_by(Case.id.desc()).get()
    assert (case.stage, case.claimant.phone) == (Stage.REFERRED, "+14155550177")
    assert particulars(case).injuries[0].icd10 == "S46.011A"
    assert [each.number for each in particulars(case).claim_numbers] == ["LM-1", "LM-2"]
    assert case.questions.count() == 2


@pytest.mark.parametrize("part", list(PARTS))
def test_every_part_says_where_it_stands_and_leads_to_all_the_others(visitor, world, draft, part):
    person = visitor(world.referrer).opens(page_of(draft, part))
    assert person.sees(f"Step {list(PARTS).index(part) + 1} of 9")
    person.follows("All parts of the referral").follows(PARTS[part])
    assert person.heading == PARTS[part]


@pytest.mark.parametrize("part", [part for part in PARTS if part != "documents"])
def test_an_empty_page_is_saved_as_it_is(visitor, world, draft, part):
    person = visitor(world.referrer).opens(page_of(draft, part)).presses(CONTINUE)
    assert person.status == 200
    assert person.heading == list(PARTS.values())[list(PARTS).index(part) + 1]
    assert len(missing(fresh(draft))) == 11


@pytest.mark.parametrize("part", [part for part in PARTS if part != "documents"])
def test_opening_and_saving_a_filled_page_changes_nothing(visitor, world, case_at, part):
    case = case_at(Stage.DRAFT)

    def all_of_it():
        now, listed = fresh(case), particulars(case)
        lists = {name: [{**row.__data__, "id": 0} for row in rows] for name, rows in listed.__dict__.items()}
        kept = {name: now.__data__[name] for name in ("need", "reason", "exam_kind", "treating_phone")}
        return kept, now.claimant.__data__, lists, [question.__data__ for question in now.questions]

    before = all_of_it()
    visitor(world.referrer).opens(page_of(case, part)).presses(CONTINUE)
    assert all_of_it() == before


def test_coming_back_later_saves_and_returns_to_the_case(visitor, world, draft):
    person = (
        visitor(world.referrer).opens(page_of(draft, "need")).presses(LATER, need="Two doctors disagree.")
    )
    assert person.sees("The draft is saved")
    assert fresh(draft).need == "Two doctors disagree."
    assert person.follows("Continue the referral").heading == "Check and send the referral"


def test_the_kinds_of_examination_stand_under_their_states(visitor, world, draft):
    person = visitor(world.referrer).opens(page_of(draft, "claim"))
    groups = {group.get("label"): len(group) for group in person.tree.iter("optgroup")}
    assert (groups["Federal"], groups["New York"], sum(groups.values())) == (2, 3, 38)


# --- rows


def test_a_row_is_added_and_removed_without_losing_what_was_typed(visitor, world, draft):
    person = visitor(world.referrer).opens(page_of(draft, "injury"))
    person.presses("Add another body part", **{"row-0-body_part": "neck", "row-0-icd10": "no code"})
    assert (person.status, person.title.startswith("Error")) == (200, False)
    person.presses(
        "Add another body part",
        **{"row-1-body_part": "knee", "row-1-injured_on-month": "13", "row-1-status": "disputed"},
    )
    person.presses("Remove body part 1")
    assert person.tree.xpath("//select[@name='row-0-body_part']/option[@selected]/@value") == ["knee"]
    assert person.typed("row-0-injured_on-month") == "13"
    assert person.tree.xpath("//input[@name='row-0-status'][@checked]/@value") == ["disputed"]
    assert not particulars(draft).injuries


def test_the_enter_key_saves_and_removes_nothing(visitor, world, case_at):
    person = visitor(world.referrer).opens(page_of(case_at(Stage.DRAFT), "injury"))
    assert person.tree.xpath("(//main//form//button)[1]/@name") == []


def test_a_row_left_blank_is_left_out(visitor, world, draft):
    person = visitor(world.referrer).opens(page_of(draft, "deadlines")).presses("Add another date")
    person.presses(CONTINUE, **{"row-1-kind": "hearing", **day("row-1-falls_on", "3", "14", "2027")})
    assert [each.kind for each in particulars(draft).deadlines] == ["hearing"]


def day(name, month, day_, year):
    return {f"{name}-month": month, f"{name}-day": day_, f"{name}-year": year}


def test_the_needs_of_the_day_are_kept_with_their_detail(visitor, world, draft):
    person = visitor(world.referrer).opens(page_of(draft, "claimant"))
    person.presses(CONTINUE, need_transport="yes", detail_access="Uses a wheelchair")
    assert {(each.kind, each.detail) for each in particulars(draft).arrangements} == {
        ("transport", ""),
        ("access", "Uses a wheelchair"),
    }


# --- checking and sending


def test_what_is_missing_is_said_where_it_is_mended(visitor, world, draft):
    person = visitor(world.referrer).opens(f"/cases/{draft.reference}/referral")
    assert person.sees("11 answers are missing before the referral can be sent.")
    person.presses("Send the referral")
    assert person.status == 422
    assert person.title.startswith("Error:")
    assert person.follows("Give the claim number.").heading == PARTS["claim"]
    assert fresh(draft).stage == Stage.DRAFT


def test_what_the_linter_notices_does_not_keep_a_referral_from_being_sent(visitor, world, case_at):
    case = case_at(Stage.DRAFT)
    person = visitor(world.referrer).opens(f"/cases/{case.reference}/referral")
    assert person.sees("Question 3: This seems to hold two questions")
    assert person.follows("Change question 3").heading == PARTS["questions"]
    person.opens(f"/cases/{case.reference}").follows("Send the referral").presses("Send the referral")
    assert fresh(case).stage == Stage.REFERRED


def test_a_date_that_cannot_be_met_is_said_before_sending(visitor, world, case_at):
    case = case_at(Stage.DRAFT)
    person = visitor(world.referrer).opens(page_of(case, "deadlines"))
    person.presses(CONTINUE, **day("report_needed_by", "1", "2", "2020"))
    person.opens(f"/cases/{case.reference}/referral")
    assert person.sees("The date you need the report by is today or has passed")


def test_a_returned_referral_shows_the_question_and_is_answered_and_sent_again(visitor, world, case_at):
    case = case_at(Stage.RETURNED)
    person = visitor(world.referrer).opens(f"/cases/{case.reference}").follows("Continue the referral")
    assert person.sees("Priya Nair returned the referral with a question")
    assert person.sees("Which shoulder imaging exists so far?")
    person.presses("Send the referral", answer="One MRI of the left shoulder.")
    assert fresh(case).stage == Stage.REFERRED
    assert Message.get(Message.case == case).text == "One MRI of the left shoulder."


def test_an_answer_that_is_too_long_is_kept(visitor, world, case_at):
    case = case_at(Stage.RETURNED)
    person = visitor(world.referrer).opens(f"/cases/{case.reference}/referral")
    person.presses("Send the referral", answer="x" * 2_001)
    assert (person.status, len(person.typed("answer"))) == (422, 2_001)
    assert fresh(case).stage == Stage.RETURNED


def test_a_referral_that_is_sent_is_no_longer_edited(visitor, world, case_at):
    case = case_at(Stage.REFERRED)
    for part in PARTS:
        assert visitor(world.referrer).opens(page_of(case, part)).status == 409


# --- who may


def test_a_colleague_sees_the_referral_but_edits_it_only_after_taking_it_over(visitor, world, case_at):
    case = case_at(Stage.DRAFT)
    colleague = visitor(world.colleague).opens(f"/cases/{case.reference}")
    assert colleague.sees("Linda Marsh, MD")
    assert "Change the referral" not in colleague.links
    assert colleague.opens(page_of(case, "need")).status == 403
    colleague.opens(f"/cases/{case.reference}").follows("Take over the referral").presses(
        "Take over the referral"
    )
    assert colleague.sees("You are now the referrer of this case")
    assert colleague.opens(page_of(case, "need")).status == 200
    assert visitor(world.referrer).opens(page_of(case, "need")).status == 403


def test_a_stranger_finds_no_such_referral(visitor, world, case_at):
    case = case_at(Stage.DRAFT)
    paths = [page_of(case, part) for part in PARTS]
    paths += [f"/cases/{case.reference}/{word}" for word in ("referral", "submission", "takeover")]
    for person in (world.stranger_referrer, world.coordinator, world.expert):
        somebody = visitor(person)
        assert {somebody.opens(path).status for path in paths} == {404}


def test_an_unknown_part_is_not_found(visitor, world, draft):
    assert visitor(world.referrer).opens(page_of(draft, "need/more")).status == 404
    assert visitor(world.referrer).opens(page_of(draft, "stage")).status == 404


def test_a_candidate_reads_no_names_no_numbers_and_no_free_text(visitor, world, case_at):
    case = case_at(Stage.OFFERED)
    candidate = visitor(world.expert).opens(f"/cases/{case.reference}")
    listed = particulars(case)
    assert candidate.sees("Left shoulder, accepted") and candidate.sees("Companion")
    hidden = [
        case.claimant.name, case.claimant.email, case.need, case.treating_doctor, case.treating_practice,
        listed.claim_numbers[0].number, listed.parties[0].name, listed.arrangements[0].detail,
        listed.treating_opinions[0].opinion, "Injured on", "Born on",
    ]  # fmt: skip
    assert [each for each in hidden if candidate.sees(each)] == []


def test_the_expert_reads_the_referral_without_the_claimants_address(visitor, world, case_at):
    case = case_at(Stage.BOOKED)
    expert = visitor(world.expert).opens(f"/cases/{case.reference}")
    assert expert.sees("Full-thickness rotator cuff tear.")
    section = expert.tree.xpath("//section[@aria-labelledby='section-referral']")[0].text_content()
    assert case.claimant.email not in section and case.claimant.street not in section


def test_only_a_referrer_finds_the_page_that_begins_a_referral(visitor, world):
    assert visitor(world.expert).opens("/referrals/new").status == 403
    assert visitor().opens("/referrals/new").heading == "Sign in"


def test_a_draft_saved_many_times_stays_one_event_a_save(visitor, world, draft):
    person = visitor(world.referrer)
    for _ in range(3):
        person.opens(page_of(draft, "need")).presses(CONTINUE, need="The same words.")
    assert Event.select().where(Event.case == draft, Event.step == "edit_referral").count() == 3


@pytest.mark.parametrize("part", ["", *PARTS])
def test_a_page_of_the_referral_takes_the_same_few_statements_whatever_it_lists(
    visitor, world, case_at, part
):
    case, person = case_at(Stage.DRAFT), visitor(world.referrer)
    path = page_of(case, part).removesuffix("/")
    few = statements_of(lambda: person.opens(path))
    rows = {
        "injuries": [{"body_part": "neck", "status": "disputed"}] * 30,
        "parties": [{"party": "recipient", "name": "Dana Brooks"}] * 30,
        "deadlines": [{"kind": "hearing", "falls_on": date(2027, 3, 14)}] * 30,
    }
    questions = [{"id": None, "text": f"What is finding {number}?", "issue": "other"} for number in range(30)]
    edit_referral(case, by=world.referrer, lists=rows, questions=questions)
    assert statements_of(lambda: person.opens(path)) == few <= 7


def test_what_the_claimant_asked_for_is_not_read_and_not_lost_when_the_referral_comes_back(
    visitor, world, case_at
):
    case = case_at(Stage.BOOKED)
    link = spend_link(make_link(case))
    ask_arrangement(case, by=link, kind=ArrangementKind.TRANSPORT, detail="I take pills for panic")
    release_expert(fresh(case), by=world.coordinator, why="The expert is ill.")
    return_referral(fresh(case), by=world.coordinator, why="Is it still needed?")
    person = visitor(world.referrer).opens(page_of(case, "claimant"))
    assert "daughter" in person.typed("detail_companion")
    assert "pills" not in person.response.get_data(as_text=True)
    person.presses(LATER, detail_companion="Her son comes along.")
    rows = {row.kind: (row.asked_by, row.detail) for row in case.arrangements}
    assert rows == {
        ArrangementKind.TRANSPORT: (Party.CLAIMANT, "I take pills for panic"),
        ArrangementKind.COMPANION: (Party.REFERRER, "Her son comes along."),
    }
    assert "pills" not in person.opens(page_of(case, "claimant")).response.get_data(as_text=True)
