"""What a referral asks about everybody else on the case, and about the dates that matter to them."""

from portal.forms.drafts import only
from portal.forms.fields import Choice, Day, Email, Line, MustBeGiven, Phone, Tick
from portal.forms.rows import Row, RowsForm
from portal.ime.referral import MOST_ROWS, OTHERS
from portal.words import DeadlineKind


class PartyRow(Row):
    """Somebody else who belongs to the case."""

    party = Choice(
        "What they are to the case",
        [MustBeGiven("Choose what this person is to the case, or remove this row")],
        select=True,
        choices={party: party.title for party in OTHERS},
    )
    name = Line("Name", [MustBeGiven("Enter the name, or remove this row")], autocomplete="off")
    email = Email("E-mail address", autocomplete="off")
    phone = Phone("Phone", autocomplete="off")
    gets_report = Tick("Gets the report when it is released")


class PartiesForm(RowsForm):
    """The claimant's representative and whoever else gets the report."""

    row, noun, most = PartyRow, "person", MOST_ROWS

    @classmethod
    def of(cls, case, listed):
        return cls(kept=[each.__data__ for each in listed.parties])

    def changes(self):
        return {"lists": {"parties": [row.data for row in self.given]}}


class DeadlineRow(Row):
    """A date that matters, and why."""

    kind = Choice(
        "What happens then",
        [MustBeGiven("Choose what happens on the date, or remove this row")],
        select=True,
        choices={each: each.title for each in DeadlineKind},
    )
    falls_on = Day("Date", [MustBeGiven("Enter the date, like 3 14 2027, or remove this row")])
    note = Line("Note")


class DeadlinesForm(RowsForm):
    """When the report is needed, and the hearing, decision or surgery behind it."""

    row, noun, most = DeadlineRow, "date", MOST_ROWS

    report_needed_by = Day("When do you need the report?")

    @classmethod
    def of(cls, case, listed):
        return cls(obj=case, kept=[each.__data__ for each in listed.deadlines])

    def changes(self):
        return {
            "case_fields": only(self, ("report_needed_by",)),
            "lists": {"deadlines": [row.data for row in self.given]},
        }
