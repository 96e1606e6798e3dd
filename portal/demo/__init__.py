"""The small world: synthetic people, and cases told to any stage by taking the real steps."""

from typing import Any

from portal import clock
from portal.demo.cast import tell_all
from portal.demo.people import PASSWORD, World, people
from portal.demo.teller import CLAIM, Claim, Teller, case_at
from portal.ime import profile
from portal.models import User

__all__ = ["CLAIM", "PASSWORD", "Claim", "Teller", "World", "build", "case_at", "people"]


def complete(world: World) -> None:
    """What the profiles of the two experts of the small world say beside the least."""
    for user, npi in ((world.expert, "1234567893"), (world.second_expert, "1245319599")):
        expert: Any = user.expert
        expert.npi = npi
        expert.save()
        tiers = [(2, 100), (5, 50)]
        profile.change_fees(expert, fee_cents=expert.fee_cents, missed_percent=100, tiers=tiers)


def build() -> World:
    """The world that `make demo` shows."""
    world = people()
    complete(world)
    tell_all(world)
    User.update(joined_at=clock.now()).execute()  # whoever has a password and cases has joined
    return world
