"""Every event as a sentence for the reader who is looking; what is not for them has no sentence."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from portal import written
from portal.clock import OFFICE_ZONE
from portal.models import Event, User
from portal.policy import READERS, Person
from portal.words import (
    ArrangementKind,
    ArrangementState,
    Audience,
    DisclosureBasis,
    Outcome,
    Party,
    RecordSource,
    RecordState,
    Word,
)

OFFICE = frozenset({Party.COORDINATOR})
REFERRERS = frozenset({Party.REFERRER, Party.COLLEAGUE}) | OFFICE
EXPERTS = frozenset({Party.EXPERT}) | OFFICE
CASE = REFERRERS | EXPERTS
ALL = CASE | {Party.CLAIMANT}

# step -> who may read the sentence, and the sentence. {who} is the actor; the rest are the event's facts.
SENTENCES: dict[str, tuple[frozenset[Party], str]] = {
    "start_referral": (REFERRERS, "{who} began the referral."),
    "submit_referral": (CASE, "{who} sent the referral."),
    "accept_referral": (REFERRERS, "{who} accepted the referral."),
    "return_referral": (REFERRERS, "{who} returned the referral with a question: {why}"),
    "decline_referral": (REFERRERS, "{who} declined the referral: {why}"),
    "draw_panel": (REFERRERS, "{who} drew {count} for the examination."),
    "strike_name": (REFERRERS, "{who} noted that {expert} was struck from the panel."),
    "offer_case": (OFFICE, "{who} offered the case to {expert}, to be answered by {until}."),
    "take_offer": (CASE, "{who} took the case."),
    "pass_offer": (OFFICE, "{expert} passed on the case: {why}."),
    "expire_offer": (OFFICE, "The offer to {expert} ran out without an answer."),
    "recall_offer": (OFFICE, "{who} recalled the offer to {expert}."),
    "release_expert": (CASE, "{who} released {expert} from the case."),
    "request_record": (CASE, "{who} asked {asked_of} for a record, by {due_on}."),
    "settle_record": (CASE, "{who} settled the record asked of {asked_of}: {state}."),
    "file_document": (CASE, "{who} added {count} to the records."),
    "open_file_review": (
        CASE,
        "{who} made it a file review: an opinion on the records, without an examination.",
    ),
    "offer_times": (OFFICE | {Party.CLAIMANT}, "{who} offered the claimant {count} to choose from."),
    "withdraw_times": (OFFICE, "{who} took the offered times back: {why}"),
    "expire_times": (OFFICE, "The claimant did not choose one of the offered times."),
    "pick_time": (ALL, "{who} chose the examination on {starts_at}, {place}."),
    "refuse_times": (OFFICE | {Party.CLAIMANT}, "{who} asked for other times: {why}"),
    "book_appointment": (ALL, "{who} booked the examination for {starts_at}, {place}."),
    "move_appointment": (ALL, "{who} moved the examination to {starts_at}, {place}."),
    "cancel_appointment": (ALL, "{who} cancelled the examination of {starts_at}."),
    "add_arrangement": (OFFICE, "{who} noted that the claimant needs this: {arrangement}."),
    "ask_arrangement": (OFFICE | {Party.CLAIMANT}, "{who} asked for this on the day: {arrangement}."),
    "settle_arrangement": (OFFICE, "{who} noted the {arrangement}: {state}."),
    "send_brief": (CASE, "{who} sent the brief to the expert."),
    "send_link": (OFFICE, "{who} sent the claimant a new secure link."),
    "revoke_links": (OFFICE, "{who} revoked the claimant's secure links."),
    "confirm_attendance": (ALL, "{who} confirmed the appointment."),
    "ask_to_move": (OFFICE | {Party.CLAIMANT}, "{who} asked for another time: {why}"),
    "record_examination": (CASE, "{who} recorded the examination: {outcome}."),
    "record_missed": (CASE, "{who} recorded that the examination could not be held: {outcome}."),
    "sign_report": (EXPERTS, "{who} signed the report."),
    "return_report": (EXPERTS, "{who} returned the report to the expert with {count}."),
    "release_report": (CASE, "{who} released the report."),
    "accept_report": (CASE, "{who} accepted the report. The case is closed."),
    "request_clarification": (REFERRERS, "{who} asked for clarification of {count}."),
    "send_clarification": (CASE, "{who} sent the clarification to the expert, to be answered by {due_on}."),
    "refuse_clarification": (REFERRERS, "{who} refused the clarification: {why}"),
    "sign_addendum": (EXPERTS, "{who} signed addendum {number}."),
    "return_addendum": (EXPERTS, "{who} returned addendum {number} to the expert: {why}"),
    "release_addendum": (CASE, "{who} released addendum {number}."),
    "reopen_case": (CASE, "{who} reopened the case: {why}"),
    "withdraw_referral": (CASE, "{who} withdrew the referral: {why}"),
    "take_over_referral": (REFERRERS, "{who} took over the referral from {before}."),
    "assign_coordinator": (OFFICE, "{who} gave the case to {coordinator}."),
    "adopt_rules": (OFFICE, "{who} took the changed rules for this case."),
    "keep_rules": (OFFICE, "{who} kept the rules of the referral: {why}"),
    "restrict_case": (OFFICE, "{who} restricted the case: {why}"),
    "lift_restriction": (OFFICE, "{who} lifted the restriction: {why}"),
    "place_bar": (OFFICE, "{who} barred {person} from the case: {why}"),
    "lift_bar": (OFFICE, "{who} lifted the bar of {person}."),
    "record_disclosure": (OFFICE, "{who} noted that {count} went out of the office: {basis}."),
    "choose_ground": (OFFICE, "{who} chose the ground on which documents go out: {basis}."),
    "place_hold": (OFFICE, "{who} placed a legal hold on the case."),
    "lift_hold": (OFFICE, "{who} lifted the legal hold: {why}"),
    "purge_case": (OFFICE, "{who} purged the case."),
    "settle_call": (OFFICE, "{who} told the {told} by phone{coming}."),
}

# The steps a reader does not need to hear about: they save what is still being written.
QUIET = frozenset(
    (
        "edit_referral",
        "remove_document",
        "tick_instruction",
        "write_report",
        "give_verdict",
        "write_addendum",
        "post_message",
        "answer_message",
        "hold_slot",
    )
)

# Reasons that the referrer and the office give each other; the expert reads the sentence without them.
CONFIDED = frozenset(("reopen_case", "withdraw_referral"))

COUNTED = {
    "file_document": ("document", "documents"),
    "return_report": ("comment", "comments"),
    "request_clarification": ("answer", "answers"),
    "record_disclosure": ("document", "documents"),
    "offer_times": ("time", "times"),
    "draw_panel": ("name", "names"),
}
SPOKEN: dict[str, tuple[type[Word], ...]] = {
    "outcome": (Outcome,),
    "asked_of": (RecordSource,),
    "state": (RecordState, ArrangementState),
    "arrangement": (ArrangementKind,),
    "told": (Party,),
    "basis": (DisclosureBasis,),
}


@dataclass(frozen=True)
class Entry:
    """One line of the timeline: the sentence, and the moment it happened."""

    sentence: str
    at: datetime


def timeline(events: Iterable[Event], reader: Person, party: Party) -> list[Entry]:
    """The events this reader may know of, each as a sentence, in the order given; `by` must be read with them."""
    return [Entry(sentence, event.at) for event in events if (sentence := tell(event, reader, party))]


def tell(event: Event, reader: Person, party: Party) -> str | None:
    """The event's sentence for this reader; None when it is not for them."""
    readers, text = SENTENCES.get(event.step, (frozenset(), ""))
    if party not in readers & audience(event):
        return None
    if event.step in CONFIDED and party not in REFERRERS:
        text = text.replace(": {why}", ".")
    facts = {name: spoken(event, name, fact) for name, fact in event.facts.items()}
    return text.format_map({"who": actor(event, reader, party), **facts})


