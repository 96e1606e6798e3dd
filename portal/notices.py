"""Sends what the process owes: every notice of the outbox once, with the proof of it or the reason why not."""

from portal import audit, outbox
from portal.ime.calendar import invitation
from portal.ime.instructions import make_link
from portal.models import Appointment, Case, Claimant, Clinic, Delivery, Event, Notice
from portal.outbox import UNSENT, Text, due, public_url
from portal.outside.mail import Mail
from portal.words import Act, Ending, NoticeState, Party, Stage

CARRY_LINK = frozenset(
    (
        "book_appointment",
        "pick_time",
        "move_appointment",
        "send_link",
        "offer_times",
        "settle_arrangement",
    )
)

# Who is sent something for their calendar, and with which steps.
INVITED = frozenset({Party.CLAIMANT, Party.EXPERT})
INVITING = frozenset({"book_appointment", "pick_time", "move_appointment"})
CANCELLING = frozenset({"cancel_appointment", "release_expert", "withdraw_referral"})


class Named(str):
    """A case as a notice may name it: by its reference and nothing else."""

    @property
    def reference(self) -> str:
        return str(self)


def send_owed(limit: int = 500) -> int:
    """Send what is due, oldest first; how many were sent. Any number of senders may run at once."""
    return sum(send(number) for number in due(Notice, limit))


def send(number: int) -> bool:
    """Send one notice unless another sender has it or an earlier one to the same person still waits."""
    notice = find(number)
    return not follows_unsent(notice) and outbox.send(notice, write, keep_proof)


def keep_proof(notice: Notice, state: NoticeState, detail: str) -> None:
    """Every attempt at a notice is on record."""
    is_sent = state == NoticeState.SENT
    Delivery.create(notice=notice, is_delivered=is_sent, detail=detail)
    ending = Ending.DONE if is_sent else Ending.FAILED
    audit.record(Act.SENT, notice, case=notice.event.case_id, ending=ending, to=notice.party)


def find(number: int) -> Notice:
    """The notice with its event, case and claimant, in one read."""
    rows = Notice.select(Notice, Event, Case, Claimant).join(Event).join(Case).join(Claimant)
    return rows.where(Notice.id == number).get()


def follows_unsent(notice: Notice) -> bool:
    """Whoever is told of a booking and of its end must not read the end first."""
    earlier = Notice.select(Notice.id).join(Event).where(Event.case == notice.event.case_id)
    return earlier.where(UNSENT, Notice.email == notice.email, Notice.id < notice.id).exists()


def write(notice: Notice) -> Mail:
    """The mail of a claimed notice; the same message id each time, so that a repeat is the same message."""
    text = render(notice, url_for(notice))
    made = int(notice.event.at.timestamp())
    return outbox.mail(notice.email, text, f"notice-{notice.id}.{made}", *for_calendar(notice))


def for_calendar(notice: Notice) -> tuple[str, str]:
    """The invitation or cancellation that goes with the mail, and its method; empty where there is none."""
    event = notice.event
    is_cancelled, number = event.step in CANCELLING, event.facts.get("appointment")
    if number is None or notice.party not in INVITED or not (is_cancelled or event.step in INVITING):
        return "", ""
    row = Appointment.select(Appointment, Clinic).join(Clinic).where(Appointment.id == number).first()
    if row is None:
        return "", ""
    text = invitation(
        row,
        event.case.reference,
        to=notice.email,
        is_expert=notice.party == Party.EXPERT,
        is_cancelled=is_cancelled,
        stamp=event.at,
    )
    return text.decode(), "CANCEL" if is_cancelled else "REQUEST"


def url_for(notice: Notice) -> str:
    """Where the notice leads: a secure link made at this moment for a claimant who is expected, else the case page."""
    case = notice.event.case
    is_choosing = case.stage == Stage.SCHEDULING and notice.event.step == "offer_times"
    is_expected = notice.party == Party.CLAIMANT and (case.stage == Stage.BOOKED or is_choosing)
    if is_expected and notice.event.step in CARRY_LINK and not was_revoked_since(notice.event):
        return f"{public_url()}/appointment/link/{make_link(case)}"
    return f"{public_url()}/cases/{case.reference}"


def was_revoked_since(event: Event) -> bool:
    """The links of the case were closed after this mail was owed: it is not to open a new one."""
    later = Event.select().where(Event.case == event.case_id, Event.id > event.id)
    return bool(later.where(Event.step == "revoke_links").exists())


def render(notice: Notice, url: str) -> Text:
    """The notice in words. Raises Unwritten where there is no template, or one that lacks a fact."""
    event = notice.event
    about = f"{event.step} to the {notice.party.label}"
    return outbox.render(
        f"notices/{event.step}/{notice.party}.en.txt",
        about,
        recipient=notice.recipient,
        case=Named(event.case.reference),
        facts=event.facts,
        url=url,
    )
