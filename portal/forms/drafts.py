"""What forms that save a draft have in common."""

from portal.forms.fields import MayBeNeeded


class NeededToSend(MayBeNeeded):
    """Not optional, but a draft may leave it open."""


def only(form, names):
    """What the named fields hold, by name."""
    return {name: form[name].data for name in names}
