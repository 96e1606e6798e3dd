"""What filing, asking for and settling records asks."""

from portal.forms import Form
from portal.forms.fields import (
    Choice,
    Day,
    Line,
    MustBeGiven,
    MustBeInThePast,
    MustNotBeInThePast,
    Uploads,
)
from portal.ime.intake import FILE_LIMIT
from portal.ime.records import ASKED_FOR, FILED_BY_HAND
from portal.outside.inspect import MEDIA_TYPES
from portal.words import RecordSource, RecordState


def titled(words):
    """{word: how it reads at the start of a line}"""
    return {word: word.title for word in words}


class UploadForm(Form):
    """Many files with one kind, provider, date and audience."""

    files = Uploads(
        "Choose the files",
        [MustBeGiven("Choose at least one file")],
        hint=f"PDF, Word (.docx) or pictures, up to {FILE_LIMIT // 1024**2} MB a file, up to 50 files at once.",
        accept=",".join(f".{ending}" for ending in MEDIA_TYPES),
    )
    kind = Choice(
        "What are they?",
        [MustBeGiven("Choose what the files are")],
        choices=titled(FILED_BY_HAND),
        select=True,
    )
    provider = Line("Who wrote them?", hint="A practice, hospital or person", limit=120)
    dated_on = Day("What date is on them?", [MustBeInThePast("Enter a date that is not in the future")])
    audience = Choice("Who may read them?", [MustBeGiven("Choose who may read the files")])

    def __init__(self, audiences):
        super().__init__()
        self.audience.choices = titled(audiences)
        if not self.is_submitted():
            self.audience.process_data(audiences[0])


class RequestForm(Form):
    """One record to ask for: which, of whom, by when."""

    what = Line(
        "Which record do you need?",
        [MustBeGiven("Say which record you ask for")],
        hint="For example: MRI of the left shoulder with its report",
        limit=200,
    )
    kind = Choice(
        "What kind of record is it?",
        [MustBeGiven("Choose the kind of record")],
        choices=titled(ASKED_FOR),
        select=True,
    )
    asked_of = Choice("Whom do you ask?", [MustBeGiven("Choose whom you ask")], choices=titled(RecordSource))
    due_on = Day(
        "By when do you need it?",
        [
            MustBeGiven("Enter the day by which you need it, like 3 14 2027"),
            MustNotBeInThePast("Choose a day that is still to come"),
        ],
    )


class SettlementForm(Form):
    """Whether a requested record came, and as which document."""

    state = Choice(
        "Did the record come?",
        [MustBeGiven("Choose whether the record came")],
        choices={RecordState.RECEIVED: "It came", RecordState.UNAVAILABLE: "It is not available"},
    )
    document = Choice("Which document is it?", hint="Leave this if it is not filed here", select=True)

    def __init__(self, documents):
        super().__init__()
        self.document.choices = documents
