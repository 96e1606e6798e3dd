"""The case page, and the queue of all the cases a person may see."""

from typing import Any

from flask import Blueprint, Response, g, redirect, request, url_for
from peewee import JOIN

from portal import queues, search
from portal.forms.case import ORDERS, SHOW, STAGES, wish
from portal.ime import emergency, journey, rules
from portal.ime.bars import is_expert_out, why_out
from portal.ime.history import QUIET, timeline
from portal.ime.particulars import particulars
from portal.ime.process import PROCESS
from portal.kept import Kept, bind
from portal.models import Case, EmergencyAccess, Event, User
from portal.policy import REFERRER_SIDE, is_manager
from portal.queues import Row
from portal.views import (
    appointment,
    clarification,
    messages,
    questions,
    records,
    referral,
    report,
    review,
)
from portal.views import (
    rules as rules_view,
)
from portal.views.desk import shown
from portal.web import sought
from portal.web.limits import SEARCH, limited
from portal.web.navigation import Link, actions, href_if_open
from portal.web.page import is_htmx, page
from portal.web.routing import number_of, sees_case, signed_in
from portal.words import Part, Party, Role, Stage

bp = Blueprint("case", __name__)
MOST_EVENTS = 200
WHO_HEAR_OF_LOOKS = REFERRER_SIDE | {Party.COORDINATOR}

# What a person looks for on a case, what matters now first; each noun knows what its reader may see.
AT_FIRST = (referral, questions, records, appointment, rules_view, messages)
UNTIL_THE_DAY = (appointment, rules_view, questions, records, referral, messages)
FROM_THE_REPORT_ON = (
    report,
    review,
    clarification,
    rules_view,
    questions,
    records,
    appointment,
    referral,
    messages,
)
SECTIONS = {
    Part.NEED: AT_FIRST,
    Part.QUESTIONS: AT_FIRST,
    Part.MATCHING: AT_FIRST,
    Part.RECORDS: UNTIL_THE_DAY,
    Part.APPOINTMENT: UNTIL_THE_DAY,
    Part.BRIEF: UNTIL_THE_DAY,
    Part.REPORT: FROM_THE_REPORT_ON,
    Part.REVIEW: FROM_THE_REPORT_ON,
}


@bp.route("/cases/<ref:ref>")
@sees_case(Party.REFERRER, Party.COLLEAGUE, Party.COORDINATOR, Party.EXPERT, Party.CANDIDATE)
def show(case: Case) -> Any:
    kind = rules.exam_kinds().get(case.exam_kind)
    can = actions(g.person, case)
    return page(
        "case/show.html",
        case=case,
        party=g.party,
        name=claimant_name(case),
        kind_name=kind.name if kind else "",
        parts=journey.parts(case),
        primary=can.primary,
        others=can.others,
        guarding=[*can.guarding, *accounting(case)],
        waits_for=waits_for(case),
        emergencies=emergencies(case),
        **without_expert(case),
        is_managed=is_manager(g.person),
        awaited=PROCESS[case.next_step].button if case.next_step else "",
        sections=sections(case),
        entries=timeline(events(case), g.person, g.party),
    )


def accounting(case: Case) -> list[Link]:
    """The ways to what went out about the claimant, for the office, and to who looked at the case."""
    went_out = Link("Accounting of disclosures", url_for("disclosure.read", ref=case.reference))
    looks = Link("Who looked at this case", url_for("sightings.read", ref=case.reference))
    return [went_out] * (g.party == Party.COORDINATOR) + [looks] * (g.party in WHO_HEAR_OF_LOOKS)


def sections(case: Case) -> list[tuple[str, dict[str, Any]]]:
    """The nouns that have something for this reader, each with what its section shows."""
    nouns = UNTIL_THE_DAY if case.stage == Stage.BOOKED else SECTIONS[journey.standing(case)]
    listed = particulars(case)
    return [(noun.bp.name, told) for noun in nouns if (told := noun.section(case, g.party, listed))]


def emergencies(case: Case) -> list[EmergencyAccess]:
    """Who is at a restricted case by emergency access; of no concern to anybody outside the office."""
    return emergency.running(case) if case.is_restricted and g.party == Party.COORDINATOR else []


def without_expert(case: Case) -> dict[str, str | None]:
    """That the expert does nothing more in the case and where the office goes on; of no concern to anybody else."""
    if g.party != Party.COORDINATOR or not is_expert_out(case):
        return {}
    return {"why_out": why_out(case), "release_href": href_if_open("release_expert", case)}


def claimant_name(case: Case) -> str:
    """The claimant's name; a candidate reads a redacted page."""
    return "An offer to you" if g.party == Party.CANDIDATE else case.claimant.name or "New referral"


def waits_for(case: Case) -> str:
    """Whom the case waits for, in words, for a reader whose turn it is not."""
    return case.turn.label if case.is_open else ""


EVENTS = Kept(
    lambda: (
        Event.select(Event, User.id, User.name)
        .join(User, JOIN.LEFT_OUTER)
        .where((Event.case == bind("case")) & Event.step.not_in(sorted(QUIET)))
        .order_by(Event.id.desc())
        .limit(MOST_EVENTS)
    )
)


def events(case: Case) -> Any:
    """The case's events that have a sentence, newest first, each with its actor, in one read."""
    return EVENTS.models(case=case.id)


@bp.route("/cases", methods=["GET", "POST"])
@signed_in(Role.REFERRER, Role.COORDINATOR, Role.EXPERT)
@limited(SEARCH, unless=lambda: "search" not in request.args and not is_htmx())
def queue() -> Any:
    """The cases of a choice. A search comes by POST and goes on by its seal: nothing typed stands in an address."""
    if request.method == "POST":
        return search_for(request.form.get("q", "").strip()[: sought.LONGEST])
    kept = request.args.get("search", "")[:1_000]
    return queue_page(sought.unseal(kept), kept, number_of(request.args.get("before")))


def search_for(typed: str) -> Any:
    """On to the page of what was found, or its part at once to htmx, which is told the page's address."""
    _, chosen = wish(request.form, Party(g.person.role))
    kept = sought.seal(typed)
    address = url_for("case.queue", **chosen | ({"search": kept} if kept else {}))
    if not is_htmx():
        return redirect(address, 303)
    answer = queue_page(typed, kept)
    answer.headers["HX-Push-Url"] = address
    return answer


def queue_page(typed: str, kept: str, before: int = search.FURTHEST) -> Response:
    wanted, chosen = wish(request.values, Party(g.person.role))
    rows, are_more = search.find(g.person, typed, before, wanted) if typed else queues.queue(g.person, wanted)
    following = chosen | ({"search": kept, "before": rows[-1].id} if typed and rows else after(rows))
    return page(
        "case/queue.html",
        "case/_queue.html",
        q=typed,
        chosen=chosen,
        shows=SHOW,
        stages={"": "Every stage", **STAGES},
        orders=ORDERS,
        cases=shown(rows),
        more=url_for("case.queue", **following) if are_more else None,
    )


def after(rows: list[Row]) -> dict[str, str]:
    """The keyset place of the last row shown."""
    return {"after": f"{rows[-1].due_on.isoformat()}.{rows[-1].id}"} if rows else {}
