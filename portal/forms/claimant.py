"""What a referral asks about the claimant, and what they need on the day."""

from portal.forms import Form
from portal.forms.drafts import NeededToSend, only
from portal.forms.fields import Day, Email, Line, MustBeInThePast, Phone, State, Tick, Zip
from portal.ime.arrangements import said
from portal.words import ArrangementKind, Party

NEEDS = {
    ArrangementKind.INTERPRETER: ("An interpreter", "Language, if it is another than the one above"),
    ArrangementKind.TRANSPORT: ("Transport to the examination", "From where, and what kind"),
    ArrangementKind.COMPANION: ("To bring a companion", "Who comes along"),
    ArrangementKind.RECORDING: ("To record the examination", "Audio or video, and by whom"),
    ArrangementKind.ACCESS: ("Help with access to the building", "Wheelchair, stairs, sight, hearing"),
}


class ClaimantForm(Form):
    """The claimant, and for each of NEEDS a `need_…` with its `detail_…`."""

    name = Line("Full name", [NeededToSend()], autocomplete="off")
    born_on = Day("Date of birth", [NeededToSend(), MustBeInThePast("The date of birth must be in the past")])
    phone = Phone("Phone", hint="Needed where there is no e-mail address", autocomplete="off")
    email = Email("E-mail address", autocomplete="off")
    street = Line("Street and number", autocomplete="off")
    city = Line("City", autocomplete="off")
    state = State("State", autocomplete="off")
    zip = Zip("ZIP code", [NeededToSend()], autocomplete="off")
    language = Line("Preferred language", hint="It counts when an expert is chosen", limit=60)

    @classmethod
    def of(cls, case, listed):
        kept = {f"need_{each.kind}": True for each in listed.arrangements}
        details = {f"detail_{each.kind}": said(each, Party.REFERRER) for each in listed.arrangements}
        claimant = {**case.claimant.__data__, "state": case.claimant.state or None}
        return cls(data={**claimant, **kept, **details})

    def needs(self):
        """For the page: what can be needed, with what is to be said about it."""
        return [(self[f"need_{kind}"], self[f"detail_{kind}"]) for kind in NEEDS]

    def changes(self):
        about = ("name", "born_on", "phone", "email", "street", "city", "zip")
        claimant = {
            **only(self, about),
            "state": self.state.data or "",
            "language": self.language.data or "English",
        }
        needed = [
            {"kind": kind, "detail": self[f"detail_{kind}"].data}
            for kind in NEEDS
            if self[f"need_{kind}"].data or self[f"detail_{kind}"].data
        ]
        return {"claimant_fields": claimant, "lists": {"arrangements": needed}}


for kind, (title, detail) in NEEDS.items():
    setattr(ClaimantForm, f"need_{kind}", Tick(title))
    setattr(ClaimantForm, f"detail_{kind}", Line(detail))
