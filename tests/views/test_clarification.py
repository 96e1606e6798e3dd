"""The pages on which the referrer asks back and the coordinator screens what was asked."""

from datetime import timedelta

import pytest

from portal import clock, outside
from portal.models import Case, Clarification
from portal.words import ClarificationState, Stage
from tests.ime.rounds import ask, item, release, send, sign
from tests.paper import statements_of

NEUTRAL = "Which earlier findings show that the wear came before the fall?"
LEADING = "Isn't it obvious that the fall caused everything?"


def asking(visitor, world, case, query=""):
    return visitor(world.referrer).opens(f"/cases/{case.reference}/clarification/new{query}")


def screening(visitor, world, case):
    return visitor(world.coordinator).opens(f"/cases/{case.reference}").follows("Send the clarification")


def test_a_neutral_clarification_goes_straight_to_the_coordinator(visitor, world, case_at):
    case = case_at(Stage.IN_REVIEW)
    referrer = asking(visitor, world, case, "?question=2&reason=unclear")
    referrer.presses("Ask for clarification", text_2=NEUTRAL)
    assert referrer.sees("The clarification is asked for.")
    (kept,) = case.clarifications
    assert (kept.question.number, kept.text, kept.reason) == (2, NEUTRAL, "unclear")


def test_several_blocks_make_one_request_and_empty_ones_do_not_count(visitor, world, case_at):
    case = case_at(Stage.IN_REVIEW)
    answers = {"reason_1": "unclear", "text_1": NEUTRAL, "reason_3": "arithmetic", "text_3": NEUTRAL}
    asking(visitor, world, case).presses("Ask for clarification", **answers)
    assert [each.question.number for each in case.clarifications] == [1, 3]


def test_a_leading_text_is_warned_about_and_can_be_sent_anyway(visitor, world, case_at):
    case = case_at(Stage.IN_REVIEW)
    referrer = asking(visitor, world, case, "?question=2&reason=unclear")
    referrer.presses("Ask for clarification", text_2=LEADING)
    assert referrer.sees("Nothing was sent yet.")
    assert referrer.sees("suggests an answer")
    assert not case.clarifications.exists()
    assert referrer.typed("text_2") == LEADING
    referrer.presses("Send anyway")
    assert [each.text for each in case.clarifications] == [LEADING]


def test_a_text_that_was_mended_after_the_warning_is_sent(visitor, world, case_at):
    case = case_at(Stage.IN_REVIEW)
    referrer = asking(visitor, world, case, "?question=2&reason=unclear")
    referrer.presses("Ask for clarification", text_2=LEADING).presses("Check again", text_2=NEUTRAL)
    assert [each.text for each in case.clarifications] == [NEUTRAL]


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({}, "Choose at least one question and write what is unclear"),
        ({"reason_2": "unclear"}, "Write what you ask about question 2"),
        ({"text_2": NEUTRAL}, "Choose why you ask back about question 2"),
        ({"reason_2": "spite", "text_2": NEUTRAL}, "Choose one of the answers shown here"),
        ({"reason_2": "unclear", "text_2": "a" * 4001}, "Shorten this to 4,000 characters or fewer"),
    ],
)
def test_a_block_filled_in_half_or_wrong_says_what_to_mend(visitor, world, case_at, typed, sentence):
    case = case_at(Stage.IN_REVIEW)
    referrer = asking(visitor, world, case).presses("Ask for clarification", **typed)
    assert referrer.status == 422
    assert referrer.sees(sentence)
    assert not case.clarifications.exists()
    if "text_2" in typed:
        assert referrer.typed("text_2") == typed["text_2"]


@pytest.mark.parametrize(
    "query",
    [
        "?question=99&reason=unclear",
        "?question=2&reason=spite",
        "?question=x&question=&reason=",
        "?reason=unclear",
    ],
)
def test_an_address_that_chooses_nonsense_opens_the_empty_page(visitor, world, case_at, query):
    referrer = asking(visitor, world, case_at(Stage.IN_REVIEW), query)
    assert referrer.status == 200
    assert not referrer.tree.xpath("//select/option[@selected][@value!='']")


