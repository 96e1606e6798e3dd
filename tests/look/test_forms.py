"""A form as a whole: what it takes from a request, what it shows, and that nothing breaks it."""

import io
from datetime import date, time

from flask import render_template_string
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict

from portal.forms import Form
from portal.forms.fields import (
    Choice,
    Choices,
    ClockTime,
    Day,
    Line,
    Money,
    MustBeGiven,
    Phone,
    Upload,
    Uploads,
    YesNo,
)
from tests.look.gallery import SHOW, GalleryForm, Side, create_gallery


def test_a_field_left_out_of_the_post_is_an_empty_answer_not_the_kept_one(app):
    class Two(Form):
        line = Line("Line", [MustBeGiven("Enter the line")])
        parts = Choices("Parts", choices={"a": "A"})
        day = Day("Day")

    with app.test_request_context("/", method="POST", data={"other": "1"}):
        form = Two(data={"line": "kept", "parts": ["a"], "day": date(2025, 3, 14)})
        assert not form.validate()
        assert form.errors == {"line": ["Enter the line"]}
        assert (form.parts.data, form.day.data) == ([], None)


def test_a_form_shown_first_shows_what_is_kept(app):
    class Kept(Form):
        line = Line("Line")
        fee = Money("Fee")
        phone = Phone("Phone")
        day = Day("Day")
        starts = ClockTime("Starts")
        side = Choice("Side", choices=Side)
        parts = Choices("Parts", choices=Side)
        needed = YesNo("Needed")

    kept = {
        "line": "Rosa", "fee": 125050, "phone": "+14155550132", "day": date(2025, 3, 14), "starts": time(13, 5),
        "side": Side.LEFT, "parts": [Side.LEFT], "needed": False,
    }  # fmt: skip
    with app.test_request_context("/"):
        form = Kept(data=kept)
        assert [form.line.typed, form.fee.typed, form.phone.typed, form.starts.typed] == [
            "Rosa", "1,250.50", "(415) 555-0132", "1:05 pm",
        ]  # fmt: skip
        assert form.day.typed == {"month": 3, "day": 14, "year": 2025}
        assert (form.side.typed, form.parts.typed, form.needed.typed) == ("left", {"left"}, "no")
        page = render_template_string(SHOW, form=form)
    assert page.count(" checked") == 3


def test_files_are_taken_from_file_parts_only(app):
    class Files(Form):
        one = Upload("One", [MustBeGiven("Choose a file")])
        many = Uploads("Many", at_most=2)

    def send(**data):
        with app.test_request_context("/", method="POST", data=data):
            form = Files()
            form.validate()
            return form

    def file(name="a.pdf"):
        return (io.BytesIO(b"%PDF-1.7"), name)

    both = send(one=file(), many=[file("b.pdf"), file("c.pdf")])
    assert (both.errors, both.one.data.filename) == ({}, "a.pdf")
    assert [each.filename for each in both.many.data] == ["b.pdf", "c.pdf"]
    assert send(one="a.pdf", many="text").errors == {"one": ["Choose a file"]}
    assert send(one=file(), many=[file()] * 3).errors == {"many": ["Choose 2 files or fewer at a time"]}


def test_a_file_sent_in_place_of_text_is_an_empty_answer(app):
    with app.test_request_context(
        "/",
        method="POST",
        data={
            name: (io.BytesIO(b"x"), "x.txt")
            for name in ("claim_number", "reason", "injured_on-day", "no_conflict")
        },
    ):
        form = GalleryForm()
        assert not form.validate()
        assert form.claim_number.errors == ["Enter the claim number"]
        assert form.injured_on.errors == ["Enter the date of injury, like 3 14 2025"]


def test_json_is_no_form(app):
    with app.test_request_context("/", method="POST", json={"claim_number": ["\ud800"], "reason": 7}):
        form = GalleryForm()
        assert not form.validate()
        assert form.claim_number.data == ""


NAMES = [unbound for unbound in vars(GalleryForm) if hasattr(getattr(GalleryForm, unbound), "bind")]
INPUTS = [*NAMES, "injured_on-month", "injured_on-day", "injured_on-year"]


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.sampled_from(INPUTS), st.text(max_size=40)))
def test_no_input_breaks_a_form(typed):
    with create_gallery().test_request_context("/"):
        form = GalleryForm(MultiDict(typed), meta={"csrf": False})
        form.validate()
        render_template_string(SHOW, form=form).encode()
