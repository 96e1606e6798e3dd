"""What is asked about the questions for the expert."""

from werkzeug.datastructures import MultiDict

from portal.forms.fields import Choice, Choices, Hidden, MustBeGiven, Paragraphs
from portal.forms.rows import Row, RowsForm
from portal.ime.referral import MOST_ROWS
from portal.words import Issue

LONGEST_QUESTION = 1_000


class QuestionRow(Row):
    """One question; `id` is its identity, empty for a new one."""

    apart = ("issue", "library_key")

    id = Hidden()
    library_key = Hidden()
    text = Paragraphs(
        "Question", [MustBeGiven("Write the question, or remove it")], limit=LONGEST_QUESTION, rows=3
    )
    issue = Choice("Issue", select=True, choices={each: each.title for each in Issue})

    def wanted(self):
        """The row as `edit_referral` takes it."""
        return {
            "id": identity(self.id.data),
            "text": self.text.data,
            "issue": self.issue.data or Issue.OTHER,
            "library_key": self.library_key.data,
        }


def identity(typed):
    """The id a row carries, None for a new question; what is no number is the id of no question."""
    if not typed:
        return None
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 16 else 0


class QuestionsForm(RowsForm):
    """The questions in their order, and those of the library that were ticked to be added."""

    row, noun, most = QuestionRow, "question", MOST_ROWS

    library = Choices("Questions that suit this case")

    def number(self):
        """Give each question's field the number it will have."""
        for place, row in enumerate(self.rows, start=1):
            row.text.label.text = f"Question {place}"

    @classmethod
    def of(cls, questions):
        return cls(kept=[question.__data__ for question in questions])

    def is_to_be_kept(self, pressed, suggestions):
        """Whether the button pressed saves and all is well; the others change what the page shows."""
        if not self.is_submitted() or pressed == "look" or self.rearrange(pressed):
            return False
        if pressed == "choose":
            self.add_ticked(suggestions)
            return False
        return self.validate() and self.is_well_with_ticked(suggestions)

    def is_well_with_ticked(self, suggestions):
        """What was ticked and not yet added is kept as well."""
        if self.library.data:
            self.add_ticked(suggestions)
        return self.validate()

    def add_ticked(self, suggestions):
        """Put the ticked suggestions at the end as new questions, and untick them."""
        ticked = [each for each in suggestions if each.key in self.library.typed]
        given = [typed for typed in self.typed if not self.row.is_blank(typed)]
        self.arrange([*given, *map(as_typed, ticked)])
        self.library.process_data([])

    def changes(self):
        return {"questions": [row.wanted() for row in self.given]}


def as_typed(suggestion):
    """A suggestion as if it had been typed into a new row."""
    return MultiDict({"text": suggestion.text, "issue": str(suggestion.issue), "library_key": suggestion.key})