def audience(event: Event) -> frozenset[Party]:
    """The parties whom the thing itself is for: who may not read a document does not hear of it either."""
    return READERS[Audience(event.facts["audience"])] if "audience" in event.facts else frozenset(Party)


def actor(event: Event, reader: Person, party: Party) -> str:
    """ "You", the name of the person, or for the claimant the office as a whole."""
    if isinstance(reader, User) and event.by_id == reader.id:
        return "You"
    if event.party == Party.CLAIMANT:
        return "You" if party == Party.CLAIMANT else "The claimant"
    if event.party == Party.PORTAL or event.by is None:
        return "The portal"
    return "Our office" if party == Party.CLAIMANT else event.by.name


def spoken(event: Event, name: str, fact: Any) -> Any:
    """A fact as words: dates written out, counts with their noun, words of the vocabulary by their label."""
    if name in {"starts_at", "until"}:
        return written_moment(fact, event.facts.get("time_zone", OFFICE_ZONE))
    if name == "due_on":
        return written.day(date.fromisoformat(fact))
    if name == "count" and event.step in COUNTED:
        one, many = COUNTED[event.step]
        return f"{fact} {one if fact == 1 else many}"
    if name == "coming":
        return ", who is coming" if fact else ""
    for words in SPOKEN.get(name, ()):
        if fact in words.__members__.values():
            return words(fact).label
    return fact


def written_moment(iso: str, zone: str) -> str:
    """March 4, 2026 at 9:30 am EST"""
    local = datetime.fromisoformat(iso).astimezone(ZoneInfo(zone))
    return f"{written.day(local, zone)} at {written.clock_face(local)} {local:%Z}"
