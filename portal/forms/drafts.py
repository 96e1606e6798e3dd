"""What forms that save a draft have in common."""

from portal.forms.fields import MustBeGiven


class NeededToSend(MustBeGiven):
    """Not optional, but a draft may leave it open."""

    def __init__(self):
        super().__init__("")

    def __call__(self, form, field):
        pass


def only(form, names):
    """What the named fields hold, by name."""
    return {name: form[name].data for name in names}
