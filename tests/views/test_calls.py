"""Whom to call at a case, at which number, and what to say."""

import pytest

from portal.ime.appointment import cancel_appointment
from portal.models import Case, CaseParty, Delivery, Event, Notice
from portal.words import NoticeState, Party, Stage


@pytest.fixture
def case(world, case_at):
    """A booked case whose claimant and representative have no e-mail address, and whose appointment is cancelled."""
    Notice.delete().execute()
    case = case_at(Stage.BOOKED)
    case.claimant.email = ""
    case.claimant.save()
    CaseParty.update(email="", phone="+14155550188").where(CaseParty.case == case).execute()
    cancel_appointment(case, by=world.coordinator, why="The expert is ill.")
    return Case.get_by_id(case.id)


def test_a_coordinator_is_told_whom_to_call_and_notes_each_call(visitor, world, case):
    page = visitor(world.coordinator).opens(f"/cases/{case.reference}/calls")
    assert page.heading == "Phone calls to make"
    assert {"(415) 555-0177", "(415) 555-0188"} <= set(page.links)
    assert page.sees("We have no e-mail address.")
    assert page.buttons.count("Note the call") == 2
    page.presses("Note the call")
    assert page.sees("is noted.")
    page.presses("Note the call")
    assert page.sees("No calls to make")
    by_phone = Notice.select().where(Notice.email == "")
    assert {notice.state for notice in by_phone} == {NoticeState.SENT}
    proofs = {row.detail for row in Delivery.select().where(Delivery.notice.in_(by_phone))}
    assert proofs == {"Told by phone by Priya Nair."}


def test_what_to_say_is_the_notice_without_its_link(visitor, world, case):
    page = visitor(world.coordinator).opens(f"/cases/{case.reference}/calls")
    assert page.sees(f"Hello {case.claimant.name}")
    assert "link.invalid" not in page.response.text
    assert "password:" not in page.response.text


def test_whom_mail_did_not_reach_is_called_too_and_the_reason_is_said(visitor, world, case):
    Notice.update(state=NoticeState.FAILED).where(Notice.party == Party.EXPERT).execute()
    page = visitor(world.coordinator).opens(f"/cases/{case.reference}/calls")
    assert page.sees("Adaeze Okafor") and page.sees("Our e-mail did not arrive.")
    assert page.buttons.count("Note the call") == 3


def test_a_call_that_was_noted_meanwhile_is_refused_in_a_sentence(visitor, world, case):
    first = visitor(world.coordinator).opens(f"/cases/{case.reference}/calls")
    second = visitor(world.second_coordinator).opens(f"/cases/{case.reference}/calls")
    first.presses("Note the call")
    second.presses("Note the call")
    assert second.status == 422
    assert second.sees("This call has been made already.")


def test_a_call_of_another_case_is_not_found(visitor, world, case, case_at):
    other = case_at(Stage.MATCHING)
    notice = Notice.select().where(Notice.state == NoticeState.BY_PHONE).first()
    page = visitor(world.coordinator).opens(f"/cases/{case.reference}/calls")
    form = page.tree.xpath("//main//form")[0]
    form.set("action", f"/cases/{other.reference}/calls/{notice.id}")
    assert page.submits(form, form.find(".//button"), {}).status == 404
    assert Notice.get_by_id(notice.id).state == NoticeState.BY_PHONE


def test_nobody_but_a_coordinator_calls(visitor, world, case):
    assert visitor(world.referrer).opens(f"/cases/{case.reference}/calls").status == 403
    assert visitor(world.stranger_referrer).opens(f"/cases/{case.reference}/calls").status == 404


def test_the_list_of_calls_takes_the_same_reads_however_long_it_is(visitor, world, case, monkeypatch):
    from portal.db import database

    def reads():
        seen = []
        run = type(database.obj).execute_sql
        monkeypatch.setattr(
            type(database.obj), "execute_sql", lambda self, *a, **k: seen.append(a) or run(self, *a, **k)
        )
        visitor(world.coordinator).opens(f"/cases/{case.reference}/calls")
        monkeypatch.undo()
        return len(seen)

    few = reads()
    event = Event.select().where(Event.case == case).order_by(Event.id.desc()).first()
    for number in range(5):
        Notice.create(
            event=event,
            party=Party.RECIPIENT,
            recipient=f"Reader {number}",
            email="",
            state=NoticeState.BY_PHONE,
        )
    assert reads() == few


def test_a_claimant_who_says_on_the_phone_that_they_come_is_confirmed(visitor, world, case_at):
    case = case_at(Stage.BOOKED)
    Notice.update(state=NoticeState.BY_PHONE).where(
        Notice.event == Event.get(Event.case == case, Event.step == "book_appointment"),
        Notice.party == Party.CLAIMANT,
    ).execute()
    visitor(world.coordinator).opens(f"/cases/{case.reference}/calls").presses(
        "Note the call: they are coming"
    )
    assert Case.get_by_id(case.id).confirmed_at is not None
    page = visitor(world.coordinator).opens(f"/cases/{case.reference}")
    assert page.sees("You told the claimant by phone, who is coming.")
