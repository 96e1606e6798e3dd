"""What is asked to sign in at one's organisation, and of a manager to set that up."""

from portal.forms import Form
from portal.forms.fields import Email, Hidden, Line, MustBeGiven, Paragraphs, Password, Tick


class OrganizationForm(Form):
    """Whose address it is says where to sign in; and the page that the person wanted."""

    email = Email("E-mail address", [MustBeGiven("Enter your e-mail address")], autocomplete="username")
    next = Hidden(limit=2_000)


class SignOnForm(Form):
    """The provider of an organisation, and the e-mail domains that are its own."""

    domains = Paragraphs(
        "E-mail domains",
        [MustBeGiven("Enter at least one e-mail domain, like lakeshore.example")],
        hint="One on each line. Everybody with an address there is sent to this provider.",
        rows=3,
    )
    issuer = Line(
        "Issuer",
        [MustBeGiven("Enter the provider’s issuer, an address that begins with https://")],
        hint="Exactly as the provider gives it, like https://login.lakeshore.example",
        limit=500,
        inputmode="url",
    )
    client_id = Line("Client ID", [MustBeGiven("Enter the client ID that the provider gave")])
    client_secret = Password("Client secret", limit=1_000, autocomplete="off")
    is_only_way = Tick("Its people sign in only this way, and no password opens their accounts")
