"""The whole business on one screen: who may take which step, at which stage, where it leads and whom it tells.

Rows stand in the order of the journey. The verb of each row is the function of the same name in this package, under
`@step`, which guards it, moves the case, records the event and owes the notices in one transaction."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import wraps
from typing import Any, TypeVar

from portal import audit, clock
from portal.db import database
from portal.ime.deadlines import whats_next
from portal.models import Case, Event, Notice, SecureLink, User
from portal.policy import Person, is_manager, party_to, recipients
from portal.words import Act, NoticeState, Party, Stage
from portal.written import readable

REFERRER, COLLEAGUE, COORDINATOR, CANDIDATE = (
    Party.REFERRER,
    Party.COLLEAGUE,
    Party.COORDINATOR,
    Party.CANDIDATE,
)
EXPERT, CLAIMANT, REPRESENTATIVE, RECIPIENT = (
    Party.EXPERT,
    Party.CLAIMANT,
    Party.REPRESENTATIVE,
    Party.RECIPIENT,
)
PORTAL = Party.PORTAL

DRAFT, RETURNED, REFERRED, DECLINED = Stage.DRAFT, Stage.RETURNED, Stage.REFERRED, Stage.DECLINED
MATCHING, OFFERED, SCHEDULING, BOOKED = Stage.MATCHING, Stage.OFFERED, Stage.SCHEDULING, Stage.BOOKED
REPORTING, CHECKING, IN_REVIEW, CLARIFYING = (
    Stage.REPORTING,
    Stage.CHECKING,
    Stage.IN_REVIEW,
    Stage.CLARIFYING,
)
CHECKING_ADDENDUM, CLOSED, WITHDRAWN = Stage.CHECKING_ADDENDUM, Stage.CLOSED, Stage.WITHDRAWN

EARLY = {DRAFT, RETURNED}
GATHERING = {MATCHING, OFFERED, SCHEDULING, BOOKED}
REVIEWING = {IN_REVIEW, CLARIFYING, CHECKING_ADDENDUM}
UNDER_WAY = {REFERRED, RETURNED} | GATHERING | {REPORTING, CHECKING} | REVIEWING
OPEN = {DRAFT} | UNDER_WAY
ENDED = {DECLINED, CLOSED, WITHDRAWN}
SAME = None


@dataclass(frozen=True)
class Step:
    """One row: its name, the parties who may take it, the stages it may be taken at, the stage it leads to (None:
    it stays), the parties told, and the words of its button."""

    name: str
    who: frozenset[Party]
    at: frozenset[Stage]
    to: Stage | None
    tells: frozenset[Party]
    button: str


def table(*rows: tuple[str, set[Party], set[Stage], Stage | None, set[Party], str]) -> dict[str, Step]:
    return {
        name: Step(name, frozenset(who), frozenset(at), to, frozenset(tells), button)
        for name, who, at, to, tells, button in rows
    }


# fmt: off
PROCESS = table(
    # step                   who                     at                        to                 tells                                            button
    ("edit_referral",        {REFERRER},             EARLY,                    SAME,              set(),                                           "Continue the referral"),
    ("submit_referral",      {REFERRER},             EARLY,                    REFERRED,          {COORDINATOR},                                   "Send the referral"),
    ("accept_referral",      {COORDINATOR},          {REFERRED},               MATCHING,          {REFERRER},                                      "Accept the referral"),
    ("return_referral",      {COORDINATOR},          {REFERRED, MATCHING},     RETURNED,          {REFERRER},                                      "Return with a question"),
    ("decline_referral",     {COORDINATOR},          {REFERRED, MATCHING},     DECLINED,          {REFERRER},                                      "Decline the referral"),
    ("draw_panel",           {COORDINATOR},          {MATCHING},               SAME,              {REFERRER},                                      "Draw the names"),
    ("strike_name",          {COORDINATOR, REFERRER}, {MATCHING},              SAME,              {COORDINATOR},                                   "Strike a name"),
    ("offer_case",           {COORDINATOR},          {MATCHING},               OFFERED,           {CANDIDATE},                                     "Offer the case"),
    ("take_offer",           {CANDIDATE},            {OFFERED},                SCHEDULING,        {COORDINATOR},                                   "Take the case"),
    ("pass_offer",           {CANDIDATE},            {OFFERED},                MATCHING,          {COORDINATOR},                                   "Pass on the case"),
    ("expire_offer",         {PORTAL},               {OFFERED},                MATCHING,          {COORDINATOR, CANDIDATE},                        "Expire the offer"),
    ("recall_offer",         {COORDINATOR},          {OFFERED},                MATCHING,          {CANDIDATE},                                     "Recall the offer"),
    ("release_expert",       {COORDINATOR},          {SCHEDULING, BOOKED, REPORTING}, MATCHING,    {CLAIMANT, REPRESENTATIVE, EXPERT, REFERRER},    "Release the expert"),
    ("request_record",       {COORDINATOR},          {REFERRED} | GATHERING,   SAME,              {REFERRER},                                      "Ask for a record"),
    ("settle_record",        {COORDINATOR},          UNDER_WAY,                SAME,              set(),                                           "Settle a record request"),
    ("file_document",        {REFERRER, COORDINATOR, EXPERT}, OPEN,            SAME,              {EXPERT},                                        "Add documents"),
    ("remove_document",      {REFERRER},             EARLY,                    SAME,              set(),                                           "Remove the document"),
    ("open_file_review",     {COORDINATOR},          {SCHEDULING},             REPORTING,         {EXPERT, REFERRER},                              "Make it a file review"),
    ("hold_slot",            {COORDINATOR},          {SCHEDULING, BOOKED},     SAME,              set(),                                           "Hold a time"),
    ("offer_times",          {COORDINATOR},          {SCHEDULING},             SAME,              {CLAIMANT},                                      "Offer times to the claimant"),
    ("withdraw_times",       {COORDINATOR},          {SCHEDULING},             SAME,              set(),                                           "Take the offered times back"),
    ("expire_times",         {PORTAL},               {SCHEDULING},             SAME,              {COORDINATOR},                                   "Expire the offered times"),
    ("pick_time",            {CLAIMANT},             {SCHEDULING},             BOOKED,            {COORDINATOR, CLAIMANT, REPRESENTATIVE, EXPERT, REFERRER}, "Choose a time"),
    ("refuse_times",         {CLAIMANT},             {SCHEDULING},             SAME,              {COORDINATOR},                                   "Ask for other times"),
    ("book_appointment",     {COORDINATOR},          {SCHEDULING},             BOOKED,            {CLAIMANT, REPRESENTATIVE, EXPERT, REFERRER},    "Book the appointment"),
    ("move_appointment",     {COORDINATOR},          {BOOKED},                 SAME,              {CLAIMANT, REPRESENTATIVE, EXPERT, REFERRER},    "Move the appointment"),
    ("cancel_appointment",   {COORDINATOR},          {BOOKED},                 SCHEDULING,        {CLAIMANT, REPRESENTATIVE, EXPERT, REFERRER},    "Cancel the appointment"),
    ("settle_arrangement",   {COORDINATOR},          GATHERING,                SAME,              {CLAIMANT},                                      "Settle the arrangements"),
    ("add_arrangement",      {COORDINATOR},          GATHERING,                SAME,              set(),                                           "Add an arrangement"),
    ("ask_arrangement",      {CLAIMANT},             {SCHEDULING, BOOKED},     SAME,              {COORDINATOR},                                   "Ask for help on the day"),
    ("send_brief",           {COORDINATOR},          {BOOKED, REPORTING},      SAME,              {EXPERT},                                        "Send the brief"),
    ("send_link",            {COORDINATOR, PORTAL},  {BOOKED},                 SAME,              {CLAIMANT},                                      "Send a new link"),
    ("revoke_links",         {COORDINATOR},          OPEN - {DRAFT},           SAME,              set(),                                           "Revoke the links"),
    ("confirm_attendance",   {CLAIMANT},             {BOOKED},                 SAME,              {COORDINATOR},                                   "Confirm you are coming"),
    ("ask_to_move",          {CLAIMANT},             {BOOKED},                 SAME,              {COORDINATOR},                                   "Ask for another time"),
    ("tick_instruction",     {CLAIMANT},             {BOOKED},                 SAME,              set(),                                           "Save the list"),
    ("record_examination",   {EXPERT, COORDINATOR},  {BOOKED},                 REPORTING,         {COORDINATOR, REFERRER},                         "Record the examination"),
    ("record_missed",        {EXPERT, COORDINATOR},  {BOOKED},                 SCHEDULING,        {COORDINATOR, REFERRER},                         "Record a missed examination"),
    ("write_report",         {EXPERT},               {REPORTING},              SAME,              set(),                                           "Write the report"),
    ("sign_report",          {EXPERT},               {REPORTING},              CHECKING,          {COORDINATOR},                                   "Sign the report"),
    ("release_report",       {COORDINATOR},          {CHECKING},               IN_REVIEW,         {REFERRER, RECIPIENT},                           "Check the report"),
    ("return_report",        {COORDINATOR},          {CHECKING},               REPORTING,         {EXPERT},                                        "Return the report"),
    ("give_verdict",         {REFERRER},             {IN_REVIEW},              SAME,              set(),                                           "Review the answers"),
    ("accept_report",        {REFERRER},             {IN_REVIEW},              CLOSED,            {COORDINATOR, EXPERT},                           "Accept the report"),
    ("request_clarification", {REFERRER},            {IN_REVIEW},              CLARIFYING,        {COORDINATOR},                                   "Ask for clarification"),
    ("send_clarification",   {COORDINATOR},          {CLARIFYING},             SAME,              {EXPERT, REFERRER, REPRESENTATIVE},              "Send the clarification"),
    ("refuse_clarification", {COORDINATOR},          {CLARIFYING},             IN_REVIEW,         {REFERRER},                                      "Refuse the clarification"),
    ("write_addendum",       {EXPERT},               {CLARIFYING},             SAME,              set(),                                           "Write the addendum"),
    ("sign_addendum",        {EXPERT},               {CLARIFYING},             CHECKING_ADDENDUM, {COORDINATOR},                                   "Sign the addendum"),
    ("release_addendum",     {COORDINATOR},          {CHECKING_ADDENDUM},      IN_REVIEW,         {REFERRER, RECIPIENT},                           "Check the addendum"),
    ("return_addendum",      {COORDINATOR},          {CHECKING_ADDENDUM},      CLARIFYING,        {EXPERT},                                        "Return the addendum"),
    ("reopen_case",          {REFERRER, COORDINATOR}, {CLOSED},                IN_REVIEW,         {REFERRER, COORDINATOR, EXPERT},                 "Reopen the case"),
    ("withdraw_referral",    {REFERRER},             OPEN,                     WITHDRAWN,         {COORDINATOR, CANDIDATE, EXPERT, CLAIMANT, REPRESENTATIVE}, "Withdraw the referral"),
    ("take_over_referral",   {COLLEAGUE},            OPEN,                     SAME,              {COORDINATOR},                                   "Take over the referral"),
    ("assign_coordinator",   {COORDINATOR},          UNDER_WAY,                SAME,              {COORDINATOR},                                   "Assign a coordinator"),
    ("adopt_rules",          {COORDINATOR},          UNDER_WAY,                SAME,              set(),                                           "Take the changed rules"),
    ("keep_rules",           {COORDINATOR},          UNDER_WAY,                SAME,              set(),                                           "Keep the rules of the referral"),
    ("restrict_case",        {COORDINATOR},          UNDER_WAY | ENDED,        SAME,              set(),                                           "Restrict the case"),
    ("lift_restriction",     {COORDINATOR},          UNDER_WAY | ENDED,        SAME,              set(),                                           "Lift the restriction"),
    ("place_bar",            {COORDINATOR},          UNDER_WAY | ENDED,        SAME,              set(),                                           "Bar a person"),
    ("lift_bar",             {COORDINATOR},          UNDER_WAY | ENDED,        SAME,              set(),                                           "Lift the bar"),
    ("settle_call",          {COORDINATOR},          UNDER_WAY | ENDED,        SAME,              set(),                                           "Make the phone calls"),
    ("record_disclosure",    {COORDINATOR},          UNDER_WAY | ENDED,        SAME,              set(),                                           "Note what was given out"),
    ("choose_ground",        {COORDINATOR},          UNDER_WAY | ENDED,        SAME,              set(),                                           "Choose the ground for giving out"),
    ("place_hold",           {COORDINATOR},          UNDER_WAY | ENDED,        SAME,              set(),                                           "Place a legal hold"),
    ("lift_hold",            {COORDINATOR},          UNDER_WAY | ENDED,        SAME,              set(),                                           "Lift the legal hold"),
    ("purge_case",           {COORDINATOR},          ENDED,                    SAME,              set(),                                           "Purge the case"),
    ("post_message",         {REFERRER, EXPERT},     UNDER_WAY,                SAME,              {COORDINATOR},                                   "Send a message"),
    ("answer_message",       {COORDINATOR},          UNDER_WAY,                SAME,              {REFERRER, EXPERT},                              "Send a message"),
)
# fmt: on

# What a step is in the audit trail, where it is more than a change.
ACTS = {
    "submit_referral": Act.SENT,
    "file_document": Act.CREATED,
    "remove_document": Act.REMOVED,
    "request_record": Act.CREATED,
    "book_appointment": Act.CREATED,
    "pick_time": Act.CREATED,
    "offer_times": Act.SENT,
    "send_brief": Act.SENT,
    "send_link": Act.SENT,
    "sign_report": Act.CREATED,
    "release_report": Act.SENT,
    "request_clarification": Act.CREATED,
    "send_clarification": Act.SENT,
    "sign_addendum": Act.CREATED,
    "release_addendum": Act.SENT,
    "record_disclosure": Act.SENT,
    "place_hold": Act.CREATED,
    "purge_case": Act.PURGED,
    "post_message": Act.CREATED,
    "answer_message": Act.CREATED,
    "restrict_case": Act.RIGHTS_CHANGED,
    "lift_restriction": Act.RIGHTS_CHANGED,
    "place_bar": Act.RIGHTS_CHANGED,
    "lift_bar": Act.RIGHTS_CHANGED,
}

# Of the coordinators only a manager takes these.
FOR_MANAGERS = frozenset(
    (
        "restrict_case",
        "lift_restriction",
        "place_bar",
        "lift_bar",
        "place_hold",
        "lift_hold",
        "purge_case",
    )
)

VERBS: dict[str, Callable[..., Any]] = {}
keepers: list[Callable[[Case], None]] = []  # keep what is derived from a case, inside the step's transaction
forgetters: list[Callable[[Case], None]] = []  # let go of what is derived from a case, when it is purged
wakers: list[Callable[[], None]] = []  # start what is owed, after it


class NotAllowed(Exception):
    """The person has no part in this step (403)."""


class MovedOn(Exception):
    """The case has left the stage at which the step may be taken (409)."""


class Refusal(Exception):
    """A step that the noun itself refuses, in one sentence for the person (422); `field` names the form's field."""

    def __init__(self, sentence: str, field: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.field = field


class Undeclared(Exception):
    """A verb under `@step` that the table does not know; raised at import."""


def may(person: Person, case: Case, party: Party | None = None) -> list[Step]:
    """The steps this person may take at the case now, in the order of the table; `party` where it is known already."""
    party = party or party_to(person, case)
    return [row for row in PROCESS.values() if is_part_of(row, person, party) and case.stage in row.at]


def is_part_of(row: Step, person: Person | Party, party: Party | None) -> bool:
    """Whether the step is for this person, who is this party to the case, at whatever stage."""
    is_theirs = row.name not in FOR_MANAGERS or (not isinstance(person, Party) and is_manager(person))
    return party in row.who and is_theirs


Result = TypeVar("Result")


def step(verb: Callable[..., Result]) -> Callable[..., Result]:
    """Make a verb a step: guarded, moved, recorded and told, all in one transaction or not at all.

    `by` is a User, a claimant's SecureLink, or `Party.PORTAL`. Raises NotAllowed, MovedOn or the verb's Refusal."""
    name = verb.__name__
    if name not in PROCESS:
        raise Undeclared(f"{name} has no row in the table of steps.")
    row = PROCESS[name]

    @wraps(verb)
    def taken(case: Case, *, by: Person | Party, **given: Any) -> Result:
        before, related = dict(case.__data__), dict(case.__rel__)
        try:
            with database.atomic(), remembering() as facts:
                party = claim(row, case, by)
                result = verb(case, by=by, **dict(legible(given)))
                record(row, case, by, party, before["stage"], facts)
        except BaseException:
            case.__data__, case.__rel__ = before, related
            raise
        return result

    VERBS[name] = taken
    return taken


def legible(given: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """What is given to a verb; a text of which nobody could see anything is none, so that it passes for no reason."""
    for name, value in given.items():
        yield name, value if not isinstance(value, str) or readable(value) else ""


def claim(row: Step, case: Case, by: Person | Party) -> Party:
    """Check the party, then win the stage: of two people at one case only one passes here."""
    party = by if isinstance(by, Party) else party_to(by, case)
    if party is None or not is_part_of(row, by, party):
        raise NotAllowed(row.name)
    moment = clock.now()
    moved = {Case.stage: row.to, Case.stage_since: moment} if row.to and row.to != case.stage else {}
    claimed = (
        Case.update({**moved, Case.last_event_at: moment})
        .where((Case.id == case.id) & (Case.stage == case.stage) & Case.stage.in_(list(row.at)))
        .execute()
    )
    if not claimed:
        raise MovedOn(row.name)
    # The copy in hand says what the database says now, without being marked as changed.
    case.__data__.update(last_event_at=moment, **({"stage": row.to, "stage_since": moment} if moved else {}))
    return party


def record(
    row: Step, case: Case, by: Person | Party, party: Party, was: Stage, facts: dict[str, Any]
) -> None:
    """Write the event and the audit record, settle whose turn it is, and owe a notice to each who is told."""
    event = Event.create(
        case=case,
        step=row.name,
        party=party,
        by=by if isinstance(by, User) else None,
        was=was,
        became=case.stage,
        facts=facts,
    )
    with audit.acting(actor_of(by, party)):
        audit.record(
            ACTS.get(row.name, Act.CHANGED), event, case=case, step=row.name, was=was, became=case.stage
        )
    settle(case)
    for keep in keepers if case.purged_at is None else ():
        keep(case)
    owe(event, row, by)


def actor_of(by: Person | Party, party: Party) -> audit.Actor:
    """Whoever acts now, as the one who takes the step: that is also so where no request is served."""
    who = replace(audit.actor(), party=party)
    if isinstance(by, User):
        return replace(who, user=by.id, link=None, organisation=by.organisation_id)
    return replace(who, user=None, link=by.id) if isinstance(by, SecureLink) else who


def settle(case: Case) -> None:
    """Keep the columns the queues sort by: open or not, whose turn, which step, due when."""
    upcoming = whats_next(case)
    case.is_open = case.stage not in ENDED
    case.turn, case.next_step, case.due_on = upcoming.turn, upcoming.step, upcoming.due_on
    case.save()


def owe(event: Event, row: Step, by: Person | Party) -> None:
    """Put a notice into the outbox for each person told, but not for the one who acted."""
    parties = sorted(row.tells - _spared.get())
    told = [(party, who) for party in parties for who in recipients(event.case, party)]
    actor = by.email if isinstance(by, User) else None
    for party, who in dict.fromkeys(told):
        if who.email != actor:
            state = NoticeState.OWED if who.email else NoticeState.BY_PHONE
            Notice.create(event=event, party=party, recipient=who.name, email=who.email, state=state)
    wake()


def wake() -> None:
    """Once the transaction is committed, start what is owed."""
    for start in wakers:
        database.after_commit(start)


_facts: ContextVar[dict[str, Any]] = ContextVar("facts")
_spared: ContextVar[set[Party]] = ContextVar("spared")


@contextmanager
def remembering() -> Iterator[dict[str, Any]]:
    """Collect what the verb remembers for the event's sentence, and whom it spares."""
    facts: dict[str, Any] = {}
    token, spared = _facts.set(facts), _spared.set(set())
    try:
        yield facts
    finally:
        _facts.reset(token)
        _spared.reset(spared)


def remember(**facts: Any) -> None:
    """Called by a verb: keep these facts with the event (names, dates, numbers; nothing medical)."""
    kept = _facts.get()
    for name, fact in facts.items():
        kept[name] = fact.isoformat() if isinstance(fact, date | datetime) else fact


def spare(party: Party) -> None:
    """Called by a verb: this party, whom the table tells, has no use for it this time."""
    _spared.get().add(party)
