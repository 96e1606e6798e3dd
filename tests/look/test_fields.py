"""Every kind of answer: what it understands, what it refuses and with which sentence, what it keeps on screen."""

from datetime import time, timedelta

import pytest
from werkzeug.datastructures import MultiDict

from portal import clock
from portal.forms import Form
from portal.forms.fields import (
    ENGLISH,
    SPANISH,
    Choice,
    Choices,
    ClockTime,
    Day,
    Email,
    Hidden,
    Line,
    Money,
    MustBeAtLeast,
    MustBeAtMost,
    MustBeGiven,
    MustBeInThePast,
    MustBeOneOf,
    MustNotBeInThePast,
    Number,
    Paragraphs,
    Password,
    Phone,
    State,
    Tick,
    YesNo,
    Zip,
)
from tests.look.gallery import Side

UNDERSTOOD = [
    (Line("It"), "  Rosa  ", "Rosa"),
    (Line("It"), "two\r\nlines\tof text", "two lines of text"),
    (Line("It"), "José 中文 👩🏽‍⚕️", "José 中文 👩🏽‍⚕️"),
    (Line("It"), "Ann\u2028Bcc: all\u2029a\x85b\x0bc\x0cd", "Ann Bcc: all a b c d"),
    (Line("It"), "O\u2019Nei\u0301ll-D'Ange\u0301lo", "O\u2019Nei\u0301ll-D'Ange\u0301lo"),
    (
        Line("It"),
        "\u05d0\u05d1\u200f (\u0645\u06cc\u200c\u062e)",
        "\u05d0\u05d1\u200f (\u0645\u06cc\u200c\u062e)",
    ),
    (Line("It"), "", ""),
    (Paragraphs("It"), " a\r\nb\rc\x0bd\u2028e\x85f ", "a\nb\nc\nd\ne\nf"),
    (Hidden("It"), "7", "7"),
    (Email("It"), "Rosa@Example.COM", "Rosa@example.com"),
    (Email("It"), "", ""),
    (Phone("It"), "(415) 555-0132", "+14155550132"),
    (Phone("It"), "+44 20 7946 0958", "+442079460958"),
    (Phone("It"), "", ""),
    (Number("It"), "1,200", 1200),
    (Number("It", at_least=-5), "-5", -5),
    (Number("It"), "", None),
    (Money("It"), "$1,250", 125000),
    (Money("It"), "1250.50", 125050),
    (Money("It"), "0.07", 7),
    (Money("It"), "", None),
    (Zip("It"), "94110", "94110"),
    (Zip("It"), "94110 1234", "94110-1234"),
    (Zip("It"), "", ""),
    (State("It"), "CA", "CA"),
    (Choice("It", choices={"a": "A"}), "a", "a"),
    (Choice("It", choices={7: "Seven"}), "7", 7),
    (Choice("It", choices=Side), "both_sides", Side.BOTH_SIDES),
    (Choice("It", choices={"a": "A"}), "", None),
    (YesNo("It"), "yes", True),
    (YesNo("It"), "no", False),
    (YesNo("It"), "", None),
    (Tick("It"), "yes", True),
    (Tick("It"), "anything", False),
    (ClockTime("It"), "9:30 am", time(9, 30)),
    (ClockTime("It"), "9 AM", time(9)),
    (ClockTime("It"), "12 am", time(0)),
    (ClockTime("It"), "12:05 p.m.", time(12, 5)),
    (ClockTime("It"), "14:30", time(14, 30)),
    (ClockTime("It"), "09:15", time(9, 15)),
    (ClockTime("It"), "Noon", time(12)),
    (ClockTime("It"), "midnight", time(0)),
    (ClockTime("It"), "", None),
]

REFUSED = [
    (Line("It"), "a\x00b", ENGLISH.not_text),
    (Line("It"), "a\x1b[31m", ENGLISH.not_text),
    (Line("It", limit=3), "abcd", "Shorten this to 3 characters or fewer. You used 4."),
    (Line("It"), "x" * 201, "Shorten this to 200 characters or fewer. You used 201."),
    (Paragraphs("It"), "x" * 10_001, "Shorten this to 10,000 characters or fewer. You used 10,001."),
    (Paragraphs("It"), "a\x07b", ENGLISH.not_text),
    (Email("It"), "rosa", ENGLISH.not_email),
    (Email("It"), "a@b@c.com", ENGLISH.not_email),
    (Email("It"), "rosa@example.com\nbcc: all@example.com", ENGLISH.not_email),
    (Phone("It"), "12", ENGLISH.not_phone),
    (Phone("It"), "call me", ENGLISH.not_phone),
    (Phone("It"), "415 555 0132 ext 9", ENGLISH.phone_extension),
    (Number("It"), "1.5", ENGLISH.not_number),
    (Number("It"), "1_000", ENGLISH.not_number),
    (Number("It"), "١٢", ENGLISH.not_number),
    (Number("It"), "9" * 5000, "Shorten this to 20 characters or fewer. You used 5,000."),
    (Number("It"), "-1", "Enter 0 or more"),
    (Number("It", at_most=480), "481", "Enter 480 or less"),
    (Money("It"), "12.345", ENGLISH.not_money),
    (Money("It"), "1e9", ENGLISH.not_money),
    (Money("It", at_most=100), "100.01", "Enter $100 or less"),
    (Zip("It"), "9411", ENGLISH.not_zip),
    (State("It"), "ZZ", ENGLISH.not_choice),
    (Choice("It", choices={"a": "A"}), "b", ENGLISH.not_choice),
    (Choice("It", choices=Side), "LEFT", ENGLISH.not_choice),
    (YesNo("It"), "maybe", ENGLISH.not_choice),
    (ClockTime("It"), "9:30", ENGLISH.morning_or_evening),
    (ClockTime("It"), "25:00", ENGLISH.not_time),
    (ClockTime("It"), "13 pm", ENGLISH.not_time),
    (ClockTime("It"), "soon", ENGLISH.not_time),
]


