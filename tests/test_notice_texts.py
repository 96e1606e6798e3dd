"""Whoever is told has a text; it names the case, says nothing private, and is the one that was agreed."""

import os
import re
from pathlib import Path

import pytest

from portal import notices
from portal.ime.process import PROCESS
from portal.models import Case, Event, Notice
from portal.words import Party

SNAPSHOTS = Path(__file__).parent / "snapshots" / "notices"
WRITES_SNAPSHOTS = "IMPARTIAL_WRITE_SNAPSHOTS"

TOLD = [(step, party) for step, row in PROCESS.items() for party in sorted(row.tells)]

CANARIES = {
    "why": "CANARY-WHY lumbar",
    "diagnosis": "CANARY-DIAGNOSIS",
    "question": "CANARY-QUESTION",
    "claim_number": "CANARY-CLAIM",
    "claimant": "CANARY-CLAIMANT",
    "kind": "imaging",
    "sha256": "CANARY-HASH",
}
FACTS = {
    "expert": "Adaeze Okafor, MD",
    "until": "2026-12-04T22:00:00+00:00",
    "until_day": "December 4, 2026",
    "starts_at": "2026-12-08T17:00:00+00:00",
    "time_zone": "America/Los_Angeles",
    "when": "Tuesday, December 8, 2026 at 9:00 am PST",
    "place": "at Bayview – Downtown, San Francisco",
    "before": "Morgan Reyes",
    "referrer": "Sam Whitfield",
    "due_on": "2026-12-11",
    "number": 2,
    "count": 3,
    "asked_of": "referrer",
    "is_again": False,
    "has_note": False,
    "is_file_review": False,
    "is_writing": False,
}
LINK = "https://portal.example/somewhere"


def rendered(step, party, **facts):
    event = Event(case=Case(reference="IME-1042"), step=step, facts={**FACTS, **CANARIES, **facts})
    return notices.render(Notice(event=event, party=party, recipient="Robin Tester", email=""), LINK)


@pytest.mark.parametrize(("step", "party"), TOLD)
def test_whoever_is_told_has_a_text_that_names_the_case_and_nothing_private(app, step, party):
    text = rendered(step, party)
    assert "IME-1042" in text.subject
    assert len(text.subject) <= 78 and not re.search(r"[\r\n]", text.subject)
    assert "Robin Tester" not in text.subject and "Robin Tester" in text.body
    assert "CANARY" not in text.subject + text.body
    assert not re.search(r"[{}<>]|None|Undefined| \n|\n\n\n", text.body)


@pytest.mark.parametrize(("step", "party"), TOLD)
def test_the_text_is_the_one_that_was_agreed(app, step, party):
    text = rendered(step, party)
    said = f"Subject: {text.subject}\n\n{text.body}"
    kept = SNAPSHOTS / f"{step}.{party}.txt"
    if WRITES_SNAPSHOTS in os.environ:
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(said)
    assert kept.exists(), f"No snapshot; read the text, then run once with {WRITES_SNAPSHOTS}=1"
    assert said == kept.read_text(), (
        f"The text has changed; if it is meant, run once with {WRITES_SNAPSHOTS}=1"
    )


def test_whoever_reviews_the_file_is_not_told_of_an_examination(app):
    text = rendered("send_brief", Party.EXPERT, is_file_review=True)
    assert "file review" in text.body and "examination" not in text.body


@pytest.mark.parametrize("party", sorted(PROCESS["release_expert"].tells))
def test_once_a_report_was_begun_a_released_expert_is_told_of_in_other_words(app, party):
    text = rendered("release_expert", party, is_writing=True)
    assert "appointment" not in text.subject + text.body
    assert "report" in text.body or party == Party.CLAIMANT
    assert not re.search(r"[{}<>]|\n\n\n", text.body)


def test_no_text_is_left_over():
    folder = Path(notices.__file__).parent / "templates" / "notices"
    kept = {(path.parent.name, path.name.partition(".")[0]) for path in folder.glob("*/*.txt")}
    kept = {each for each in kept if each[0] != "account"}  # those are held by test_account_mail.py
    assert kept == {(step, str(party)) for step, party in TOLD}
    assert {path.stem for path in SNAPSHOTS.glob("*.txt")} == {f"{step}.{party}" for step, party in TOLD}
