"""What is asked of an expert for their hours and time off."""

from portal.forms import Form
from portal.forms.fields import Choices, ClockTime, Day, MustBeGiven, Tick
from portal.ime.hours import WEEKDAYS


class HoursForm(Form):
    """The same hours on one or more days of the week, for ever or between two days."""

    weekdays = Choices("On which days?", [MustBeGiven("Choose one or more days")])
    opens = ClockTime("From", [MustBeGiven("Enter when you begin, like 9:00 am")])
    closes = ClockTime("Until", [MustBeGiven("Enter when you end, like 12:00 pm")])
    first_day = Day("First day", hint="Leave it out for hours that hold from now on")
    last_day = Day("Last day", hint="Leave it out for hours that have no end")
    is_telehealth = Tick("By video, not in person")

    def __init__(self, *args, **rest):
        super().__init__(*args, **rest)
        self.weekdays.choices = dict(enumerate(WEEKDAYS))


class TimeOffForm(Form):
    """Days on which the expert does not examine, both included."""

    first_day = Day("First day off", [MustBeGiven("Enter the first day off")])
    last_day = Day("Last day off", [MustBeGiven("Enter the last day off")], hint="Included.")
