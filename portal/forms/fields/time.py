"""Answers that are a day or a time of day."""

import re
from datetime import date, time

from portal.written import clock_face

from .base import Answer, first_text, only_text
from .text import Line
from .words import MONTHS

PARTS = ("month", "day", "year")
WIDTHS = {"month": 3, "day": 2, "year": 4}  # a month may be a name like Mar
CLOCK = re.compile(r"(\d{1,2})(?:[:.h ]?(\d{2}))?\s*(am|pm|a|p)?", re.ASCII)
NAMED_TIMES = {
    "noon": time(12),
    "midday": time(12),
    "midnight": time(0),
    "mediodía": time(12),
    "mediodia": time(12),
}


class Day(Answer):
    """A day typed as month, day and year in three inputs; None when left out."""

    kind = "day"

    def __init__(self, *args, birthday=False, **rest):
        super().__init__(*args, **rest)
        self.birthday = birthday

    def process_data(self, value):
        self.data, self.wrong = value, ()
        self.typed = (
            dict(zip(PARTS, (value.month, value.day, value.year), strict=True))
            if value
            else dict.fromkeys(PARTS, "")
        )

    def process(self, formdata, *args, **rest):
        """Gather the three parts, any of which the post may lack."""
        self.posted = None if formdata is None else formdata
        super().process(formdata, *args, **rest)

    def process_formdata(self, valuelist):
        self.typed = {
            part: only_text(first_text(self.posted.getlist(f"{self.name}-{part}")))[:20] for part in PARTS
        }
        self.data = self.read() if any(self.typed.values()) else None

    def read(self):
        """The day typed, or ValueError naming the part to mend."""
        self.data = None
        for part in PARTS:
            self.demand(self.typed[part], part, f"missing_{part}")
        month = self.demand(month_number(self.typed["month"]), "month", "not_month")
        day = self.demand(number_between(self.typed["day"], 1, 31), "day", "not_day")
        year = self.demand(number_between(self.typed["year"], 1900, 2100), "year", "not_year")
        try:
            return date(year, month, day)
        except ValueError:
            return self.demand(None, "day", "no_such_day")

    def demand(self, value, part, sentence):
        """The value, unless it is nothing: then the part is marked and its sentence raised."""
        if not value:
            self.wrong = (part,)
            raise ValueError(getattr(self.words, sentence))
        return value

    @property
    def parts(self):
        """For the macro: (name of the part, its label, what was typed, whether it is wrong, width)."""
        marked = self.wrong or (PARTS if self.errors else ())
        return [
            (part, getattr(self.words, part), self.typed[part], part in marked, WIDTHS[part])
            for part in PARTS
        ]

    @property
    def focus_id(self):
        return f"{self.id}-{self.wrong[0] if self.wrong else 'month'}"


class ClockTime(Line):
    """A time of day like 9:30 am; None when left out."""

    limit = 20
    width = 10

    def read(self, typed):
        said = typed.lower().replace(".m.", "m").replace(".", ":") if typed else ""
        if not said:
            return None
        return NAMED_TIMES.get(said) or self.read_clock(CLOCK.fullmatch(said))

    def read_clock(self, found):
        """The time a clock shows, 12 or 24 hours; ValueError when it shows none or leaves the half open."""
        if not found or int(found[1]) > 23 or int(found[2] or 0) > 59:
            raise ValueError(self.words.not_time)
        hour, minute, half = int(found[1]), int(found[2] or 0), (found[3] or "")[:1]
        if half:
            return self.read_half(hour, minute, half)
        if 1 <= hour <= 12 and not found[1].startswith("0"):
            raise ValueError(self.words.morning_or_evening)
        return time(hour, minute)

    def read_half(self, hour, minute, half):
        """The time of the morning or of the afternoon."""
        if not 1 <= hour <= 12:
            raise ValueError(self.words.not_time)
        return time(hour % 12 + (12 if half == "p" else 0), minute)

    def shown(self, value):
        return clock_face(value)


def month_number(typed):
    """1 to 12 for a number or the first three letters or more of a name; None for anything else."""
    word = typed.lower().rstrip(".")
    if len(word) < 3 or word.isdigit():
        return number_between(word, 1, 12)
    return next(
        (number for names, number in MONTHS.items() if any(n.startswith(word) for n in names.split())), None
    )


def number_between(typed, least, most):
    """The whole number typed if it lies between the two, else None."""
    number = int(typed) if typed.isascii() and typed.isdigit() else 0
    return number if least <= number <= most else None
