"""What offering a case, answering the offer and ending an engagement are asked."""

from collections.abc import Mapping

from portal.forms import Form
from portal.forms.appointment import WANTED_BY, Overriding
from portal.forms.case import one_of
from portal.forms.fields import Choice, Day, MayBeNeeded, MustBeGiven, MustNotBeInThePast, Paragraphs, YesNo
from portal.forms.fields.choice import STATES
from portal.ime.matching import RELEASING
from portal.ime.specialties import specialties

WHY_PASSED = {
    "treated": "I have treated the claimant",
    "practice": "I share a practice with the treating doctor",
    "financial_link": "I have a financial link with a party",
    "no_time": "I have no time for it",
    "field": "It is outside my field",
    "other": "Another reason",
}


class OfferForm(Form):
    """Whom the case is offered, until when, and why not the first on the list."""

    expert = Choice("Whom do you offer the case?", [MustBeGiven("Choose an expert")])
    until = Day(
        "Until when may they answer?",
        [
            MustBeGiven("Enter the day by which they must answer"),
            MustNotBeInThePast("Choose a day that is still to come"),
        ],
        hint="The offer runs out at the end of this day, Eastern time.",
    )
    why_not_first = Paragraphs(
        "Why not the first on the list?",
        [MayBeNeeded()],
        hint="Needed only when you choose another. It is kept with the offer.",
        rows=3,
        limit=2_000,
    )


class DrawForm(Form):
    """Why names are drawn anew; the first draw needs no reason."""

    why = Paragraphs(
        "Why are names drawn anew?",
        [MayBeNeeded()],
        hint="Needed only after a draw. It is kept with it.",
        rows=3,
        limit=2_000,
    )


class StrikeForm(Form):
    """Which name is struck, and for the office by whom; the view sets the choices."""

    expert = Choice("Which name is struck?", [MustBeGiven("Choose the name that is struck")])
    party = Choice("Who strikes it?", [MustBeGiven("Say who strikes the name")])


class DeclarationForm(Form):
    """The expert's declaration of conflicts, before they take the case."""

    has_treated = YesNo(
        "Have you ever treated this person?", [MustBeGiven("Say whether you have ever treated this person")]
    )
    shares_practice = YesNo(
        "Do you work in the same practice as the treating doctor?",
        [MustBeGiven("Say whether you work in the treating doctor's practice")],
    )
    has_financial_link = YesNo(
        "Do you have a financial link with anybody named here?",
        [MustBeGiven("Say whether you have a financial link with anybody named here")],
        hint="For example as an owner, an employee, a relative or a business partner.",
    )
    note = Paragraphs(
        "Anything else the coordinator should know?",
        hint="Write nothing about the claimant's health.",
        rows=3,
        limit=2_000,
    )


class PassForm(Form):
    """Why the expert does not take the case."""

    because = Choice("Why do you pass?", [MustBeGiven("Choose why you pass")], choices=WHY_PASSED)
    why = Paragraphs(
        "In your own words",
        hint="Needed for another reason. Only the coordinators read it.",
        rows=3,
        limit=2_000,
    )


class RecallForm(Form):
    """Why the offer is taken back."""

    why = Paragraphs("Why do you recall the offer?", hint="Only coordinators read this.", rows=3, limit=2_000)


class ReleaseForm(Overriding):
    """Why the expert leaves the case; where something is booked also who wants it. The view leaves that out elsewhere."""

    wanted_by = Choice(
        "Who wants it?",
        [MustBeGiven("Say who wants it")],
        choices={party: WANTED_BY[party] for party in RELEASING},
    )
    why = Paragraphs(
        "Why do you release the expert?",
        [MustBeGiven("Say why you release the expert")],
        hint="Only coordinators read this.",
        rows=3,
        limit=2_000,
    )


NEEDS = {"verification": "Something to verify", "renewal": "Something that runs out"}


def panel_filters() -> list[tuple[str, str, dict[str, str]]]:
    """What the panel is narrowed by: name, label, choices."""
    every = {code: each.label for code, each in specialties().items()}
    return [
        ("specialty", "Specialty", {"": "Every specialty", **every}),
        ("state", "Licensed in", {"": "Every state", **STATES}),
        ("needs", "Show", {"": "Everybody", **NEEDS}),
    ]


def panel_choices(query: Mapping[str, str]) -> dict[str, str]:
    """What of it was chosen; junk counts as not chosen."""
    chosen = {name: one_of(choices, query.get(name), "") for name, _, choices in panel_filters()}
    return {name: value for name, value in chosen.items() if value}
