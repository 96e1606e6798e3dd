"""The page of the questions: each keeps who it is, nothing typed is lost, and the linter warns in passing."""

from portal.models import Question
from portal.words import Issue, Stage

CONTINUE = "Save and continue"


def page_of(case):
    return f"/cases/{case.reference}/referral/questions"


def asked(case):
    return list(Question.select().where(Question.case == case).order_by(Question.number))


def ids(case):
    return [question.id for question in asked(case)]


def test_questions_keep_their_identity_when_moved_and_edited(visitor, world, case_at):
    case = case_at(Stage.DRAFT)
    first, second, third = ids(case)
    person = visitor(world.referrer).opens(page_of(case))
    person.presses("Move up question 3").presses("Move down question 1")
    person.presses(CONTINUE, **{"row-0-text": "Which work restrictions are needed?"})
    assert ids(case) == [third, first, second]
    assert [question.number for question in asked(case)] == [1, 2, 3]
    assert asked(case)[0].text == "Which work restrictions are needed?"


def test_a_question_can_be_removed_and_another_written(visitor, world, case_at):
    case = case_at(Stage.DRAFT)
    first, second, third = ids(case)
    person = visitor(world.referrer).opens(page_of(case)).presses("Remove question 2")
    assert ids(case) == [first, second, third], "nothing is kept before it is saved"
    person.presses("Add your own question")
    person.presses(CONTINUE, **{"row-2-text": "What is the prognosis?", "row-2-issue": "prognosis"})
    assert ids(case)[:2] == [first, third]
    assert (asked(case)[2].text, asked(case)[2].issue) == ("What is the prognosis?", Issue.PROGNOSIS)
    assert ids(case)[2] not in (first, second, third)


def test_what_was_typed_survives_every_button(visitor, world, case_at):
    person = visitor(world.referrer).opens(page_of(case_at(Stage.DRAFT)))
    person.presses("Add your own question", **{"row-1-text": "x" * 1_001})
    person.presses("Move up question 2")
    assert len(person.typed("row-0-text")) == 1_001
    assert person.status == 200


def test_questions_of_the_library_are_filled_in_and_added_by_saving_too(visitor, world, case_at):
    case = case_at(Stage.DRAFT)
    person = visitor(world.referrer).opens(page_of(case))
    assert person.sees("Choose from the library (18 that suit this case)")
    person.presses(CONTINUE, library=["causation_preexisting"])
    added = asked(case)[3]
    assert (added.library_key, added.issue) == ("causation_preexisting", Issue.CAUSATION)
    assert "left shoulder" in added.text
    assert person.opens(page_of(case)).sees("Choose from the library (17 that suit this case)")


def test_an_unknown_question_of_the_library_is_refused(visitor, world, case_at):
    case = case_at(Stage.DRAFT)
    person = visitor(world.referrer).opens(page_of(case)).presses(CONTINUE, library=["no_such_question"])
    assert person.status == 422
    assert person.sees("Choose one of the answers shown here")
    assert len(asked(case)) == 3


def test_each_question_shows_what_the_linter_notices_and_why(visitor, world, case_at):
    person = visitor(world.referrer).opens(page_of(case_at(Stage.DRAFT)))
    person.presses("Add your own question", **{"row-0-text": "Is the right knee injured?"})
    notices = person.tree.xpath("//fieldset[@id='entry-1']//details")
    assert "is not a body part of this case" in notices[0].text_content()
    assert "The expert is chosen" in notices[0].text_content()


def test_the_wording_is_checked_before_anything_is_saved(visitor, world, case_at):
    case = case_at(Stage.DRAFT)
    person = visitor(world.referrer).opens(page_of(case))
    person.presses("Check the wording", **{"row-0-text": "Isn't it obvious that the fall caused this?"})
    assert person.sees("suggests an answer")
    assert asked(case)[0].text == "What is the diagnosis of the left shoulder?"


def test_a_question_of_another_case_is_refused_and_the_words_are_kept(visitor, world, case_at):
    case, other = case_at(Stage.DRAFT), case_at(Stage.RETURNED)
    foreign = ids(other)[0]
    for wrong in (str(foreign), "-1", "abc", "9" * 40, "²"):
        person = visitor(world.referrer).opens(page_of(case))
        person.presses(CONTINUE, **{"row-0-id": wrong, "row-0-text": "What is new here?"})
        assert person.status == 422
        assert person.typed("row-0-text") == "What is new here?"
        assert person.sees("is no longer on the referral")
    assert asked(other)[0].text == "What is the diagnosis of the left shoulder?"
    assert asked(case)[0].text == "What is the diagnosis of the left shoulder?"


def test_an_emptied_question_is_asked_for_or_removed(visitor, world, case_at):
    case = case_at(Stage.DRAFT)
    person = visitor(world.referrer).opens(page_of(case)).presses(CONTINUE, **{"row-1-text": "  "})
    assert person.status == 422
    assert person.sees("Write the question, or remove it")
    assert len(asked(case)) == 3


def test_bad_words_and_issues_are_told_at_the_question(visitor, world, case_at):
    case = case_at(Stage.DRAFT)
    for name, value in (
        ("row-0-text", "What?\x00 Is it so?"),
        ("row-0-text", "x" * 1_001),
        ("row-0-issue", "blame"),
    ):
        person = visitor(world.referrer).opens(page_of(case)).presses(CONTINUE, **{name: value})
        assert person.status == 422
        assert person.tree.xpath("//fieldset[@id='entry-1']//p[contains(@class, 'govuk-error-message')]")
    assert asked(case)[0].text == "What is the diagnosis of the left shoulder?"


def test_too_many_questions_are_refused(visitor, world, case_at):
    case = case_at(Stage.DRAFT)
    person = visitor(world.referrer).opens(page_of(case))
    token = person.tree.xpath("//form//input[@name='csrf_token']/@value")[-1]
    rows = {f"row-{number}-text": f"What is finding {number}?" for number in range(1_500)}
    person.reads(person.client.post(page_of(case), data={"csrf_token": token, **rows}))
    assert person.status == 422
    assert person.sees("Keep to 30 entries or fewer")
    assert len(asked(case)) == 3


def test_an_unknown_button_saves_and_a_row_that_is_not_there_moves_nothing(visitor, world, case_at):
    case = case_at(Stage.DRAFT)
    before = ids(case)
    person = visitor(world.referrer).opens(page_of(case))
    for pressed in ("remove-99", "up-0", "down-2", "down-999999"):
        form = person.tree.xpath("//main//form")[0]
        button = form.xpath(".//button[@name='then']")[0]
        button.set("value", pressed)
        person.submits(form, button, {})
        assert person.status == 200
        assert [person.typed(f"row-{place}-id") for place in range(3)] == [str(each) for each in before]


def test_a_candidate_and_the_expert_read_the_questions(visitor, world, case_at):
    for stage in (Stage.OFFERED, Stage.BOOKED):
        case = case_at(stage)
        person = visitor(world.expert).opens(f"/cases/{case.reference}")
        items = person.tree.xpath("//section[@aria-labelledby='section-questions']//li")
        assert [int(item.get("value")) for item in items] == [1, 2, 3]
        assert person.sees("What caused the condition of the left shoulder?")
        assert "Change the questions" not in person.links
        assert person.opens(page_of(case)).status == 403
