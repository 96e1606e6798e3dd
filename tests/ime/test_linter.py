"""The question linter: what it lets pass, what it warns about, and how it says so."""

from datetime import date

import pytest

from portal.ime.library import fill, questions
from portal.ime.linter import RULES, Concern, lint, lint_all, lint_deadline
from portal.ime.rules import snapshot

GOOD = [
    "What is your diagnosis of the claimant's condition of the left shoulder?",
    "Is the condition temporary or permanent?",
    "Which treatment to date was reasonable and necessary?",
    "How often and for how long should physical therapy continue?",
    "Describe the condition of the neck, left shoulder and left wrist.",
    "Describe the present restrictions and explain your reasons.",
    "Please state your diagnosis and give the reasons for it.",
    "To a reasonable medical probability, what caused the condition of the left shoulder?",
    "The claimant had surgery in May. Please state whether further surgery is indicated.",
    "What is the diagnosis? Please explain.",
    "Did the injury aggravate an earlier condition that is painful and is getting worse?",
    "Please state clearly which restrictions apply at present.",
    "Can the claimant lift and carry twenty pounds for two hours a day?",
    "Has the fracture completely healed on the imaging studies?",
    "What is the claimant's capacity to push, pull, lift and reach",
]

BAD = {
    "two_questions": [
        "What is the diagnosis? What caused it?",
        "Is further treatment needed? If so, what kind?",
        "What is the diagnosis of the shoulder, and what treatment is needed?",
        "Is the claimant able to work and is the condition permanent?",
        "Has the condition reached a plateau and is surgery indicated?",
        "Is the condition related to the injury and to what extent?",
        "Please describe the restrictions and list the treatment still needed.",
        "What is the diagnosis; is it related to the injury?",
        "What is the diagnosis? Please list the work restrictions.",
    ],
    "leading_wording": [
        "Don't you agree that the claimant can return to work?",
        "Would you agree that the shoulder has healed by now?",
        "Isn\u2019t it true that the claimant had pain before the injury?",
        "Is it not true that the shoulder was painful before?",
        "Please confirm that the condition has resolved.",
        "Is this obviously a degenerative condition of the shoulder?",
        "Is the claimant malingering during the examination?",
        "What is the effect of the alleged injury on work capacity?",
        "Does the claimant exaggerate the symptoms at the examination?",
    ],
    "legal_jargon": [
        "Was the fall the proximate cause of the shoulder condition?",
        "Is the condition of the shoulder compensable?",
        "Who is liable for the condition of the shoulder?",
        "Did negligence contribute to the condition of the shoulder?",
        "By a preponderance of the evidence, what caused the condition?",
        "Is the claimant entitled to further physical therapy?",
        "Did the condition arise from work, pursuant to the statute?",
    ],
    "absolute_wording": [
        "Is there any possibility that the fall caused the condition?",
        "Is it possible that the fall caused the condition?",
        "Will the claimant ever work as a roofer again?",
        "Could the fall conceivably have caused the condition?",
    ],
    "too_vague": [
        "Please comment.",
        "Causation?",
        "Shoulder condition?",
        "Do you have any other comments on this matter?",
        "Is there anything else we should know about this?",
    ],
    "not_a_question": [
        "The diagnosis of the treating doctor.",
        "Work capacity as of the present day.",
    ],
    "advice_to_claimant": [
        "Please advise the claimant to continue physical therapy.",
        "Would you prescribe a course of physical therapy?",
        "Please discuss the results of the imaging with the claimant.",
        "Would you refer the claimant to a pain clinic?",
    ],
}


@pytest.mark.parametrize("text", GOOD)
def test_a_good_question_raises_no_concern(text):
    assert lint(text, body_parts=["shoulder", "neck", "wrist"]) == []


@pytest.mark.parametrize(("rule", "text"), [(rule, text) for rule, texts in BAD.items() for text in texts])
def test_a_question_to_mend_raises_exactly_the_concern_it_deserves(rule, text):
    assert [concern.rule for concern in lint(text, body_parts=["shoulder"])] == [rule]


@pytest.mark.parametrize("question", questions(), ids=lambda question: question.key)
def test_every_question_of_the_library_raises_no_concern(question):
    assert lint(question.text) == []
    assert lint(fill(question, ["Left shoulder", "Neck"], date(2026, 1, 5))) == []


def test_no_two_questions_of_the_library_are_duplicates():
    texts = [fill(question, ["Left shoulder"], date(2026, 1, 5)) for question in questions()]
    assert [concerns for concerns in lint_all(texts) if concerns] == []


