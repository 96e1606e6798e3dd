"""What one person, or one session of theirs, touched in a period: for whoever has to judge a breach."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from flask import Blueprint, abort, current_app, g, request, url_for

from portal import clock
from portal.ime import activity, directory
from portal.ime.activity import Activity, Named, Touched
from portal.ime.incident import clock_of
from portal.models import Session, User
from portal.web import trail
from portal.web.formats import stamp
from portal.web.limits import EXPORT, limited
from portal.web.page import page
from portal.web.routing import manages
from portal.web.spreadsheet import spreadsheet

bp = Blueprint("activity", __name__)
USUAL = timedelta(days=7)
MOST_SHOWN = 200  # of each list; the file has them all
HEAD = ["Moment (UTC)", "What was done", "How it ended", "Case", "Claimant", "Thing", "Number", "Document", "Page",
        "Network address", "Session", "Request"]  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """What is asked for: days of the office, both included, and a session or all."""

    since: date
    until: date
    session: int | None
    discovered_on: date | None

    @property
    def period(self) -> tuple[datetime, datetime]:
        """The first moment of the first day, and the moment after the last."""
        return clock.start_of(self.since), clock.start_of(self.until + timedelta(days=1))


@bp.route("/people/<number:user_id>/activity")
@manages
def read(user_id: int) -> Any:
    person, asked = person_or_404(user_id), wanted()
    touched = activity.touched(person, *asked.period, asked.session)
    return page(
        "activity/read.html",
        person=person,
        asked=asked,
        sessions=sessions(person, asked),
        counted=touched,
        tables=tables(touched),
        most=MOST_SHOWN,
        incident=clock_of(asked.discovered_on, clock.today()) if asked.discovered_on else None,
        file_href=url_for(
            ".export", user_id=user_id, since=asked.since, until=asked.until, session=asked.session
        ),
    )


@bp.route("/people/<number:user_id>/activity.csv")
@manages
@limited(EXPORT)
def export(user_id: int) -> Any:
    person, asked = person_or_404(user_id), wanted()
    return spreadsheet(f"activity-{user_id}.csv", HEAD, lines(person, asked))


def person_or_404(user_id: int) -> User:
    return directory.find(user_id) or abort(404)


def wanted() -> Asked:
    """The wish in the address; junk counts as not given, and days the wrong way round as one day."""
    until = day_of(request.args.get("until")) or clock.today()
    since = min(day_of(request.args.get("since")) or until - USUAL, until)
    typed = request.args.get("session", "")
    session = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 10 else None
    return Asked(since, until, session, day_of(request.args.get("discovered_on")))


def day_of(typed: str | None) -> date | None:
    """A day from the address, if it is one that a period can begin or end with."""
    try:
        day = date.fromisoformat(typed or "")
    except ValueError:
        return None
    return day if 1990 <= day.year <= 2200 else None


def sessions(person: User, asked: Asked) -> list[tuple[int, str]]:
    """The sessions one may choose among, in words."""
    return [(row.id, in_words(row)) for row in activity.sessions_of(person, *asked.period)]


def in_words(row: Session) -> str:
    return f"{row.device or 'Unknown device'}, from {stamp(row.began_at)}"


def tables(touched: Activity) -> list[dict[str, Any]]:
    """Cases, documents and pages: how many each, and the first of them as rows."""
    cases, documents = first(touched.cases), first(touched.documents)
    trail.lists(cases)
    case_names = activity.named_cases(cases, g.person)
    file_names = activity.named_documents(documents, g.person)
    return [
        {
            "title": "Cases",
            "count": len(touched.cases),
            "rows": [(case_in_words(case_names.get(number), number), each) for number, each in cases.items()],
        },
        {
            "title": "Documents",
            "count": len(touched.documents),
            "rows": [
                (file_in_words(file_names.get(number), number), each) for number, each in documents.items()
            ],
        },
        {
            "title": "Pages",
            "count": len(touched.pages),
            "rows": [(address_of(name), each) for name, each in first(touched.pages).items()],
        },
    ]


def first(listed: dict[Any, Touched]) -> dict[Any, Touched]:
    return dict(list(listed.items())[:MOST_SHOWN])


def address_of(name: str) -> str:
    """The address of a page as the table of access has it, what differs from row to row left open: /cases/…/bars."""
    rules = current_app.url_map._rules_by_endpoint.get(name)
    return re.sub(r"<[^>]+>", "…", rules[0].rule) if rules else name


def case_in_words(named: Named | None, number: int) -> str:
    if named is None:
        return f"A case that was removed (number {number})"
    return ", ".join(filter(None, (named.reference, named.name)))


def file_in_words(named: Named | None, number: int) -> str:
    if named is None:
        return f"A document that was removed (number {number})"
    return f"{named.name or f'Document {number}'} in {named.reference}"


def lines(person: User, asked: Asked) -> Iterator[list[Any]]:
    """Every record of the period, one a line; a list of cases has a line for each case in it."""
    touched = activity.touched(person, *asked.period, asked.session)
    cases = activity.named_cases(touched.cases, g.person)
    documents = activity.named_documents(touched.documents, g.person)
    trail.lists(cases)
    none = Named("", "")
    for record in activity.records_of(person, *asked.period, asked.session):
        is_document = record.thing == "document"
        for case in [record.case, *record.facts.get("cases", ())]:
            if case is None and record.facts.get("cases"):
                continue
            named = cases.get(case, none)
            yield [
                record.at.isoformat(), record.act.value, record.ending.value, named.reference, named.name,
                record.thing, record.number, documents.get(record.number, none).name if is_document else "",
                address_of(record.route), record.source, record.session, record.request,
            ]  # fmt: skip
