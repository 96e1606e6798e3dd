"""Messages: addressed to a case, never to a person. What the office says reaches referrer and expert alike."""

from portal import clock
from portal.ime.process import Refusal, remember, step
from portal.models import Case, Delivery, Message, Notice, User
from portal.policy import party_to
from portal.words import Audience, NoticeState, Party, Stage

OWN_SIDE = {Party.REFERRER: Audience.REFERRER_AND_OFFICE, Party.EXPERT: Audience.EXPERT_AND_OFFICE}


@step
def post_message(case: Case, *, by: User, text: str) -> Message:
    """A referrer or an expert writes to the coordinators; neither sees what the other wrote."""
    party = party_to(by, case)
    assert party is not None
    return write(case, by, party, OWN_SIDE[party], text)


@step
def answer_message(case: Case, *, by: User, text: str) -> Message:
    """A coordinator writes to the case: referrer and expert both read it, so there is no private talk."""
    return write(case, by, Party.COORDINATOR, Audience.CASE, text)


def write(case: Case, by: User, party: Party, audience: Audience, text: str) -> Message:
    """Keep the message; a second press of the same button is not a second message."""
    text = text.strip()
    if not text:
        raise Refusal("Write your message.", field="text")
    last = case.messages.order_by(Message.id.desc()).first()
    if last and (last.author_id, last.audience, last.text) == (by.id, audience, text):
        raise Refusal("This message was sent already.", field="text")
    return Message.create(case=case, author=by, party=party, audience=audience, text=text)


@step
def settle_call(case: Case, *, by: User, notice: Notice, is_coming: bool = False) -> None:
    """A coordinator has told by phone what could not be sent; a claimant may say there and then that they come."""
    settled = (
        Notice.update(state=NoticeState.SENT, settled_at=clock.now())
        .where((Notice.id == notice.id) & Notice.state.in_((NoticeState.BY_PHONE, NoticeState.FAILED)))
        .execute()
    )
    if not settled:
        raise Refusal("This call has been made already.")
    Delivery.create(notice=notice, is_delivered=True, detail=f"Told by phone by {by.name}.")
    is_coming = is_coming and notice.party == Party.CLAIMANT and case.stage == Stage.BOOKED
    if is_coming:
        case.confirmed_at = clock.now()
    remember(told=notice.party, coming=is_coming)