@pytest.mark.parametrize(("field", "typed", "answer"), UNDERSTOOD)
def test_an_answer_is_understood(ask, field, typed, answer):
    it = ask(field, typed)
    assert (it.errors, it.data) == ([], answer)
    assert type(it.data) is type(answer)


UNSEEN = [
    *(
        "\u200b",
        "\u2060",
        "\ufeff",
        "\u00ad",
        "\u200e\u200f\u202e\u2066",
        "\u3164",
        "\u2800",
        "\u034f",
        "\ufe0f",
    ),
    " \u00a0\u2003\u200b\r\n\u2028\t\u00ad ",
]


@pytest.mark.parametrize("kind", [Line, Paragraphs, Email, Phone, Number, Zip])
@pytest.mark.parametrize("typed", UNSEEN, ids=ascii)
def test_a_text_that_nobody_can_see_is_no_answer(ask, kind, typed):
    it = ask(kind("It", [MustBeGiven("Say why")]), typed)
    assert (it.errors, it.typed) == (["Say why"], "")
    assert not it.data


@pytest.mark.parametrize(("field", "typed", "sentence"), REFUSED)
def test_an_answer_is_refused_with_one_sentence(ask, field, typed, sentence):
    it = ask(field, typed)
    assert it.errors == [sentence]
    assert not it.data


def test_what_was_typed_stays_on_screen_without_the_characters_no_page_may_show(ask):
    assert ask(Number("It"), "twelve").typed == "twelve"
    assert ask(Line("It"), "a\x00b").typed == "ab"
    assert ask(Choice("It", choices={"a": "A"}), "b").typed == "b"


def test_a_password_is_taken_as_typed_and_never_shown_again(ask):
    it = ask(Password("It"), " two  words ")
    assert (it.errors, it.data, it.typed, it.type) == ([], " two  words ", "", "password")
    assert ask(Password("It"), "x" * 201).errors == ["Shorten this to 200 characters or fewer. You used 201."]


def test_half_of_a_surrogate_pair_is_refused_and_not_shown(app):
    class OneField(Form):
        it = Line("It")

    with app.test_request_context("/"):
        form = OneField(MultiDict({"it": "a\ud800b"}))
        assert not form.validate()
        assert form.it.typed == "ab"


def test_the_choices_of_a_field_may_be_set_after_the_form_is_made(app):
    class Late(Form):
        expert = Choice("Expert", [MustBeGiven("Choose an expert")])

    with app.test_request_context("/", method="POST", data={"expert": "12"}):
        form = Late()
        form.expert.choices = {12: "Dr. Okafor"}
        assert form.validate()
        assert form.expert.data == 12


def test_any_of_several_may_be_chosen_and_nothing_else(ask):
    field = Choices("It", choices=Side)
    assert ask(field, "both_sides", "left").data == [Side.LEFT, Side.BOTH_SIDES]
    it = ask(field, "left", "right")
    assert (it.errors, it.data, it.typed) == ([ENGLISH.not_choice], [], {"left", "right"})


def test_a_field_speaks_the_language_of_its_form(ask):
    assert ask(ClockTime("Hora"), "9:30", words=SPANISH).errors == [SPANISH.morning_or_evening]
    assert [label for _, label, *_ in ask(Day("Fecha"), words=SPANISH).parts] == ["Mes", "Día", "Año"]
    assert list(ask(YesNo("Sí o no"), words=SPANISH).choices.values()) == ["Sí", "No"]


def test_spanish_says_everything_english_says_with_the_same_figures():
    for name, sentence in vars(ENGLISH).items():
        assert getattr(SPANISH, name).count("{}") == sentence.count("{}")
        assert getattr(SPANISH, name) != sentence or name in ("error", "no")


TODAY, DAY = clock.today(), timedelta(days=1)


@pytest.mark.parametrize(
    ("validator", "good", "bad"),
    [
        (MustBeAtMost(3, "No"), "abc", "abcd"),
        (MustBeAtMost(3, "No"), 3, 4),
        (MustBeAtLeast(2, "No"), [1, 2], [1]),
        (MustBeAtLeast(2, "No"), 2, 1),
        (MustBeInThePast("No"), TODAY - DAY, TODAY + 2 * DAY),
        (MustNotBeInThePast("No"), TODAY + DAY, TODAY - 2 * DAY),
        (MustBeOneOf({"a"}, "No"), "a", "b"),
        (MustBeGiven("No"), 0, None),
        (MustBeGiven("No"), "x", ""),
        (MustBeGiven("No"), [1], []),
    ],
)
def test_a_validator_holds_for_the_good_and_says_its_sentence_for_the_bad(app, validator, good, bad):
    class OneField(Form):
        it = Line("It", [validator])

    with app.test_request_context("/"):
        for answer, errors in ((good, []), (bad, ["No"])):
            form = OneField(data={"it": answer})
            form.validate()
            assert form.it.errors == errors


def test_no_is_an_answer_where_one_must_be_given(ask):
    assert ask(YesNo("It", [MustBeGiven("Say yes or no")]), "no").errors == []
    assert ask(YesNo("It", [MustBeGiven("Say yes or no")])).errors == ["Say yes or no"]


def test_a_box_must_be_ticked_where_a_tick_must_be_given(ask):
    assert ask(Tick("It", [MustBeGiven("Tick to agree")]), "yes").errors == []
    assert ask(Tick("It", [MustBeGiven("Tick to agree")])).errors == ["Tick to agree"]