@pytest.mark.parametrize("who", ["colleague", "coordinator", "expert"])
def test_nobody_but_the_referrer_may_open_the_page(visitor, world, case_at, who):
    case = case_at(Stage.IN_REVIEW)
    path = f"/cases/{case.reference}/clarification/new"
    assert visitor(getattr(world, who)).opens(path).status == 403


def test_a_stranger_finds_no_such_case(visitor, world, case_at):
    assert asking(visitor, world, case_at(Stage.IN_REVIEW)).status == 200
    path = f"/cases/{case_at(Stage.IN_REVIEW).reference}/clarification/new"
    assert visitor(world.stranger_referrer).opens(path).status == 404
    assert visitor(world.second_expert).opens(path).status == 404


def test_the_coordinator_reads_concerns_and_scope_and_rules_on_the_fee(visitor, world, case_at):
    case = case_at(Stage.IN_REVIEW)
    ask(case, world, 2, text=LEADING)
    (kept,) = case.clarifications
    coordinator = screening(visitor, world, case)
    assert coordinator.sees(LEADING)
    assert coordinator.sees("suggests an answer")
    assert coordinator.sees("Within scope: it speaks to question 2 and its answer.")
    assert coordinator.sees("60 calendar days after the request"), "the deadline says because of what"
    coordinator.presses("Send the clarification")
    assert coordinator.sees("Say whether the clarification on question 2 carries a fee")
    coordinator.presses("Send the clarification", **{f"fee_{kept.id}": "fee"})
    assert coordinator.sees("The clarification is with the expert.")
    sent = Clarification.get_by_id(kept.id)
    assert (sent.state, sent.is_free) == (ClarificationState.SENT, False)


def test_what_was_not_answered_carries_no_fee_and_asks_for_no_ruling(visitor, world, case_at):
    case = case_at(Stage.IN_REVIEW)
    ask(case, world, 2, reason="unanswered", text=NEUTRAL)
    coordinator = screening(visitor, world, case)
    assert coordinator.sees("No fee. What was asked and not answered is part of the report.")
    coordinator.presses("Send the clarification")
    assert case.clarifications.get().is_free


def test_a_deadline_today_is_refused_at_its_field(visitor, world, case_at):
    case = case_at(Stage.IN_REVIEW)
    ask(case, world, 2, reason="unanswered", text=NEUTRAL)
    day = clock.today()
    coordinator = screening(visitor, world, case).presses(
        "Send the clarification",
        **{"due_on-month": str(day.month), "due_on-day": str(day.day), "due_on-year": str(day.year)},
    )
    assert coordinator.status == 422
    assert coordinator.sees("Choose a day that is still to come")


def test_what_is_with_the_expert_already_is_said_so_and_offers_no_button(visitor, world, case_at):
    case = case_at(Stage.CLARIFYING)
    send(case, world)
    for page in ("screening", "refusal"):
        coordinator = visitor(world.coordinator).opens(f"/cases/{case.reference}/clarification/{page}")
        assert coordinator.sees("The clarification is with the expert already")
        assert set(coordinator.buttons) == {"Sign out"}


def test_a_refusal_is_read_by_the_referrers_side_and_not_by_the_expert(visitor, world, case_at):
    case = case_at(Stage.CLARIFYING)
    coordinator = screening(visitor, world, case).follows("Refuse the clarification")
    coordinator.presses("Refuse the clarification")
    assert coordinator.status == 422
    coordinator.presses("Refuse the clarification", why="It asks for a legal conclusion.")
    assert Case.get_by_id(case.id).stage == Stage.IN_REVIEW
    for person in (world.referrer, world.colleague):
        assert visitor(person).opens(f"/cases/{case.reference}").sees("It asks for a legal conclusion.")
    expert = visitor(world.expert).opens(f"/cases/{case.reference}")
    assert not expert.sees("It asks for a legal conclusion.")
    assert not expert.sees("Please explain where your opinion differs.")


def test_the_expert_reads_what_was_asked_only_once_it_is_sent(visitor, world, case_at):
    case = case_at(Stage.CLARIFYING)
    asked = "Please explain where your opinion differs."
    expert = visitor(world.expert)
    for path in (f"/cases/{case.reference}", f"/cases/{case.reference}/addendum"):
        assert not expert.opens(path).sees(asked)
    assert expert.sees("Nothing to answer yet")
    send(case, world)
    for path in (f"/cases/{case.reference}", f"/cases/{case.reference}/addendum"):
        assert expert.opens(path).sees(asked)


