"""What writing a message asks."""

from portal.forms import Form
from portal.forms.fields import MustBeGiven, Paragraphs


class MessageForm(Form):
    """One message."""

    text = Paragraphs("Your message", [MustBeGiven("Write your message")], rows=6, limit=5_000)
