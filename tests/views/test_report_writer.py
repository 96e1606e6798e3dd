"""The page on which the report is written: nothing typed is lost, whatever happens beside it."""

import re

import pytest

from portal.models import Answer, Section
from portal.words import Certainty, Stage
from tests.client import held
from tests.ime.test_report import answer_to, finish


def at(case):
    return f"/cases/{case.reference}/report"


def writer(visitor, world, case):
    return visitor(world.expert).opens(at(case))


def typed(visit, **changes):
    """The writer's form as it stands, with these fields changed."""
    form = next(form for form in visit.tree.iter("form") if form.xpath(".//textarea"))
    return held(form) | changes


def autosave(visit, case, data):
    return visit.client.post(at(case), data=data, headers={"HX-Request": "true"})


def marks_in(response):
    return re.search(r'name="made_from" value="([^"]*)"', response.get_data(as_text=True))[1]


def test_the_writer_shows_each_question_word_for_word_beside_what_is_to_be_read(visitor, world, case_at):
    case = case_at(Stage.REPORTING)
    expert = writer(visitor, world, case)
    for question in case.questions:
        assert expert.sees(f"Question {question.number} {question.text}")
    for opinion in case.treating_opinions:
        assert expert.sees(opinion.opinion)
    document = case.documents.get()
    assert expert.tree.xpath(f"//aside//a[@href='/cases/{case.reference}/records/{document.id}']")


def test_what_is_missing_is_listed_with_a_link_to_the_very_field(visitor, world, case_at):
    case = case_at(Stage.REPORTING)
    expert = writer(visitor, world, case)
    assert expert.sees("8 things to finish")
    targets = [each.get("href") for each in expert.tree.xpath("//*[@aria-labelledby='missing-heading']//a")]
    assert len(targets) == 8
    for target in targets:
        assert expert.tree.xpath(f"//*[@id='{target.removeprefix('#')}']")


def test_what_is_typed_is_saved_by_the_button(visitor, world, case_at):
    case = case_at(Stage.REPORTING)
    first = answer_to(case).question_id
    expert = writer(visitor, world, case).presses(
        "Save the report",
        section_history="A fall.",
        **{f"opinion_{first}": "A tear.\n\nOf the tendon.", f"certainty_{first}": "probable"},
    )
    assert expert.sees("What you wrote is saved")
    assert expert.typed(f"opinion_{first}") == "A tear.\n\nOf the tendon."
    saved = answer_to(case)
    assert (saved.opinion, saved.certainty) == ("A tear.\n\nOf the tendon.", Certainty.PROBABLE)


def test_typing_saves_by_itself_and_says_when(visitor, world, case_at):
    case = case_at(Stage.REPORTING)
    first = answer_to(case).question_id
    expert = writer(visitor, world, case)
    response = autosave(expert, case, typed(expert, **{f"opinion_{first}": "Half a sen"}))
    said = response.get_data(as_text=True)
    assert response.status_code == 200
    assert re.search(r"Saved at \d+:\d\d [ap]m P[SD]T\. 8 things to finish\.", said)
    assert said.lstrip().startswith('<div id="saved">')
    assert answer_to(case).opinion == "Half a sen"
    on = typed(expert, **{f"opinion_{first}": "Half a sentence.", "made_from": marks_in(response)})
    assert autosave(expert, case, on).status_code == 200
    assert answer_to(case).opinion == "Half a sentence."


def test_a_second_window_does_not_overwrite_and_shows_both_texts(visitor, world, case_at):
    case = case_at(Stage.REPORTING)
    first = answer_to(case).question_id
    one, two = writer(visitor, world, case), writer(visitor, world, case)
    one.presses("Save the report", **{f"opinion_{first}": "From the first window."})
    two.presses("Save the report", section_history="Kept.", **{f"opinion_{first}": "From the second window."})
    assert two.status == 422
    assert two.sees("changed in another window")
    assert two.sees("From the first window.")
    assert two.typed(f"opinion_{first}") == "From the second window."
    assert answer_to(case).opinion == "From the first window."
    assert Section.get(Section.report == case.reports.get(), Section.key == "history").text == "Kept."
    two.presses("Save the report")
    assert two.sees("What you wrote is saved")
    assert answer_to(case).opinion == "From the second window."


