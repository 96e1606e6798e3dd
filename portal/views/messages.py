"""Messages: the thread as each party may read it, writing to the coordinators, and answering the case."""

from typing import Any

from flask import Blueprint, g, request, url_for
from peewee import JOIN, fn

from portal.forms.messages import MessageForm
from portal.ime.messages import answer_message, post_message
from portal.ime.particulars import Particulars
from portal.kept import Kept, bind
from portal.models import Case, Message, User
from portal.policy import ENGAGED, readable_messages
from portal.search import FURTHEST
from portal.web.formats import stamp
from portal.web.navigation import Link, href_if_open
from portal.web.page import done, page, take
from portal.web.routing import number_of, performs, sees_case
from portal.words import Party

bp = Blueprint("messages", __name__)

IN_SECTION = 3
ABOVE_FORM = 10
ON_PAGE = 50

READ_BY = {
    Party.REFERRER: "The coordinators and your colleagues on this case read this. The expert does not.",
    Party.EXPERT: "The coordinators read this. The referrer does not.",
}


# --- reading ----------------------------------------------------------------------------------------------------


def section(case: Case, party: Party, listed: Particulars) -> dict[str, Any] | None:
    """The last messages this party may read, and where to write; None when there is neither."""
    if party not in ENGAGED:
        return None
    messages, write = latest(case, party, IN_SECTION), writing(case)
    if not messages and not write:
        return None
    return {
        "messages": [shown(each) for each in messages],
        "write": write,
        "all_href": url_for("messages.read", ref=case.reference),
        "all_text": f"Read all {messages[0].total} messages"
        if messages and messages[0].total > IN_SECTION
        else "",
    }


def writing(case: Case) -> Link | None:
    """The page on which this reader may write now."""
    href = href_if_open("post_message", case) or href_if_open("answer_message", case)
    return Link("Write a message", href) if href else None


@bp.route("/cases/<ref:ref>/messages")
@sees_case(Party.REFERRER, Party.COLLEAGUE, Party.COORDINATOR, Party.EXPERT)
def read(case: Case) -> Any:
    messages = latest(case, g.party, ON_PAGE + 1, before=number_of(request.args.get("before")))
    has_earlier = len(messages) > ON_PAGE
    kept = messages[1:] if has_earlier else messages
    return page(
        "messages/read.html",
        case=case,
        messages=[shown(each) for each in kept],
        earlier_href=url_for("messages.read", ref=case.reference, before=kept[0].id) if has_earlier else None,
        write=writing(case),
    )


LATEST = {
    party: Kept(
        lambda party=party: (
            readable_messages(party, bind("case"))
            .select(Message, User.id, User.name, fn.COUNT(Message.id).over().alias("total"))
            .join(User, JOIN.LEFT_OUTER, on=Message.author)
            .where(Message.id < bind("before"))
            .order_by(Message.id.desc())
            .limit(bind("most"))
        )
    )
    for party in ENGAGED
}


def latest(case: Case, party: Party, most: int, before: int = FURTHEST) -> list[Any]:
    """The last messages this party may read, the oldest of them first, each with its author and their number."""
    return LATEST[party].models(case=case.id, before=before, most=most)[::-1]


def shown(message: Message) -> dict[str, Any]:
    """One message as the page shows it: who, when and to whom, what, and whether the reader wrote it."""
    name = message.author.name if message.author else "The portal"
    return {
        "who": f"{name}, {message.party.label}",
        "when": f"{stamp(message.posted_at)} · to {message.audience.label}",
        "text": message.text,
        "own": message.author_id == g.person.id,
    }


# --- writing ----------------------------------------------------------------------------------------------------


@bp.route("/cases/<ref:ref>/messages/new", methods=["GET", "POST"])
@performs(post_message)
def post(case: Case) -> Any:
    form = MessageForm()
    if form.validate_on_submit() and take(form, lambda: post_message(case, by=g.person, text=form.text.data)):
        return done("Your message is sent. The coordinator has been told.", thread(case))
    return write_page(case, form, "Write to the coordinators", READ_BY[g.party])


@bp.route("/cases/<ref:ref>/messages/answer", methods=["GET", "POST"])
@performs(answer_message)
def answer(case: Case) -> Any:
    form = MessageForm()
    if form.validate_on_submit() and take(
        form, lambda: answer_message(case, by=g.person, text=form.text.data)
    ):
        return done(f"Your message is sent. {told(case)}", thread(case))
    return write_page(case, form, "Write to the case", readers(case))


def thread(case: Case) -> str:
    return url_for("messages.read", ref=case.reference)


def told(case: Case) -> str:
    return "The referrer and the expert have been told." if case.is_engaged else "The referrer has been told."


def readers(case: Case) -> str:
    """Who reads what a coordinator writes."""
    if case.is_engaged:
        return "The referrer and the expert both read this."
    return "The referrer reads this, and so will the expert who takes the case."


def write_page(case: Case, form: MessageForm, title: str, read_by: str) -> Any:
    messages = latest(case, g.party, ABOVE_FORM)
    return page(
        "messages/write.html",
        "messages/_write_form.html",
        form=form,
        case=case,
        heading=title,
        read_by=read_by,
        messages=[shown(each) for each in messages],
        all_href=thread(case) if messages and messages[0].total > ABOVE_FORM else None,
    )
