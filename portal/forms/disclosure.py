"""What is asked about something that was given out of the office."""

from portal.forms import Form
from portal.forms.fields import Choice, Choices, Line, MustBeGiven
from portal.words import DisclosureBasis

GROUNDS = {basis: basis.title for basis in DisclosureBasis}


class DisclosureForm(Form):
    """To whom what was given, on what ground and what for; the least is chosen beforehand."""

    recipient = Line("Who received it?", [MustBeGiven("Enter who received it")], limit=120)
    address = Line(
        "Which address did it go to?",
        [MustBeGiven("Enter the address it went to")],
        hint="Street and city, an e-mail address or a fax number",
        limit=200,
    )
    documents = Choices("What was given?", [MustBeGiven("Choose what was given")])
    why_more = Line(
        "Why was more than the report needed?", hint="Only if you chose more than the report", limit=200
    )
    basis = Choice("On what ground?", [MustBeGiven("Choose the ground")], choices=GROUNDS)
    purpose = Line("What is it for?", [MustBeGiven("Say what it is for")], limit=200)

    def __init__(self, documents, least, basis, named):
        super().__init__()
        self.documents.choices = documents
        if not self.is_submitted():
            self.documents.process_data(least)
            self.basis.process_data(basis)
            self.recipient.process_data(named[0])
            self.address.process_data(named[1])


class GroundForm(Form):
    """On what ground the documents of a case go out."""

    basis = Choice("On what ground do documents go out?", [MustBeGiven("Choose the ground")], choices=GROUNDS)

    def __init__(self, basis):
        super().__init__()
        if not self.is_submitted():
            self.basis.process_data(basis)