def test_typing_in_a_second_window_is_told_and_stays_unsaved_until_both_were_seen(visitor, world, case_at):
    case = case_at(Stage.REPORTING)
    first = answer_to(case).question_id
    one, two = writer(visitor, world, case), writer(visitor, world, case)
    autosave(one, case, typed(one, **{f"opinion_{first}": "From the first window."}))
    data = typed(two, **{f"opinion_{first}": "From the second window."})
    for _ in range(2):
        response = autosave(two, case, data)
        assert response.status_code == 422
        assert "Not saved: question 1 was changed" in response.get_data(as_text=True)
        data["made_from"] = marks_in(response)
    assert answer_to(case).opinion == "From the first window."


def test_a_window_that_did_not_touch_an_answer_does_not_undo_it(visitor, world, case_at):
    case = case_at(Stage.REPORTING)
    first, second = answer_to(case, 1).question_id, answer_to(case, 2).question_id
    one, two = writer(visitor, world, case), writer(visitor, world, case)
    autosave(one, case, typed(one, **{f"opinion_{first}": "From the first window."}))
    data = typed(two, **{f"opinion_{second}": "From the second window."})
    response = autosave(two, case, data)
    assert response.status_code == 200
    assert answer_to(case, 1).opinion == "From the first window."
    assert answer_to(case, 2).opinion == "From the second window."
    # The second window still shows the first answer empty: typing there must not win unseen.
    late = data | {f"opinion_{first}": "Typed over it.", "made_from": marks_in(response)}
    assert autosave(two, case, late).status_code == 422
    assert answer_to(case, 1).opinion == "From the first window."


def test_a_post_that_lost_half_its_fields_or_its_marks_empties_nothing(visitor, world, case_at):
    case = finish(case_at(Stage.REPORTING), world.expert)
    expert = writer(visitor, world, case)
    token = expert.typed("csrf_token")
    first = answer_to(case).question_id
    expert.client.post(at(case), data={"csrf_token": token, f"opinion_{first}": "Only this came."})
    assert answer_to(case).opinion == "A tear."
    without = typed(expert, **{f"opinion_{first}": "From nowhere."})
    del without["made_from"]
    assert expert.client.post(at(case), data=without).status_code == 422
    assert answer_to(case).opinion == "A tear."


def test_a_text_that_is_too_long_is_kept_on_the_page_and_the_rest_is_saved(visitor, world, case_at):
    case = case_at(Stage.REPORTING)
    first = answer_to(case).question_id
    expert = writer(visitor, world, case).presses(
        "Save the report", section_history="A fall.", **{f"opinion_{first}": "x" * 50_001}
    )
    assert expert.status == 422
    assert expert.sees("Shorten this to 50,000 characters or fewer")
    assert len(expert.typed(f"opinion_{first}")) == 50_001
    assert answer_to(case).opinion == ""
    assert Section.get(Section.report == case.reports.get(), Section.key == "history").text == "A fall."


@pytest.mark.parametrize("certainty", ["surely", "é", "probable\x00or so"])
def test_a_certainty_that_is_not_offered_is_refused(visitor, world, case_at, certainty):
    case = case_at(Stage.REPORTING)
    first = answer_to(case).question_id
    expert = writer(visitor, world, case)
    data = typed(expert, **{f"opinion_{first}": "A tear.", f"certainty_{first}": certainty})
    assert expert.client.post(at(case), data=data).status_code == 422
    assert answer_to(case).certainty is None


def test_a_forged_answer_to_a_question_of_another_case_changes_nothing(visitor, world, case_at):
    case, foreign = case_at(Stage.REPORTING), answer_to(case_at(Stage.CHECKING))
    expert = writer(visitor, world, case)
    names = ("opinion", "reasons", "pages")
    data = typed(expert, **{f"{name}_{foreign.question_id}": "Forged." for name in names})
    expert.client.post(at(case), data=data | {"made_from": f"{foreign.question_id}:x"})
    assert Answer.get_by_id(foreign.id).opinion == foreign.opinion
    assert not Answer.select().where(Answer.opinion == "Forged.").exists()


def test_what_cannot_be_determined_asks_for_why(visitor, world, case_at):
    case = case_at(Stage.REPORTING)
    first = answer_to(case).question_id
    expert = writer(visitor, world, case)
    expert.presses("Save the report", **{f"certainty_{first}": "cannot_determine"})
    assert expert.sees("Why it cannot be determined, and what would be needed")
