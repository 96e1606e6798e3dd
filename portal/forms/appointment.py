"""What is asked to choose, book, move, offer or cancel an appointment."""

import re

from wtforms.validators import StopValidation

from portal.forms import Form
from portal.forms.fields import Choice, Choices, Day, MayBeNeeded, MustBeGiven, MustNotBeInThePast, Paragraphs
from portal.ime.appointment import TAKEN
from portal.words import Party

SLOT = re.compile(r"[1-9]\d{0,14}-\d{8}T\d{6}Z", re.ASCII)
WANTED_BY = {
    Party.CLAIMANT: "The claimant",
    Party.REFERRER: "The referrer",
    Party.EXPERT: "The expert",
    Party.COORDINATOR: "Our office",
}


class SlotChoice(Choice):
    """One of the free slots shown; what looks like a slot and is not free any more was booked by somebody else."""

    def pre_validate(self, form):
        if self.raw_data and SLOT.fullmatch(self.typed) and self.typed not in self.choices:
            raise StopValidation(TAKEN)
        super().pre_validate(form)


class SlotsChoice(Choices):
    """Some of the free slots shown."""

    def pre_validate(self, form):
        if any(SLOT.fullmatch(each) and each not in self.choices for each in self.typed):
            raise StopValidation(TAKEN)
        super().pre_validate(form)


class ChoosingForm(Form):
    """Which free slot; the view sets the choices."""

    slot = SlotChoice("Free times", [MustBeGiven("Choose a time")])


class Overriding(Form):
    """Why something is done although a rule stands against it; asked only where one does."""

    override = Paragraphs(
        "Why is it done although a rule stands against it?",
        [MayBeNeeded()],
        hint="It is kept with the case, with your name, the rule and the time.",
        rows=3,
        limit=2_000,
    )


class BookingForm(Overriding):
    """To be sure of the time that was chosen."""


def why(question, missing):
    return Paragraphs(
        question, [MustBeGiven(missing)], hint="The referrer and your colleagues read this.", rows=3
    )


def wanted_by():
    return Choice("Who wants it?", [MustBeGiven("Say who wants it")], choices=WANTED_BY)


class MovingForm(Overriding):
    """Why the appointment is moved, and who wants it."""

    wanted_by = wanted_by()
    why = why("Why is the appointment moved?", "Say why the appointment is moved")


class CancellingForm(Overriding):
    """Why the appointment is cancelled, and who wants it."""

    wanted_by = wanted_by()
    why = why("Why is the appointment cancelled?", "Say why the appointment is cancelled")


class OfferingForm(Overriding):
    """Which times the claimant may choose from, and until when."""

    slots = SlotsChoice("Choose up to three times", [MustBeGiven("Choose one to three times")])
    until = Day(
        "Until when may they answer?",
        [
            MustBeGiven("Enter the day by which they answer"),
            MustNotBeInThePast("Choose a day that is still to come"),
        ],
        hint="The times are kept until the end of this day, Eastern time.",
    )


class WithdrawingForm(Form):
    """Why the offered times are taken back."""

    why = Paragraphs(
        "Why are the times taken back?",
        [MustBeGiven("Say why the times are taken back")],
        hint="Only coordinators read this. Please tell the claimant by phone.",
        rows=3,
        limit=2_000,
    )


class PickingForm(Form):
    """Which of the offered times the claimant takes; the view sets the choices."""

    slot = SlotChoice("Which time suits you?", [MustBeGiven("Choose a time")])


class RefusingForm(Form):
    """Which days are better, when none of the offered times works."""

    why = Paragraphs(
        "Which days and times are better for you?",
        [MustBeGiven("Tell us which days are better for you")],
        hint="A few words are enough. Our office reads this.",
        limit=1_000,
        rows=4,
    )
