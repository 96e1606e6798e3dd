"""The small world: synthetic people, and cases told to any stage by taking the real steps."""

from portal import clock
from portal.demo.cast import tell_all
from portal.demo.people import PASSWORD, World, people
from portal.demo.teller import CLAIM, Claim, Teller, case_at
from portal.models import User

__all__ = ["CLAIM", "PASSWORD", "Claim", "Teller", "World", "build", "case_at", "people"]


def build() -> World:
    """The world that `make demo` shows."""
    world = people()
    tell_all(world)
    User.update(joined_at=clock.now()).execute()  # whoever has a password and cases has joined
    return world
