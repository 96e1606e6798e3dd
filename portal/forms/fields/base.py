"""What every field has in common: a kind, a hint, and what was typed."""

import re
import unicodedata

from wtforms import Field
from wtforms.validators import StopValidation

from portal.written import readable

from .validators import MustBeGiven
from .words import ENGLISH

# Word processors paste a vertical tab or a line separator for a soft break.
LINE_BREAK = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")


class Answer(Field):
    """A field drawn by the macro for its `kind`; `hint` stands above it, `width` is in characters."""

    kind = "line"
    width = None
    autocomplete = None

    def __init__(self, label=None, validators=None, *, hint="", width=None, autocomplete=None, **rest):
        super().__init__(label, validators, description=hint, **rest)
        self.width = width or self.width
        self.autocomplete = autocomplete or self.autocomplete
        self.required = any(isinstance(each, MustBeGiven) for each in self.validators)

    @property
    def words(self):
        """The words of the form this field belongs to."""
        return getattr(self._form, "words", ENGLISH)

    @property
    def is_given(self):
        """Whether there is an answer; No and 0 are answers."""
        return self.data not in (None, "", [])

    @property
    def focus_id(self):
        """The id of the input that an error leads to."""
        return self.id

    def pre_validate(self, form):
        """What could not be read needs no second complaint."""
        if self.process_errors:
            raise StopValidation()


def is_text(character):
    """Whether a character is neither a control nor half of a pair; newline and tab are text."""
    return character in "\n\t" or unicodedata.category(character) not in ("Cc", "Cs")


def only_text(raw):
    """The text without the characters that no page may show."""
    return "".join(filter(is_text, raw))


def first_text(values):
    """The first of the values sent, stripped, with plain newlines; "" where nothing of it can be seen. A file sent in its
    place is no text."""
    raw = values[0] if values and isinstance(values[0], str) else ""
    return readable(LINE_BREAK.sub("\n", raw))
