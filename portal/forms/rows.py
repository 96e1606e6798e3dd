"""Rows of the same few fields, added, removed and moved by buttons; nothing that was typed is lost by it."""

import re
from itertools import chain

from flask import request
from werkzeug.datastructures import MultiDict
from wtforms import Form as PlainForm

from portal.forms import Form
from portal.forms.fields.base import first_text
from portal.forms.fields.words import ENGLISH

NAME = re.compile(r"row-(\d{1,6})-(\w{1,40}(?:-\w{1,10})?)", re.ASCII)
PRESSED = re.compile(r"(remove|up|down)-(\d{1,6})", re.ASCII)


class Row(PlainForm):
    """One row of fields; `apart` are those that say nothing about whether the row was filled in."""

    words = ENGLISH
    apart = ()

    @classmethod
    def is_blank(cls, typed):
        """Whether nothing was typed into the row."""
        return not any(
            first_text([value]) for name, values in typed.lists() if name not in cls.apart for value in values
        )


class RowsForm(Form):
    """A form with rows: `row` is their class, `most` the limit, `noun` what one of them is called."""

    row = Row
    most = 30
    noun = "entry"

    def __init__(self, *args, kept=(), **rest):
        super().__init__(*args, **rest)
        self.typed, self.overflow = None, False
        if self.is_submitted():
            self.arrange(typed_rows(request.form))
        else:
            self.rows = [
                self.row(prefix=f"row-{place}-", data=data) for place, data in enumerate(kept or [{}])
            ]

    def arrange(self, typed):
        """Show these rows, as far as a page can show them."""
        self.overflow = len(typed) > self.most
        self.typed = typed[: self.most]
        self.rows = [
            self.row(formdata=numbered(place, row), prefix=f"row-{place}-")
            for place, row in enumerate(self.typed)
        ]

    @property
    def given(self):
        """The rows that were filled in."""
        if self.typed is None:
            return self.rows
        return [row for row, typed in zip(self.rows, self.typed, strict=True) if not self.row.is_blank(typed)]

    def rearrange(self, pressed):
        """Add, remove or move a row as the button pressed says; False when it was a button that saves."""
        typed = list(self.typed)
        asked = PRESSED.fullmatch(pressed)
        if pressed == "add":
            typed.append(MultiDict())
        elif asked:
            moved(typed, asked[1], int(asked[2]))
        else:
            return False
        self.arrange(typed)
        return True

    def validate(self, *args, **rest):
        """The form's own fields and every row that was filled in."""
        checked = [super().validate(*args, **rest), *[row.validate() for row in self.given]]
        if self.overflow:
            self.form_errors.append(
                f"Keep to {self.most} entries or fewer. Only the first {self.most} are shown here."
            )
        return all(checked) and not self.overflow

    @property
    def errors(self):
        """The errors of the form and of its rows, by field name."""
        of_rows = {f.name: f.errors for row in self.rows for f in row if f.errors}
        return {**super().errors, **of_rows}

    def __iter__(self):
        """Every field, those of the rows last, so that the summary of mistakes leads to each."""
        return chain(super().__iter__(), *self.rows)


def typed_rows(form):
    """What was typed, row by row in the order of their numbers: a MultiDict of field name to values each."""
    found = {}
    for name, values in form.lists():
        if match := NAME.fullmatch(name):
            found.setdefault(int(match[1]), MultiDict()).setlist(match[2], values)
    return [found[number] for number in sorted(found)]


def numbered(place, typed):
    """The row's fields under the names they have at a place."""
    return MultiDict([(f"row-{place}-{name}", value) for name, values in typed.lists() for value in values])


def moved(typed, verb, place):
    """Remove the row at a place, or move it up or down; a place that is not there moves nothing."""
    if place >= len(typed):
        return
    row = typed.pop(place)
    if verb != "remove":
        typed.insert(max(0, place - 1) if verb == "up" else place + 1, row)
