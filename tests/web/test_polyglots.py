"""Every text that is kept holds a polyglot: every page, file, mail and letter shows it as text and as nothing else."""

import re

import pytest
from lxml import html

from portal import models, notices
from portal.ime.brief import prepare_brief
from portal.ime.rules import on_file
from portal.outside.mail import _message
from portal.words import Stage
from tests.policy.matrix import address, persons, routes
from tests.web.test_fuzz import Sender

POLYGLOT = (
    "\"'><svg onload=alert(1)></textarea></title><script>alert(2)</script>"
    "{{7*7}}{0.__class__}#panic()$[@a]`b`\u202e%0d%0aX-Added: 1"
)
# What is no free text: addresses, hashes, codes of a vocabulary and of our own data files.
CODES = {
    "email", "reference", "sha256", "previous_sha256", "token_hash", "key", "password_hash", "next_step", "exam_kind",
    "step", "time_zone", "media_type", "language", "body_part", "code", "kind", "icd10", "library_key", "phone",
    "item", "device", "account", "address",
}  # fmt: skip
SOURCES = {rule.url for rule in on_file().rules}  # where the text of a rule is to be read
WHY = {"why", "expert", "place", "before", "coordinator", "when"}


@pytest.fixture
def poisoned(world):
    """The small world with a polyglot in every text."""
    for model in {*models.TABLES} - {
        models.AuditRecord,
        models.AuditSeal,
        models.ZipPlace,
    }:  # nothing typed goes there, or changes it
        for name, field in model._meta.fields.items():
            if type(field).__name__ in ("CharField", "TextField") and name not in CODES:
                is_unique = field.unique or name == "npi"  # unique where it is given
                words = model.id.cast("text").concat(POLYGLOT) if is_unique else POLYGLOT
                model.update({name: words}).execute()
    for event in models.Event.select():
        event.facts = {name: POLYGLOT if name in WHY else fact for name, fact in event.facts.items()}
        event.save()
    return world


def test_no_page_and_no_header_takes_a_text_for_anything_else(app, poisoned, case_at):
    shown = 0
    for stage in (Stage.OFFERED, Stage.BOOKED, Stage.CLARIFYING, Stage.CLOSED):
        case = case_at(stage)
        people = persons(poisoned, case, case_at(Stage.DECLINED))
        for name in ("referrer", "coordinator", "expert", "claimant"):
            sender = Sender(app, people[name])
            for rule, method in routes(app):
                if method == "GET":
                    response, _ = sender.sends(address(app, rule, case), method="GET")
                    shown += looks_harmless(response, rule.rule)
    assert shown > 100


def looks_harmless(response, route):
    """Whether the answer is a page with the polyglot in it; fails where it is more than text there."""
    body = response.get_data()
    assert response.status_code < 500, route
    assert "X-Added" not in response.headers, route
    if response.mimetype != "text/html":
        return False
    tree = html.fromstring(body)
    assert b"<svg onload" not in body and b"<script>alert" not in body, route
    assert not tree.xpath("//script[not(@src)]|//@*[starts-with(name(), 'on')]"), route
    for link in tree.xpath("//@href|//@action|//@src"):
        is_ours = re.match(r"[/?#]|https://maps\.google\.com/|tel:|mailto:|data:image|http://localhost", link)
        assert is_ours or link in SOURCES, (route, link)
    return "{{7*7}}" in tree.text_content()


def test_no_mail_takes_a_text_for_a_header(poisoned):
    written = [notices.write(notices.find(row.id)) for row in models.Notice.select().limit(60)]
    for mail in written:
        head = _message(mail, "Impartial <a@example.com>").as_string().partition("\r\n\r\n")[0]
        assert "svg" not in head and "X-Added" not in head
    assert len(written) == 60


def test_no_letter_takes_a_text_for_markup(app, poisoned, case_at):
    """`#panic()` would end the rendering, had it been read."""
    with app.app_context():
        sealed = prepare_brief(case_at(Stage.BOOKED), poisoned.coordinator, POLYGLOT)
    assert sealed.file.pages
