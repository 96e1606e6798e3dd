"""Answers that are picked from what is shown."""

from enum import Enum

from wtforms.validators import StopValidation

from .base import Answer, first_text, only_text

STATES = {
    "AL": "Alabama", "AK": "Alaska", "AZ": "Arizona", "AR": "Arkansas", "CA": "California", "CO": "Colorado",
    "CT": "Connecticut", "DE": "Delaware", "DC": "District of Columbia", "FL": "Florida", "GA": "Georgia",
    "HI": "Hawaii", "ID": "Idaho", "IL": "Illinois", "IN": "Indiana", "IA": "Iowa", "KS": "Kansas",
    "KY": "Kentucky", "LA": "Louisiana", "ME": "Maine", "MD": "Maryland", "MA": "Massachusetts", "MI": "Michigan",
    "MN": "Minnesota", "MS": "Mississippi", "MO": "Missouri", "MT": "Montana", "NE": "Nebraska", "NV": "Nevada",
    "NH": "New Hampshire", "NJ": "New Jersey", "NM": "New Mexico", "NY": "New York", "NC": "North Carolina",
    "ND": "North Dakota", "OH": "Ohio", "OK": "Oklahoma", "OR": "Oregon", "PA": "Pennsylvania",
    "PR": "Puerto Rico", "RI": "Rhode Island", "SC": "South Carolina", "SD": "South Dakota", "TN": "Tennessee",
    "TX": "Texas", "UT": "Utah", "VT": "Vermont", "VA": "Virginia", "WA": "Washington", "WV": "West Virginia",
    "WI": "Wisconsin", "WY": "Wyoming",
}  # fmt: skip


def label_of(member):
    """What an enum's member is called on screen: its `label` if it has one, else its value as a sentence."""
    return getattr(member, "label", None) or str(member.value).replace("_", " ").capitalize()


class Picked(Answer):
    """What choices have in common: {value: label} from a dict or an Enum class, and a hint for each value."""

    def __init__(self, *args, choices=None, hints=None, **rest):
        super().__init__(*args, **rest)
        self.hints = {key_of(value): hint for value, hint in (hints or {}).items()}
        self.choices = choices or {}

    @property
    def choices(self):
        """{value as sent: label}, in the order shown."""
        return self._choices

    @choices.setter
    def choices(self, choices):
        pairs = (
            [(member, label_of(member)) for member in choices] if is_enum(choices) else list(choices.items())
        )
        self._choices = {key_of(value): label for value, label in pairs}
        self._values = {key_of(value): value for value, _ in pairs}

    def option_id(self, place):
        """The id of the option at a place, counted from 1."""
        return self.id if place == 1 else f"{self.id}-{place}"


def is_enum(choices):
    """Whether the choices are an Enum class."""
    return isinstance(choices, type) and issubclass(choices, Enum)


def key_of(value):
    """A choice's value as it stands in the page."""
    return str(value.value if isinstance(value, Enum) else value)


class Choice(Picked):
    """One of several, as radios, or as a select with `select=True`; None when left out.

    The answer is the key of `choices` (a str, int or enum member) or the enum's member.
    """

    kind = "radios"

    def __init__(self, *args, select=False, inline=False, **rest):
        super().__init__(*args, **rest)
        self.kind = "select" if select else self.kind
        self.inline = inline

    def process_data(self, value):
        self.data = value
        self.typed = "" if value is None else key_of(value)

    def process_formdata(self, valuelist):
        self.typed = only_text(first_text(valuelist))
        self.data = None

    def pre_validate(self, form):
        """Read the answer only now, since a view may set the choices after the form was made."""
        super().pre_validate(form)
        if self.raw_data is None or not self.typed:
            return
        if self.typed not in self._values:
            raise StopValidation(self.words.not_choice)
        self.data = self._values[self.typed]


class Choices(Picked):
    """Any of several, as checkboxes; [] when none."""

    kind = "checkboxes"

    def process_data(self, value):
        self.data = list(value or [])
        self.typed = {key_of(each) for each in self.data}

    def process_formdata(self, valuelist):
        self.typed = {only_text(each) for each in valuelist if isinstance(each, str) and each}
        self.data = []

    def pre_validate(self, form):
        super().pre_validate(form)
        if self.raw_data is None:
            return
        if not self.typed <= self._values.keys():
            raise StopValidation(self.words.not_choice)
        self.data = [value for key, value in self._values.items() if key in self.typed]


class YesNo(Choice):
    """Yes or no as True or False; None when left out."""

    def __init__(self, *args, **rest):
        super().__init__(*args, inline=True, **rest)
        self.choices = {"yes": self.words.yes, "no": self.words.no}
        self._values = {"yes": True, "no": False}

    def process_data(self, value):
        self.data = value
        self.typed = {True: "yes", False: "no"}.get(value, "")


class State(Choice):
    """A state of the US as its two letters; None when left out."""

    autocomplete = "address-level1"

    def __init__(self, *args, **rest):
        super().__init__(*args, choices=STATES, select=True, **rest)


class Tick(Answer):
    """A single checkbox whose label is the sentence agreed to; True or False."""

    kind = "tick"

    @property
    def is_given(self):
        """A box left empty is no answer."""
        return self.data

    def process_data(self, value):
        self.data = bool(value)

    def process_formdata(self, valuelist):
        self.data = first_text(valuelist) == "yes"
