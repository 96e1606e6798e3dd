"""What a manager is asked about people: who is invited, where somebody moves, and how a lost factor was made sure of."""

from collections.abc import Mapping

from portal.forms import Form
from portal.forms.case import one_of
from portal.forms.fields import Choice, Email, Line, MustBeGiven, Tick
from portal.ime.directory import Wanted
from portal.words import IdentityProof, Role

STAFF = (Role.REFERRER, Role.COORDINATOR, Role.EXPERT)
ROLES = {role.value: role.title for role in STAFF}
STATES = {
    "active": "Active",
    "invited": "Invited, not joined yet",
    "disabled": "Disabled",
    "managers": "Managers",
}


def wanted(query: Mapping[str, str], organisations: Mapping[str, str]) -> tuple[Wanted, dict[str, str]]:
    """Whom the reader looks for, and the choices as the page shows them again. Junk counts as not chosen."""
    chosen = {
        "organisation": one_of(organisations, query.get("organisation"), ""),
        "role": one_of(ROLES, query.get("role"), ""),
        "state": one_of(STATES, query.get("state"), ""),
    }
    return Wanted(
        organisation=int(chosen["organisation"]) if chosen["organisation"] else None,
        role=Role(chosen["role"]) if chosen["role"] else None,
        state=chosen["state"],
    ), chosen


class SearchForm(Form):
    """A part of a name or an e-mail address; it is posted, so that no name stands in an address."""

    typed = Line("Name or e-mail address", [MustBeGiven("Type a part of the name or address")], limit=100)


class InvitationForm(Form):
    """Who is invited, as what, and where they work."""

    name = Line("Name", [MustBeGiven("Enter the person's name")], autocomplete="off")
    email = Email(
        "E-mail address",
        [MustBeGiven("Enter their e-mail address")],
        hint="The invitation goes there. It opens for 48 hours.",
        autocomplete="off",
    )
    organisation = Choice(
        "Where do they work?", [MustBeGiven("Choose where they work")], select=True, choices={}
    )
    role = Choice(
        "What are they?",
        [MustBeGiven("Choose what they are")],
        choices={role: role.title for role in STAFF},
    )
    is_manager = Tick("They also manage people, organizations and settings (coordinators only)")


class MoveForm(Form):
    """Where somebody works from now on."""

    organisation = Choice(
        "Where do they work now?", [MustBeGiven("Choose where they work now")], select=True, choices={}
    )


class FactorResetForm(Form):
    """How it was made sure that it is them."""

    proof = Choice(
        "How did you make sure it is them?",
        [MustBeGiven("Say how you made sure it is them")],
        choices=IdentityProof,
    )
