"""The kinds of answer a form can ask for; components/form.html draws each by its `kind`."""

from .choice import Choice, Choices, State, Tick, YesNo
from .file import Upload, Uploads
from .text import Email, Hidden, Line, Money, Number, Paragraphs, Password, Phone, Zip
from .time import ClockTime, Day
from .validators import (
    MayBeNeeded,
    MustBeAtLeast,
    MustBeAtMost,
    MustBeGiven,
    MustBeInThePast,
    MustBeOneOf,
    MustNotBeInThePast,
)
from .words import ENGLISH, SPANISH, FormWords

__all__ = [
    "ENGLISH", "SPANISH", "Choice", "Choices", "ClockTime", "Day", "Email", "FormWords", "Hidden", "Line",
    "MayBeNeeded", "Money", "MustBeAtLeast", "MustBeAtMost", "MustBeGiven", "MustBeInThePast", "MustBeOneOf",
    "MustNotBeInThePast", "Number", "Paragraphs", "Password", "Phone", "State", "Tick", "Upload", "Uploads",
    "YesNo", "Zip",
]  # fmt: skip
