"""What closing words are asked."""

from portal.forms import Form
from portal.forms.fields import MustBeGiven, Paragraphs


class WithdrawalForm(Form):
    """Why the referral is withdrawn."""

    why = Paragraphs("Why do you withdraw the referral?", [MustBeGiven("Say why you withdraw the referral")])


class ReopeningForm(Form):
    """Why a closed case is taken up again."""

    why = Paragraphs("Why do you reopen the case?", [MustBeGiven("Say why you reopen the case")])