def test_the_case_page_shows_an_answer_when_it_is_released_and_to_the_referrer_not_before(
    visitor, world, case_at
):
    case = case_at(Stage.CHECKING_ADDENDUM)
    answer = "The fall made an earlier wear of the tendon worse."
    path = f"/cases/{case.reference}"
    assert not visitor(world.referrer).opens(path).sees(answer)
    assert visitor(world.referrer).opens(path).sees("Answered, being checked")
    assert visitor(world.coordinator).opens(path).sees(answer)
    release(case, world)
    referrer = visitor(world.referrer).opens(path)
    assert referrer.sees("Answered in addendum 1")
    assert referrer.sees(answer)
    assert referrer.sees("The chain is unbroken")
    referrer.follows("Addendum 1 (PDF)")
    assert (referrer.status, referrer.response.mimetype) == (200, "application/pdf")


def test_a_broken_chain_is_said_in_a_sentence(visitor, world, case_at):
    case = case_at(Stage.CHECKING_ADDENDUM)
    addendum = case.addenda.get()
    addendum.previous_sha256 = "0" * 64
    addendum.save()
    assert visitor(world.coordinator).opens(f"/cases/{case.reference}").sees("The chain is broken")
    assert (
        visitor(world.coordinator)
        .opens(f"/cases/{case.reference}/addendum/check")
        .sees("The chain is broken")
    )


def test_the_case_page_reads_no_file_and_a_paper_is_compared_when_it_is_opened(
    visitor, world, case_at, monkeypatch
):
    compared = []
    monkeypatch.setattr(outside.store(), "open", lambda key: compared.append(key) or iter([b"altered"]))
    case = case_at(Stage.CHECKING_ADDENDUM)
    coordinator = visitor(world.coordinator).opens(f"/cases/{case.reference}")
    assert coordinator.sees("The chain is unbroken")
    assert compared == []
    assert coordinator.follows("Addendum 1 (PDF)").status == 500
    assert compared == [case.addenda.get().document.key]


def test_the_pages_ask_the_database_as_often_for_many_questions_as_for_few(visitor, world, case_at):
    few, many = case_at(Stage.CLARIFYING), case_at(Stage.IN_REVIEW)
    ask(many, world, 1, 2, 3)
    for case in (few, many):
        send(case, world)
    for person, path in (
        (world.expert, "/addendum"),
        (world.coordinator, "/clarification/screening"),
        (world.referrer, ""),
    ):
        reader = visitor(person).opens("/")
        counts = {asked_by(reader, f"/cases/{case.reference}{path}") for case in (few, many)}
        assert len(counts) == 1, path


def asked_by(reader, path):
    """How many statements a page needs."""
    return statements_of(lambda: reader.opens(path))


def test_the_screening_asks_the_database_as_often_for_many_items_as_for_one(visitor, world, case_at):
    case = case_at(Stage.CLARIFYING)
    coordinator = visitor(world.coordinator).opens(f"/cases/{case.reference}/clarification/screening")
    path = f"/cases/{case.reference}/clarification/screening"
    one = statements_of(lambda: coordinator.opens(path))
    for number in (1, 2, 3):
        Clarification.create(
            case=case,
            question=item(case, number)["question_id"],
            reason="unclear",
            text=NEUTRAL,
            requested_by=world.referrer,
        )
    assert statements_of(lambda: coordinator.opens(path)) == one


def test_a_second_round_is_listed_with_the_first(visitor, world, case_at):
    case = case_at(Stage.CHECKING_ADDENDUM)
    release(case, world)
    with clock.set_to(clock.now() + timedelta(minutes=5)):
        ask(case, world, 1, text=NEUTRAL)
        send(case, world)
        sign(case, world)
        release(case, world)
    referrer = visitor(world.referrer).opens(f"/cases/{case.reference}")
    assert referrer.sees("Answered in addendum 1")
    assert referrer.sees("Answered in addendum 2")
    assert referrer.sees("The chain is unbroken")
