"""The questions for the expert: asked by the referrer, read by everyone on the case."""

from typing import Any

from flask import Blueprint, g, request, url_for

from portal.forms.questions import LONGEST_QUESTION, QuestionsForm
from portal.ime.particulars import Particulars, particulars
from portal.ime.questions import Suggestion, concerns, suggestions
from portal.ime.referral import edit_referral
from portal.models import Case
from portal.views.referral import EARLY, onward, place
from portal.web.page import page, take
from portal.web.routing import performs
from portal.words import Party

bp = Blueprint("questions", __name__)


@bp.route("/cases/<ref:ref>/referral/questions", methods=["GET", "POST"])
@performs(edit_referral)
def ask(case: Case) -> Any:
    listed = particulars(case)
    offered = suggestions(case, listed)
    form = QuestionsForm.of(listed.questions)
    form.library.choices = {each.key: each.text for each in offered}
    pressed = request.form.get("then", "")
    if form.is_to_be_kept(pressed, offered) and take(
        form, lambda: edit_referral(case, by=g.person, **form.changes())
    ):
        return onward(case, "questions")
    return questions_page(case, form, offered, listed)


def questions_page(case: Case, form: QuestionsForm, offered: list[Suggestion], listed: Particulars) -> Any:
    """Each question with what the linter notices, then those of the library that are not asked yet."""
    form.number()
    # What is too long to be kept is told so at its field; the linter would read it for minutes.
    texts = [row.text.typed[:LONGEST_QUESTION] for row in form.rows]
    asked = {row.library_key.typed for row in form.rows}
    form.library.choices = {each.key: each.text for each in offered if each.key not in asked}
    return page(
        "questions/ask.html",
        "questions/_ask_form.html",
        form=form,
        case=case,
        is_library_open=not any(texts),
        noticed=[
            told if text.strip() else [] for text, told in zip(texts, concerns(texts, listed), strict=True)
        ],
        **place("questions"),
    )


def section(case: Case, party: Party, listed: Particulars) -> dict[str, Any] | None:
    """The numbered questions, for every reader of the case; none before the first is asked."""
    is_theirs = party == Party.REFERRER and case.stage in EARLY
    edit_href = url_for("questions.ask", ref=case.reference) if is_theirs else None
    return {"questions": listed.questions, "edit_href": edit_href} if listed.questions or edit_href else None
