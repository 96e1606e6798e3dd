"""What the referral's pages do with input that is wrong, hostile or endless: told at the field, and kept."""

import pytest

from portal.ime import linter
from portal.ime.particulars import particulars
from portal.ime.readiness import missing
from portal.ime.referral import start_referral
from portal.models import Case
from tests.views.test_referral import day, page_of

HOSTILE = "Neck\x00\x08"


@pytest.fixture
def draft(world):
    return start_referral(by=world.referrer)


@pytest.mark.parametrize(
    ("part", "typed", "sentence"),
    [
        ("injury", {"row-0-side": "left"}, "Choose the body part, or remove this row"),
        ("injury", {"row-0-body_part": "tail"}, "Choose one of the answers shown here"),
        ("injury", {"row-0-body_part": "neck", "row-0-icd10": "x"}, "Enter an ICD-10-CM code"),
        (
            "injury",
            {"row-0-body_part": "neck", **day("row-0-injured_on", "1", "2", "2099")},
            "today or earlier",
        ),
        (
            "parties",
            {"row-0-party": "recipient", "row-0-email": "d@example.com"},
            "Enter the name, or remove this row",
        ),
        (
            "parties",
            {"row-0-party": "coordinator", "row-0-name": "X"},
            "Choose one of the answers shown here",
        ),
        ("deadlines", {"row-0-kind": "hearing"}, "Enter the date"),
        ("deadlines", day("report_needed_by", "2", "30", "2027"), "That month has no such day"),
        ("claim", {"exam_kind": "XX"}, "Choose one of the answers shown here"),
        ("claim", {"claim_numbers": "7" * 61}, "Keep each line to 60 characters or fewer"),
        ("claim", {"claim_numbers": "\n".join(map(str, range(31)))}, "Keep to 30 lines or fewer"),
        ("need", {"need": "x" * 2_001}, "Shorten this to 2,000 characters or fewer"),
        ("need", {"need": HOSTILE}, "Remove the hidden control characters"),
        ("need", {"reason": "because"}, "Choose one of the answers shown here"),
        ("claimant", {"email": "rosa"}, "Enter an e-mail address"),
        ("claimant", {"phone": "12"}, "Enter a phone number"),
        ("claimant", {"zip": "9"}, "Enter a ZIP code"),
        ("claimant", {"zip": "00000"}, "This ZIP code is not known"),
        ("claimant", day("born_on", "5", "14", "2199"), "year with four digits"),
        ("treating-doctor", {"opinion_causation": "x" * 2_001}, "Shorten this"),
    ],
)
def test_what_cannot_be_meant_is_told_at_the_field_and_kept(visitor, world, draft, part, typed, sentence):
    person = visitor(world.referrer).opens(page_of(draft, part))
    token = person.tree.xpath("//form//input[@name='csrf_token']/@value")[-1]
    answer = person.client.post(page_of(draft, part), data={"csrf_token": token, **typed})
    person.reads(answer)
    assert person.status == 422
    assert person.title.startswith("Error:")
    summary = person.tree.xpath("//div[@class='govuk-error-summary']//a")
    assert sentence in summary[0].text_content()
    assert person.tree.xpath(f"//*[@id='{summary[0].get('href')[1:]}']"), "the summary leads to the field"
    for name, value in typed.items():
        fields = person.tree.xpath(f"//*[@name='{name}']")
        if fields[0].tag != "select" and fields[0].get("type") not in ("radio", "checkbox"):
            assert person.typed(name) == value.replace(HOSTILE, "Neck")
    assert len(missing(Case.get_by_id(draft.id))) == 11


def test_fifteen_hundred_rows_are_refused_and_a_page_of_them_is_kept(visitor, world, draft):
    person = visitor(world.referrer).opens(page_of(draft, "injury"))
    token = person.tree.xpath("//form//input[@name='csrf_token']/@value")[-1]
    rows = {f"row-{number}-body_part": "neck" for number in range(1_500)}
    person.reads(person.client.post(page_of(draft, "injury"), data={"csrf_token": token, **rows}))
    assert person.status == 422
    assert person.sees("Keep to 30 entries or fewer. Only the first 30 are shown here.")
    assert len(person.tree.xpath("//select[contains(@name, 'body_part')]")) == 30
    assert not particulars(draft).injuries


def test_questions_too_long_to_be_kept_are_told_so_and_not_read_by_the_linter(
    visitor, world, draft, monkeypatch
):
    """Thirty of 130,000 characters kept the linter, and with it a thread of the server, busy for minutes."""
    read = []
    monkeypatch.setattr(
        linter, "lint_all", lambda texts, **_: [read.append(len(text)) or [] for text in texts]
    )
    person = visitor(world.referrer).opens(page_of(draft, "questions"))
    token = person.tree.xpath("//form//input[@name='csrf_token']/@value")[-1]
    long = {f"row-{number}-text": "is the left shoulder " * 200 for number in range(30)}
    person.reads(person.client.post(page_of(draft, "questions"), data={"csrf_token": token, **long}))
    assert (person.status, person.sees("1,000 characters or fewer")) == (422, True)
    assert max(read) == 1_000


def test_each_question_is_read_once_however_many_it_is_compared_with(monkeypatch):
    read = []
    monkeypatch.setattr(linter, "_content", lambda text: read.append(text) or {text})
    linter._compared.cache_clear()
    linter.lint_all([f"What is the diagnosis of shoulder {number}?" for number in range(30)])
    assert len(read) == 30
