"""The expert's brief: the cover letter that asks for their opinion, and what goes with it."""

from typing import Any

from portal import written
from portal.config import OFFICE
from portal.ime import letters
from portal.ime.calendar import written_time
from portal.ime.deadlines import latest_appointment, report_due
from portal.ime.sealing import Sealed, seal
from portal.models import Case, User

FILE_REVIEW = (
    "This is a file review: we ask for your opinion on the records alone. The claimant will not be examined."
)


def prepare_brief(case: Case, by: User, emphasis: str = "") -> Sealed:
    """Render the cover letter as sent now by this coordinator, and store it. Call it outside a transaction."""
    name = f"Cover letter {case.reference}.pdf"
    return seal(case, "cover_letter", name, cover_letter(case, by, emphasis))


def cover_letter(
    case: Case, by: User, emphasis: str = "", dates: list[dict[str, Any]] | None = None
) -> dict[str, Any]:
    """What the cover letter says, in the shape of `portal.outside.pdf.CoverLetter`; one point of emphasis a line.
    `dates` are its `deadlines` where they were read already."""
    expert: Any = case.expert
    return {
        **letters.head(case),
        "title": title(case),
        "to": {"name": expert.name, "lines": [expert.practice]},
        "greeting": f"Dear Dr. {expert.user.name.split()[-1]}",
        "subject": letters.subject(case),
        "why": "\n\n".join(why(case)),
        "questions": [{"number": each.number, "text": each.text} for each in questions(case)],
        "emphasis": [line.strip() for line in emphasis.splitlines() if line.strip()],
        "records": letters.records(case),
        "deadlines": [on_paper(each) for each in (deadlines(case) if dates is None else dates)],
        "contact": {**letters.contact(), "name": by.name},
        "signature": {"name": by.name, "lines": [OFFICE.name], "signed": ""},
    }


def title(case: Case) -> str:
    return (
        "Request for a file review"
        if case.is_file_review
        else "Request for an independent medical examination"
    )


def why(case: Case) -> list[str]:
    """The paragraphs that say what is asked for and why, and what the treating doctor concluded."""
    kind = FILE_REVIEW if case.is_file_review else ""
    reason = f"Why an independent opinion is asked for: {case.reason.label}." if case.reason else ""
    opinions = [f"{each.issue.title}: {each.opinion}" for each in case.treating_opinions]
    told = f"The treating doctor, {case.treating_doctor}, concluded:" if case.treating_doctor else ""
    treating = "\n".join([told or "The treating doctor concluded:", *opinions]) if opinions else ""
    return [paragraph for paragraph in (kind, reason, case.need, treating) if paragraph]


def questions(case: Case) -> list[Any]:
    return sorted(case.questions, key=lambda question: question.number)


def on_paper(due: dict[str, Any]) -> dict[str, str]:
    """What a letter says of a date; the screen opens its explanation."""
    return {name: due[name] for name in ("what", "when", "because")}


def deadlines(case: Case) -> list[dict[str, Any]]:
    """The examination if there is one, the report with the rule it comes from, and the dates the referrer named."""
    appointment = latest_appointment(case)
    rows: list[dict[str, Any]] = []
    if appointment:
        when = written_time(appointment.starts_at, appointment.clinic.time_zone)
        rows.append({"what": "The examination", "when": when, "because": ""})
    if appointment or case.is_file_review:
        due = report_due(case, appointment)
        told = {"what": "Your signed report", "when": written.day(due.on), "because": due.because}
        rows.append(told | {"explained": due.explained})
    return rows + [
        {"what": each.kind.title, "when": written.day(each.falls_on), "because": each.note}
        for each in case.deadlines
    ]
