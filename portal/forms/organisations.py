"""What a manager is asked about an organisation."""

from portal.forms import Form
from portal.forms.fields import Choice, Line, MustBeGiven, Number, Phone
from portal.ime.organisations import LONGEST_RETENTION
from portal.models import SHORTEST_RETENTION
from portal.words import FactorPolicy, OrganisationKind


class OrganisationForm(Form):
    """What it is called, what it is, and how to call it."""

    name = Line("Name", [MustBeGiven("Enter the organization's name")], autocomplete="off")
    kind = Choice(
        "What is it?",
        [MustBeGiven("Choose what it is")],
        choices={kind: kind.title for kind in OrganisationKind},
    )
    phone = Phone("Phone", autocomplete="off")


class ChangeForm(Form):
    """What it is called, and what it asks of its people and files."""

    name = Line("Name", [MustBeGiven("Enter the organization's name")], autocomplete="off")
    phone = Phone("Phone", autocomplete="off")
    factors = Choice(
        "Which second factor do its people need?",
        [MustBeGiven("Choose the second factor")],
        hint="If you change it, they are signed out and sign in anew.",
        choices={policy: policy.title for policy in FactorPolicy},
    )
    retention_years = Number(
        "For how many years are its cases kept?",
        [MustBeGiven("Enter the number of years")],
        hint=f"From {SHORTEST_RETENTION} to {LONGEST_RETENTION} years after a case ended.",
        at_least=SHORTEST_RETENTION,
        at_most=LONGEST_RETENTION,
    )
