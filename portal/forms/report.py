"""What is asked of the expert who writes and signs a report, and of the coordinator who checks it."""

from typing import Any

from wtforms.validators import ValidationError

from portal.forms import Form
from portal.forms.appointment import Overriding
from portal.forms.fields import Choice, Choices, Hidden, Line, MayBeNeeded, MustBeGiven, Paragraphs, Tick
from portal.ime.report import ANSWER_FIELDS, NEEDED_SECTIONS, SECTIONS, mark, mark_of, written
from portal.models import Answer
from portal.words import Certainty, Party

SECTION_HINTS = {
    "history": "How it happened, treatment so far, earlier trouble with the same part, work.",
    "records_reviewed": "What the records show. The list of the records is added by itself.",
    "complaints": "In the claimant's own words where they matter.",
    "examination": "Findings with their figures, both sides where there are two.",
    "diagnoses": "One on each line.",
    "discussion": "How history, records and findings fit together.",
}
CANNOT = "Then write as the opinion why it cannot be determined, and what would be needed."
COLUMNS = {"section": "text"}
TALL = ("history", "records_reviewed", "examination", "discussion")


class WriterForm(Form):
    """The report as it is written: a field for each section, four for each answer. Made by `writer_form`."""

    items: dict[str, tuple[str, ...]] = {}  # item -> the names of its fields
    made_from = Hidden(limit=100_000)

    def typed(self) -> dict[str, dict[str, Any]]:
        """Item -> what was typed, by the columns of its row; without items that were not sent or hold a mistake."""
        return {item: values for item, names in self.items.items() if (values := self.sent(item, names))}

    def sent(self, item: str, names: tuple[str, ...]) -> dict[str, Any]:
        """The fields of an item as they came; radios of which none is chosen are never sent, so they come with the rest."""
        fields = {name: self[f"{name}_{item}"] for name in names}
        if any(field.errors for field in fields.values()) or not any(
            field.raw_data for field in fields.values()
        ):
            return {}
        return {
            COLUMNS.get(name, name): field.data
            for name, field in fields.items()
            if field.raw_data or isinstance(field, Choice)
        }

    def given_marks(self) -> dict[str, str]:
        """Item -> the mark of what the page was made from; an item that names none is marked as unknown."""
        pairs = (pair.partition(":") for pair in (self.made_from.data or "").split(","))
        named = {item: mark for item, _, mark in pairs}
        return {item: named.get(item, "unknown") for item in self.items}

    def show_marks(self, marks: dict[str, str]) -> None:
        self.made_from.process_data(",".join(f"{item}:{mark}" for item, mark in marks.items()))


def writer_form(items: dict[str, Any], is_file_review: bool) -> WriterForm:
    """The form of a report, filled with what is written so far; `items` are sections and answers by name."""
    fields: dict[str, Any] = {}
    names: dict[str, tuple[str, ...]] = {}
    data: dict[str, Any] = {}
    for item, row in items.items():
        fields |= answer_fields(item, row) if isinstance(row, Answer) else section_field(item, is_file_review)
        names[item] = ANSWER_FIELDS if isinstance(row, Answer) else ("section",)
        values = written(row)
        data |= {f"{name}_{item}": values[COLUMNS.get(name, name)] for name in names[item]}
    return type("ReportForm", (WriterForm,), {**fields, "items": names})(data=data)


def section_field(key: str, is_file_review: bool) -> dict[str, Any]:
    needed = key in NEEDED_SECTIONS or (key == "examination" and not is_file_review)
    field = Paragraphs if not needed else Needed
    rows = 10 if key in TALL else 4
    return {f"section_{key}": field(SECTIONS[key], hint=SECTION_HINTS[key], rows=rows, limit=200_000)}


class Needed(Paragraphs):
    """Paragraphs that may be saved empty while the report is written, though it cannot be signed without them."""

    def __init__(self, *args: Any, **rest: Any) -> None:
        super().__init__(*args, **rest)
        self.required = True


class Certain(Choice):
    """How certain an answer is; may stay open while the report is written."""

    def __init__(self, *args: Any, **rest: Any) -> None:
        super().__init__(*args, **rest)
        self.required = True


def answer_fields(item: str, answer: Answer) -> dict[str, Any]:
    """The four fields of one answer; the opinion is asked differently where the question cannot be determined."""
    cannot = answer.certainty == Certainty.CANNOT_DETERMINE
    opinion = "Why it cannot be determined, and what would be needed" if cannot else "Opinion"
    return {
        f"opinion_{item}": Needed(opinion, rows=4, limit=50_000),
        f"reasons_{item}": Needed("Reasons", rows=6, limit=50_000),
        f"certainty_{item}": Certain(
            "How certain is this?",
            choices={each: each.title for each in Certainty},
            hints={Certainty.CANNOT_DETERMINE: CANNOT},
        ),
        f"pages_{item}": Line("Pages of the records you rely on", hint="Like 3, 7–9.", width=20),
    }


def marks_after(form: WriterForm, items: dict[str, Any]) -> dict[str, str]:
    """What the page, as it still stands in the browser, is made from: the stored text only where it shows it."""
    typed, given = form.typed(), form.given_marks()
    return {
        item: mark(row) if item in typed and shows(row, typed[item]) else given[item]
        for item, row in items.items()
    }


def shows(row: Any, typed: dict[str, Any]) -> bool:
    """Whether what was typed is what the row says."""
    return mark_of({**written(row), **typed}) == mark(row)


class SignatureForm(Form):
    """The expert's own word under the whole report; `read` is the fingerprint of what the page showed."""

    read = Hidden(limit=64)
    is_own = Tick(
        "I have read the whole report above. The opinions are my own, and I sign it.",
        [MustBeGiven("Tick this when you have read the report and want to sign it")],
    )


class Copying(Overriding):
    """Who gets a copy of a signed paper the same day; `read` is the SHA-256 of the one that was checked."""

    copies = Choices(
        "Who gets a copy from you today?",
        [MayBeNeeded()],
        hint="The referrer reads it here. Every copy goes into the accounting.",
    )
    read = Hidden()

    def offers(self, parties: list[Party]) -> None:
        """These may get one."""
        self.copies.choices = {party: party.title for party in parties}


class CheckForm(Copying):
    """The coordinator's check, point by point."""

    checked = Choices("What you checked")

    def validate_checked(self, field: Any) -> None:
        """Released is only what was checked on every point."""
        if len(field.data) < len(field.choices):
            raise ValidationError("Tick every point, or return the report to the expert")


def check_form(points: list[Any], parties: list[Party]) -> CheckForm:
    """The check with the points of this case, and the parties who may get a copy."""
    form = CheckForm()
    form.offers(parties)
    form.checked.choices = {point.key: point.sentence for point in points}
    form.checked.hints = {point.key: point.facts for point in points if point.facts}
    form.checked.required = True
    return form


class ReturnForm(Form):
    """Comments for the expert, in general and on single answers. Made by `return_form`."""

    general = Paragraphs("On the report as a whole", rows=4)


def return_form(answers: list[Answer]) -> ReturnForm:
    """The form with one comment for each question."""
    fields = {
        f"comment_{each.question_id}": Paragraphs(f"On the answer to question {each.question.number}", rows=3)
        for each in answers
    }
    return type("CommentsForm", (ReturnForm,), fields)()
