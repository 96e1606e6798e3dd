"""The access review: who can see what, who has not signed in for long, and what else a privacy officer asks after
(45 CFR 164.308(a)(1)(ii)(D), (a)(4)(ii)(C))."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from peewee import SQL, fn

from portal import clock
from portal.ime import emergency
from portal.ime.directory import LONG, Ways, counted, last_sign_ins, offers_by_expert, state_of, ways
from portal.models import Bar, Case, EmergencyAccess, Expert, Organisation, User
from portal.policy import is_manager
from portal.words import Role, Stage

HEAD = (
    "Person", "E-mail", "Role", "Manager", "Organization", "State", "Joined", "Last sign-in", "Second factor",
    "Sees", "Barred from", "Emergency access", "Calendar addresses", "To look at",
)  # fmt: skip


@dataclass(frozen=True)
class Line:
    """One person: what they are, what they can see, and what a reviewer should look at, as sentences."""

    user: User
    state: str
    last_seen: datetime | None
    ways: Ways
    sees: str
    bars: int
    emergencies: int
    findings: tuple[str, ...]

    def cells(self) -> list[str]:
        """As a row of the export, days in the form every program reads."""
        return [
            self.user.name,
            self.user.email,
            self.user.role.label,
            "yes" if is_manager(self.user) else "no",
            self.user.organisation.name,
            self.state,
            day(self.user.joined_at),
            day(self.last_seen),
            "yes" if self.ways.has_factor else "no",
            self.sees,
            str(self.bars),
            str(self.emergencies),
            str(self.ways.feeds),
            " ".join(self.findings),
        ]


@dataclass(frozen=True)
class Sums:
    """How many cases there are of everything that somebody's sight is made of, ended ones too."""

    of_organisation: dict[int, int]
    of_expert: dict[int, int]
    offered_to: dict[int, int]
    sent: int
    restricted: int
    restricted_of: dict[int, int]
    profiles: dict[int, int]


@dataclass(frozen=True)
class Review:
    """Everybody with an account, by organisation and name, and what is open beside the rules."""

    lines: list[Line]
    emergencies: list[EmergencyAccess]
    bars: list[Bar]
    at: datetime

    def found(self, finding: str) -> list[Line]:
        return [line for line in self.lines if finding in line.findings]


NEVER_JOINED = "Invited, never joined."
NO_FACTOR = "Has no second factor."
LONG_AGO = f"Has not signed in for {LONG.days} days."
NEVER_CAME = "Has never signed in."
IN_BY_EMERGENCY = "Has emergency access now."
FINDINGS = (NO_FACTOR, LONG_AGO, NEVER_CAME, NEVER_JOINED, IN_BY_EMERGENCY)


def review() -> Review:
    """The review as of now, in as many reads for five people as for five thousand."""
    users = User.select(User, Organisation).join(Organisation)
    seen, known, entered = last_sign_ins(), ways(), emergency.running()
    bars, total = all_bars(), sums()
    barred, entered_by = Counter(each.user_id for each in bars), Counter(each.user_id for each in entered)
    lines = [
        line(user, seen.get(user.id), known[user.id], total, barred[user.id], entered_by)
        for user in users.order_by(Organisation.name, User.name, User.id)
    ]
    return Review(lines, entered, bars, clock.now())


def line(
    user: User, seen: datetime | None, known: Ways, total: Sums, bars: int, entered: Counter[int]
) -> Line:
    state, emergencies = state_of(user), entered[user.id]
    return Line(
        user,
        state,
        seen,
        known,
        sees(user, total) if state != "disabled" else "nothing",
        bars,
        emergencies,
        findings(state, seen, known, emergencies),
    )


def findings(state: str, seen: datetime | None, known: Ways, emergencies: int) -> tuple[str, ...]:
    """What of an account asks for a look; nothing of one that is disabled."""
    if state == "disabled":
        return ()
    is_active = state == "active"
    asked = {
        NEVER_JOINED: not is_active,
        NO_FACTOR: is_active and not known.has_factor,
        NEVER_CAME: is_active and seen is None,
        LONG_AGO: is_active and seen is not None and seen <= clock.now() - LONG,
        IN_BY_EMERGENCY: emergencies > 0,
    }
    return tuple(sentence for sentence, is_so in asked.items() if is_so)


def sees(user: User, total: Sums) -> str:
    """What the person's part opens to them, before bars and emergency access."""
    if user.role == Role.REFERRER:
        return plural(total.of_organisation.get(user.organisation_id, 0), "case of the organization")
    if user.role == Role.EXPERT:
        number = total.profiles.get(user.id, 0)
        taken, offered = total.of_expert.get(number, 0), total.offered_to.get(number, 0)
        return f"{plural(taken, 'case of their own')}, {plural(offered, 'offer')}"
    if not total.restricted:
        return f"all {plural(total.sent, 'case')}"
    if is_manager(user):
        return f"all {plural(total.sent, 'case')}, {total.restricted} of them restricted"
    own, free = total.restricted_of.get(user.id, 0), total.sent - total.restricted
    return f"all {plural(free, 'case')} that are not restricted, {own} of {total.restricted} that are"


def plural(number: int, what: str) -> str:
    """`3 cases of their own`: the noun comes first."""
    noun, _, rest = what.partition(" ")
    return f"{number} {noun}{'' if number == 1 else 's'}{' ' if rest else ''}{rest}"


def sums() -> Sums:
    def by(column: Any, *conditions: Any) -> dict[int, int]:
        rows: Any = Case.select(column, fn.COUNT(Case.id)).where(SQL("1 = 1"), *conditions)
        return counted(rows.group_by(column))

    # A draft is the referrer's; the office has never seen it.
    by_restriction = by(Case.is_restricted, Case.stage != Stage.DRAFT)
    restricted = sum(number for is_restricted, number in by_restriction.items() if is_restricted)
    return Sums(
        of_organisation=by(Case.organisation),
        of_expert=by(Case.expert),
        offered_to=offers_by_expert(),
        sent=sum(by_restriction.values()),
        restricted=restricted,
        restricted_of=by(Case.coordinator, Case.is_restricted, Case.stage != Stage.DRAFT),
        profiles=counted(Expert.select(Expert.user, Expert.id)),
    )


def all_bars() -> list[Bar]:
    """Every bar with its case and its person, oldest first."""
    rows = Bar.select(Bar, Case, User).join(Case).switch(Bar).join(User, on=Bar.user)
    return list(rows.order_by(Bar.id))


def day(moment: datetime | None) -> str:
    return clock.day_of(moment).isoformat() if moment else ""
