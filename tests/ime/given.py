"""What each step is given in the exhaustive test: enough for it to be taken at one of its stages."""

from datetime import timedelta

from portal import clock
from portal.ime import (
    addendum,
    appointment,
    clarification,
    disclosure,
    draw,
    holds,
    report,
    review,
    rule_book,
    rules,
)
from portal.ime.records import StoredFile
from portal.ime.slots import Slot
from portal.models import (
    Appointment,
    Arrangement,
    Bar,
    Clinic,
    Document,
    Expert,
    LegalHold,
    Notice,
    Offer,
    RecordRequest,
    SlotHold,
)
from portal.words import (
    ArrangementKind,
    ArrangementState,
    Certainty,
    ClarificationReason,
    DisclosureBasis,
    DocumentKind,
    NoticeState,
    Outcome,
    Party,
    RecordSource,
    RecordState,
    Stage,
)

WHY = {"why": "It has to be so."}


def nothing(world, case):
    return {}


def why(world, case):
    return dict(WHY)


def slot(world, case):
    """A free time of the world's expert, wherever the case stands."""
    clinic = Clinic.get(Clinic.expert == world.expert.expert)
    start = clock.now().replace(hour=18, minute=0, second=0) + timedelta(days=60)
    return {"clinic": clinic, "starts_at": start, "ends_at": start + appointment.USUAL_LENGTH}


def held(world, case):
    """The same free time, as a slot of a form."""
    when = slot(world, case)
    return {"slot": Slot(when["clinic"].id, when["starts_at"], when["ends_at"])}


def times(world, case):
    """One time to choose from, for two days."""
    return {"slots": [held(world, case)["slot"]], "until": clock.now() + timedelta(days=2)}


def offered(world, case):
    """A time was offered to the claimant."""
    if case.stage == Stage.SCHEDULING:
        holds.offer_times(case, by=world.coordinator, **times(world, case))
    return held(world, case)


def not_chosen(world, case):
    """The claimant let the offered times run out."""
    offered(world, case)
    SlotHold.update(expires_at=clock.now() - timedelta(minutes=1)).execute()
    return {}


def new_file(world, case):
    file = StoredFile("note.pdf", "application/pdf", 10, "f" * 64, "f" * 32, 1)
    return {"files": [file], "kind": DocumentKind.MEDICAL_RECORDS}


def request(world, case):
    made = RecordRequest.select().where(RecordRequest.case == case).first()
    return {"request": made or RecordRequest(case=case), "state": RecordState.UNAVAILABLE}


def arrangement(world, case):
    made = Arrangement.select().where(Arrangement.case == case).first()
    return {"arrangement": made or Arrangement(case=case), "state": ArrangementState.BOOKED}


def call(world, case):
    made = Notice.select().where(Notice.state == NoticeState.BY_PHONE).first()
    if made is None:
        made = Notice.select().first()
        Notice.update(state=NoticeState.BY_PHONE).where(Notice.id == made.id).execute()
    return {"notice": made}


def restricted(world, case):
    """The case is restricted already."""
    case.is_restricted = True
    case.save()
    return dict(WHY)


def bar(world, case):
    """The other expert is barred from the case."""
    bar = Bar.create(case=case, user=world.second_expert, why="A conflict.", placed_by=world.coordinator)
    return {"bar": bar}


def disclosed(world, case):
    given = disclosure.offered(case) or [Document(id=0)]
    said = {
        "recipient": "Dana Brooks",
        "address": "1 Court Street",
        "purpose": "Hearing",
        "why_more": "Asked for.",
    }
    return {"documents": given[:1], "basis": DisclosureBasis.COURT_ORDER, **said}


def on_hold(world, case):
    LegalHold.create(case=case, why="A lawsuit.", placed_by=world.coordinator)
    return why(world, case)


def long_ended(world, case):
    """The case ended seven years ago."""
    case.stage_since = clock.now() - timedelta(days=7 * 366)
    case.save()
    return {"typed": case.reference}


def offer(world, case):
    return {
        "expert": world.second_expert.expert,
        "until": clock.now() + timedelta(days=3),
        "why_not_first": "Sees such cases every day.",
    }


def verdicts(world, case):
    return {"verdicts": {question.id: (True, "") for question in case.questions}}


def sealed_report(world, case):
    return {
        "sealed": report.prepare_report(case)
        if case.stage == Stage.REPORTING and finished(world, case)
        else None
    }


def finished(world, case):
    """Write the report out so that it can be signed."""
    answer = {"opinion": "Yes.", "reasons": "Shown.", "certainty": Certainty.PROBABLE}
    report.write_report(
        case,
        by=world.expert,
        sections=dict.fromkeys(report.SECTIONS, "As found."),
        answers={question.id: answer for question in case.questions},
    )
    return True


def sealed_addendum(world, case):
    if case.stage != Stage.CLARIFYING:
        return {"sealed": None}
    clarification.send_clarification(case, by=world.coordinator, due_on=clock.today() + timedelta(days=9))
    answer = {"opinion": "Yes.", "reasons": "Shown.", "certainty": Certainty.PROBABLE}
    sent = clarification.in_state(case, clarification.SENT)
    addendum.write_addendum(case, by=world.expert, answers={each.id: answer for each in sent})
    return {"sealed": addendum.prepare_addendum(case)}


def item(world, case):
    question = case.questions.first()
    reason = ClarificationReason.UNCLEAR
    return {
        "items": [{"question_id": question.id if question else 0, "reason": reason, "text": "Which side?"}]
    }


