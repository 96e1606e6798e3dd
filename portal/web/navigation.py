"""Where each role can go, and which page takes a step."""

from dataclasses import dataclass
from functools import cache

from flask import Flask, current_app, g, request, url_for

from portal import clock
from portal.ime.pending import LOOKED_INTO, idle_steps
from portal.ime.process import PROCESS, is_part_of, may
from portal.models import Case
from portal.policy import Person, is_manager
from portal.words import Role


@dataclass(frozen=True)
class Link:
    """A place to go: its words, its address, whether the reader is there now."""

    text: str
    href: str
    current: bool = False


PLACES = {
    Role.REFERRER: (("Home", "desk.home"), ("Cases", "case.queue"), ("Refer a case", "referral.start")),
    Role.COORDINATOR: (
        ("Home", "desk.home"),
        ("Cases", "case.queue"),
        ("Experts", "matching.panel"),
        ("Freed times", "freed.times"),
    ),
    Role.EXPERT: (
        ("Home", "desk.home"),
        ("Cases", "case.queue"),
        ("Hours", "appointment.hours"),
        ("Profile", "profile.own"),
    ),
    Role.CLAIMANT: (),
}


GUARDING = frozenset({"restrict_case", "lift_restriction", "place_bar", "place_hold", "lift_hold"})
ACCOUNTED = frozenset({"record_disclosure", "choose_ground"})

MANAGED = (("Manage", "management.overview"),)


def navigation() -> list[Link]:
    """The service navigation of whoever is signed in."""
    places = PLACES[g.person.role] if g.get("person") else ()
    if g.get("person") and is_manager(g.person):
        places += MANAGED
    return [Link(text, address(endpoint), request.endpoint == endpoint) for text, endpoint in places]


@cache
def address(endpoint: str) -> str:
    """Where a place is; asked for on every page, and the same on each."""
    return url_for(endpoint)


def steps_by_endpoint(app: Flask) -> dict[str, str]:
    """Step name -> the endpoint of the page that takes it: the one whose address needs only the case."""
    found: dict[str, str] = {}
    for rule in app.url_map.iter_rules():
        access = getattr(app.view_functions[rule.endpoint], "access", None)
        if access and access.step and rule.arguments == {"ref"} and "GET" in (rule.methods or ()):
            found.setdefault(access.step, rule.endpoint)
    return found


def step_href(name: str, case: Case) -> str | None:
    """The page that takes this step at this case, None where the step has no page of its own."""
    endpoint = current_app.extensions["steps"].get(name)
    return url_for(endpoint, ref=case.reference) if endpoint else None


def is_open(name: str, case: Case) -> bool:
    """Whether whoever looks at the case may take this step now."""
    row = PROCESS[name]
    return is_part_of(row, g.person, g.party) and case.stage in row.at


def href_if_open(name: str, case: Case) -> str | None:
    return step_href(name, case) if is_open(name, case) else None


@dataclass(frozen=True)
class Actions:
    """What a reader may do at a case: the one obvious button (None while they wait), the other steps that move the
    examination, and those that guard the case and are seldom needed."""

    primary: Link | None
    others: list[Link]
    guarding: list[Link]


def actions(person: Person, case: Case) -> Actions:
    """The steps this reader may take now, each with its page; what the accounting of disclosures leads to is there."""
    links = {row.name: href for row in may(person, case, g.party) if (href := step_href(row.name, case))}
    primary = links.pop(case.next_step, None)
    idle = idle_steps(case) if LOOKED_INTO.keys() & links.keys() else ()
    shown = {name: Link(PROCESS[name].button, href) for name, href in links.items() if name not in idle}
    return Actions(
        first(case, primary) if primary else None,
        [link for name, link in shown.items() if name not in GUARDING | ACCOUNTED],
        [link for name, link in shown.items() if name in GUARDING],
    )


def first(case: Case, href: str) -> Link:
    """The next step's button; until the day of the examination there is only the brief to read."""
    if case.next_step == "record_examination" and case.due_on > clock.today():
        return Link("Read the brief", url_for("instructions.read_brief", ref=case.reference))
    return Link(PROCESS[case.next_step].button, href)


def register(app: Flask) -> None:
    app.extensions["steps"] = steps_by_endpoint(app)
    app.context_processor(lambda: {"navigation": navigation() if g.get("person") else []})
