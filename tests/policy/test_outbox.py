"""What leaves the portal because of a step – its mails and its papers – holds nothing of another organisation."""

from contextlib import suppress

import pytest

from portal import notices
from portal.db import database
from portal.ime.files import open_file
from portal.ime.process import PROCESS, VERBS, NotAllowed, Refusal
from portal.models import Document, Notice
from portal.words import NoticeState, Party, Stage
from tests.ime.given import GIVEN
from tests.policy.matrix import persons, words_of
from tests.policy.mirror import THEIRS

ACTING = {
    Party.REFERRER: "referrer",
    Party.COLLEAGUE: "colleague",
    Party.COORDINATOR: "coordinator",
    Party.CANDIDATE: "expert",
    Party.EXPERT: "expert",
    Party.CLAIMANT: "claimant",
}


def left_by(name, side, stage):
    """The mails and papers that a step of ours leaves at a stage; none where the noun refuses it. Undone afterwards."""
    case, texts = side.case_at(stage), []
    with database.atomic() as everything:
        people = persons(side.world, case, side.case_at(Stage.DECLINED))
        newest = Notice.select().order_by(Notice.id.desc()).first().id
        paper = Document.select().order_by(Document.id.desc()).first().id
        if not take(name, side, case, people):
            everything.rollback()
            return texts
        owed = Notice.select().where((Notice.id > newest) & (Notice.state != NoticeState.BY_PHONE))
        for notice in owed:
            mail = notices.write(notices.find(notice.id))
            texts.append(f"{mail.subject} {mail.text}")
        for document in Document.select().where((Document.id > paper) & (Document.sha256 != "f" * 64)):
            content = b"".join(open_file(document))
            texts.append(
                words_of(content) if content.startswith(b"%PDF") else content.decode(errors="replace")
            )
        everything.rollback()
    return texts


def take(name, side, case, people):
    """Take the step as whoever may; False where the noun itself refuses it, or it is nobody's of them here."""
    for party in sorted(PROCESS[name].who):
        by = Party.PORTAL if party == Party.PORTAL else people[ACTING[party]]
        with suppress(NotAllowed, Refusal):
            VERBS[name](case, by=by, **GIVEN[name](side.world, case))
            return True
    return False


@pytest.mark.parametrize("name", PROCESS)
def test_no_mail_and_no_paper_of_a_step_holds_anything_of_the_other_world(app, twice, ours, theirs, name):
    foreign = {theirs.case_at(stage).reference for stage in Stage}
    for stage in (each for each in Stage if each in PROCESS[name].at):
        for text in left_by(name, ours, stage):
            leaked = {place for place, world in twice.canaries.found(text) if world == THEIRS}
            assert not leaked and not any(number in text for number in foreign)
