"""Whom the office calls at one case: whoever has no e-mail address, or whom our mail did not reach."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from portal import notices, outbox
from portal.models import Case, CaseParty, Event, Notice, User
from portal.words import NoticeState, Party

LINK = "https://link.invalid/"


@dataclass(frozen=True)
class Call:
    """One call to make: whom, at which number (E.164, empty where we have none), why, and what to say."""

    notice_id: int
    name: str
    party: Party
    phone: str
    why: str
    paragraphs: list[str]
    since: datetime


def calls_at(case: Case) -> list[Call]:
    """The calls to make at this case, the oldest first, in three reads however many they are."""
    owed = list(Notice.calls_to_make().where(Event.case == case))
    phones = numbers(case, owed) if owed else {}
    return [call(notice, phones.get((notice.party, notice.recipient), "")) for notice in owed]


def call(notice: Notice, phone: str) -> Call:
    why = "Our e-mail did not arrive." if notice.state == NoticeState.FAILED else "We have no e-mail address."
    return Call(notice.id, notice.recipient, notice.party, phone, why, what_to_say(notice), notice.event.at)


def what_to_say(notice: Notice) -> list[str]:
    """The notice's paragraphs as they can be said, without the link and the line that leads to it; none: no text."""
    try:
        body = notices.render(notice, LINK).body
    except outbox.Unwritten:
        return []
    said: list[str] = []
    for paragraph in body.strip().split("\n\n"):
        if LINK not in paragraph:
            said.append(" ".join(paragraph.split()))
        elif said and said[-1].endswith(":"):
            said.pop()
    return said


def numbers(case: Case, owed: list[Notice]) -> dict[tuple[Any, str], str]:
    """(party, name) -> telephone number, of the claimant, the case's other parties, and users by their address."""
    others = list(CaseParty.select().where(CaseParty.case == case))
    found = {(row.party, row.name): row.phone for row in others}
    found |= {(Party.RECIPIENT, row.name): row.phone for row in others if row.gets_report}
    found[(Party.CLAIMANT, case.claimant.name)] = case.claimant.phone
    users = {
        user.email: user.phone for user in User.select().where(User.email.in_([each.email for each in owed]))
    }
    return found | {(each.party, each.recipient): users[each.email] for each in owed if each.email in users}