def judged(world, case):
    """Every answer found good, so that the report can be accepted."""
    review.give_verdict(case, by=world.referrer, **verdicts(world, case))
    return {}


def run_out(world, case):
    """The offer's deadline has passed."""
    Offer.update(until=clock.now() - timedelta(minutes=1)).where(Offer.case == case).execute()
    return {}


def begun(world, case):
    """The examination began an hour ago."""
    began = clock.now() - timedelta(hours=1)
    Appointment.update(starts_at=began, ends_at=clock.now()).where(Appointment.case == case).execute()
    return {"identity_checked": True, "consent_given": True}


def not_held(world, case):
    """The examination should have begun an hour ago."""
    begun(world, case)
    return {"outcome": Outcome.DID_NOT_ATTEND}


def changed_rules(world, case):
    """A manager changed a house default after the case was referred."""
    facts = rules.plain(rule_book.in_force().named("HOUSE-REPORT"))
    row = rule_book.change_rule(
        facts=facts | {"n": facts["n"] + 1},
        why="More time.",
        by=world.coordinator,
        seen=rule_book.changed_last("HOUSE-REPORT"),
    )
    return {"seen": row.id}


def eligible(world, case):
    """Whoever can be offered the case, whatever stage it stands at."""
    return {"eligible": [row.id for row in Expert.select()], "why": "Again."}


def panel(world, case):
    """Names were drawn, and the first is struck."""
    drawn = draw.last_draw(case)
    if drawn is None and case.stage == Stage.MATCHING:
        drawn = draw.draw_panel(case, by=world.coordinator, **eligible(world, case))
    expert = Expert.get_by_id(drawn.names[0]) if drawn else world.expert.expert
    return {"expert": expert, "party": Party.CLAIMANT}


GIVEN = {
    "draw_panel": eligible,
    "strike_name": panel,
    "hold_slot": held,
    "offer_times": times,
    "withdraw_times": lambda world, case: offered(world, case) and WHY,
    "expire_times": not_chosen,
    "pick_time": offered,
    "refuse_times": lambda world, case: offered(world, case) and WHY,
    "add_arrangement": lambda world, case: {"kind": ArrangementKind.TRAVEL_MONEY},
    "ask_arrangement": lambda world, case: {"kind": ArrangementKind.ACCESS},
    "adopt_rules": changed_rules,
    "keep_rules": lambda world, case: changed_rules(world, case) | WHY,
    "edit_referral": lambda world, case: {"case_fields": {"need": "The cause is doubted."}},
    "submit_referral": nothing,
    "accept_referral": nothing,
    "return_referral": why,
    "decline_referral": why,
    "offer_case": offer,
    "take_offer": lambda world, case: dict.fromkeys(
        ("has_treated", "shares_practice", "has_financial_link"), False
    ),
    "pass_offer": why,
    "expire_offer": run_out,
    "recall_offer": why,
    "release_expert": why,
    "request_record": lambda world, case: {
        "kind": DocumentKind.IMAGING,
        "what": "Films",
        "asked_of": RecordSource.PROVIDER,
        "due_on": clock.today() + timedelta(days=5),
    },
    "settle_record": request,
    "file_document": new_file,
    "remove_document": lambda world, case: {
        "document": Document.select().where(Document.case == case).first() or Document()
    },
    "open_file_review": why,
    "book_appointment": slot,
    "move_appointment": lambda world, case: slot(world, case) | WHY,
    "cancel_appointment": why,
    "settle_arrangement": arrangement,
    "send_brief": lambda world, case: {"override": "They have them."},
    "send_link": nothing,
    "revoke_links": nothing,
    "confirm_attendance": nothing,
    "ask_to_move": why,
    "tick_instruction": lambda world, case: {"items": ["photo_id"]},
    "record_examination": begun,
    "record_missed": not_held,
    "write_report": lambda world, case: {"sections": {"history": "A fall."}},
    "sign_report": sealed_report,
    "release_report": lambda world, case: {"copies": [Party.CLAIMANT, Party.REPRESENTATIVE]},
    "return_report": lambda world, case: {"comments": [(None, "Please check the dates.")]},
    "give_verdict": verdicts,
    "accept_report": judged,
    "request_clarification": item,
    "send_clarification": lambda world, case: {"due_on": clock.today() + timedelta(days=9)},
    "refuse_clarification": why,
    "write_addendum": lambda world, case: {"answers": {}},
    "sign_addendum": sealed_addendum,
    "release_addendum": lambda world, case: {"copies": [Party.CLAIMANT, Party.REPRESENTATIVE]},
    "return_addendum": why,
    "reopen_case": why,
    "withdraw_referral": why,
    "take_over_referral": nothing,
    "assign_coordinator": lambda world, case: {"coordinator": world.second_coordinator},
    "restrict_case": why,
    "lift_restriction": restricted,
    "place_bar": lambda world, case: {"user": world.second_coordinator, **WHY},
    "lift_bar": bar,
    "settle_call": call,
    "record_disclosure": disclosed,
    "choose_ground": lambda world, case: {"basis": DisclosureBasis.COURT_ORDER},
    "place_hold": why,
    "lift_hold": on_hold,
    "purge_case": long_ended,
    "post_message": lambda world, case: {"text": "Hello."},
    "answer_message": lambda world, case: {"text": "Hello."},
}
