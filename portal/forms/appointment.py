"""What is asked to book, move or cancel an appointment, and of an expert for their hours."""

import re

from wtforms.validators import StopValidation

from portal.forms import Form
from portal.forms.fields import Choice, Choices, ClockTime, Day, MustBeGiven, Paragraphs
from portal.ime.appointment import TAKEN
from portal.ime.hours import WEEKDAYS

SLOT = re.compile(r"[1-9]\d{0,14}-\d{8}T\d{6}Z", re.ASCII)


class SlotChoice(Choice):
    """One of the free slots shown; what looks like a slot and is not free any more was booked by somebody else."""

    def pre_validate(self, form):
        if self.raw_data and SLOT.fullmatch(self.typed) and self.typed not in self.choices:
            raise StopValidation(TAKEN)
        super().pre_validate(form)


class BookingForm(Form):
    """Which free slot; the view sets the choices."""

    slot = SlotChoice("Free times", [MustBeGiven("Choose a time")])


class MovingForm(BookingForm):
    """Which other slot, and why."""

    why = Paragraphs(
        "Why is the appointment moved?",
        [MustBeGiven("Say why the appointment is moved")],
        hint="The referrer and your colleagues read this.",
        rows=3,
    )


class CancellingForm(Form):
    """Why the appointment is cancelled."""

    why = Paragraphs(
        "Why is the appointment cancelled?",
        [MustBeGiven("Say why the appointment is cancelled")],
        hint="The referrer and your colleagues read this.",
        rows=3,
    )


class HoursForm(Form):
    """The same hours on one or more days of the week."""

    weekdays = Choices("On which days?", [MustBeGiven("Choose one or more days")])
    opens = ClockTime("From", [MustBeGiven("Enter when you begin, like 9:00 am")])
    closes = ClockTime("Until", [MustBeGiven("Enter when you end, like 12:00 pm")])

    def __init__(self, *args, **rest):
        super().__init__(*args, **rest)
        self.weekdays.choices = dict(enumerate(WEEKDAYS))


class TimeOffForm(Form):
    """Days on which the expert does not examine, both included."""

    first_day = Day("First day off", [MustBeGiven("Enter the first day off")])
    last_day = Day("Last day off", [MustBeGiven("Enter the last day off")], hint="Included.")