# Body parts


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Is surgery on the rotator cuff indicated?", "rotator cuff"),
        ("Which findings support a lesion of the labrum?", "labrum"),
        ("What is the diagnosis of the left ankle?", "ankle"),
        ("What do the images show at L4-L5 on your review?", "L4"),
        ("Which symptoms of depression did you find?", "depression"),
        ("Are the feet affected by the condition?", "feet"),
    ],
)
def test_a_body_part_that_is_not_on_the_case_is_named(text, words):
    [concern] = lint(text, body_parts=["knee"])
    assert (concern.rule, concern.excerpt) == ("body_part_not_on_case", words)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Is surgery on the rotator cuff indicated?", ["shoulder"]),
        ("What is the diagnosis of the spine at present?", ["lower_back"]),
        ("What is the function of the left arm at present?", ["elbow"]),
        ("Is the carpal tunnel release indicated at present?", ["wrist"]),
        ("On the other hand, which findings speak against surgery?", ["knee"]),
        ("When can the claimant go back to work?", ["knee"]),
        ("What limits may the claimant face at work?", ["knee"]),
    ],
)
def test_another_word_for_a_body_part_on_the_case_and_a_figure_of_speech_pass(text, parts):
    assert lint(text, body_parts=parts) == []


def test_without_body_parts_on_the_case_none_is_checked():
    assert lint("What is the diagnosis of the left ankle?") == []


# Duplicates


def test_nearly_the_same_question_is_a_duplicate():
    others = ["Has the condition of the left shoulder reached maximum medical improvement?"]
    [concern] = lint("Has the left shoulder reached maximum medical improvement (MMI)?", others=others)
    assert (concern.rule, concern.excerpt) == ("duplicate", others[0])


@pytest.mark.parametrize(
    "other",
    [
        "Has the condition of the right shoulder reached maximum medical improvement?",
        "Has the condition of the left knee reached maximum medical improvement?",
        "Is the treatment of the left shoulder to date reasonable?",
    ],
)
def test_the_same_question_about_another_side_part_or_issue_is_not_a_duplicate(other):
    text = "Has the condition of the left shoulder reached maximum medical improvement?"
    assert lint(text, others=[other]) == []


def test_of_two_duplicates_the_later_is_told():
    text = "Which work restrictions apply at present?"
    assert [len(concerns) for concerns in lint_all([text, "What is the diagnosis of the knee?", text])] == [
        0,
        0,
        1,
    ]


# Deadlines


def test_a_deadline_before_the_first_lawful_examination_is_a_concern():
    [concern] = lint_deadline(date(2026, 6, 15), date(2026, 6, 1), "WA-LI")
    assert concern.rule == "deadline_before_exam"
    assert "June 29, 2026" in concern.sentence and "WA-LI-03" in concern.reason


def test_a_deadline_before_the_report_is_due_is_a_concern():
    [concern] = lint_deadline(date(2026, 7, 6), date(2026, 6, 1), "WA-LI")
    assert concern.rule == "deadline_before_report"
    assert "July 13, 2026" in concern.sentence and "WA-LI-10" in concern.reason


def test_a_deadline_that_leaves_time_for_notice_and_report_is_none():
    assert lint_deadline(date(2026, 7, 13), date(2026, 6, 1), "WA-LI") == []


def test_a_deadline_that_has_passed_is_a_concern_whatever_the_rules():
    [concern] = lint_deadline(date(2026, 6, 1), date(2026, 6, 1), "")
    assert concern.rule == "deadline_passed"


def test_a_deadline_of_an_unknown_kind_of_examination_is_not_judged():
    assert lint_deadline(date(2026, 6, 2), date(2026, 6, 1), "") == []


def test_a_deadline_is_judged_by_the_rules_kept_on_the_case():
    kept = snapshot("WA-LI")
    next(each for each in kept["rules"] if each["id"] == "WA-LI-03")["n"] = 7
    assert lint_deadline(date(2026, 6, 25), date(2026, 6, 1), "WA-LI", kept) == []


# How it speaks


def concerns_of_every_rule() -> list[Concern]:
    found = [concern for texts in BAD.values() for text in texts for concern in lint(text)]
    found += lint("What is the diagnosis of the ankle?", body_parts=["knee"])
    return found + lint("What is the diagnosis?", others=["What is the diagnosis?"])


def test_every_rule_is_shown_by_an_example():
    assert {concern.rule for concern in concerns_of_every_rule()} == {rule.__name__ for rule in RULES}


@pytest.mark.parametrize("concern", concerns_of_every_rule(), ids=lambda concern: concern.rule)
def test_a_concern_is_one_sentence_of_what_to_do_and_one_of_why(concern):
    for sentence in (concern.sentence, concern.reason):
        assert sentence.endswith(".") and sentence.count(". ") == 0
        assert not {"must", "error", "invalid", "wrong"} & set(sentence.lower().split())


@pytest.mark.parametrize("text", ["", "   ", "?", "??", "{body_part}", "é" * 500, "and " * 2000, "?" * 2000])
def test_odd_input_is_answered_and_never_an_error(text):
    assert all(isinstance(concern, Concern) for concern in lint(text, others=[text, ""], body_parts=["knee"]))
