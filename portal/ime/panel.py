"""The facts of a ranking, read from what is on file: of the case, and of every expert on the panel at once."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from portal import clock
from portal.ime import modes, rule_book, rules
from portal.ime.candidacy import CaseFacts, CredentialFacts, ExpertFacts, plain_name
from portal.ime.diary import Diary
from portal.ime.experts import active, cases_this_week, grouped
from portal.ime.particulars import particulars, wished
from portal.ime.places import place
from portal.ime.report_record import report_records
from portal.models import (
    Bar,
    Case,
    Claimant,
    Clinic,
    ConflictDeclaration,
    Credential,
    Expert,
    ExpertSpecialty,
    Offer,
)
from portal.words import ArrangementKind, OfferState

FEDERAL = "US"
ANSWERED = (OfferState.PASSED, OfferState.EXPIRED)
WISHES = (ArrangementKind.COMPANION, ArrangementKind.RECORDING)
DECLARED = ("has_treated", "shares_practice", "has_financial_link")


# --- the case ---------------------------------------------------------------------------------------------------


def facts_for(case: Case) -> tuple[CaseFacts, list[ExpertFacts]]:
    """The facts of a ranking: of the case and of everybody on the panel."""
    same = cases_of_claimant(case)
    return case_facts(case, same), expert_facts(case, same)


def case_facts(case: Case, same: Mapping[int, str] | None = None) -> CaseFacts:
    """What of the case decides who may examine."""
    claimant, listed, mode = case.claimant, particulars(case), required_of(case)
    return CaseFacts(
        today=clock.today(),
        state=state_of(case),
        body_parts=tuple(listed.body_parts),
        issues=tuple(question.issue for question in listed.questions),
        reason=case.reason,
        requires=frozenset(mode.requires),
        required_by=mode.required_by,
        language=claimant.language,
        place=place(claimant.latitude, claimant.longitude),
        wishes=wished(listed) & frozenset(WISHES),
        treating_practice=case.treating_practice,
        treating_doctors=frozenset(filter(None, (same or cases_of_claimant(case)).values())),
    )


def required_of(case: Case) -> modes.Mode:
    """How the expert is found, without what is asked of them where the rule that asks for it does not hold for the case:
    neither by the rules that it keeps nor, where it keeps none, by those of now."""
    mode = modes.mode_of(case.exam_kind)
    if not mode.requires:
        return mode
    kept = rule_book.kept_on(case)
    pack = kept[0] if kept else rule_book.in_force()
    return mode if pack.named(mode.required_by) else replace(mode, requires=())


def state_of(case: Case) -> str:
    """The state whose licence it takes: the jurisdiction's own, or the claimant's where it is federal."""
    kind = rules.exam_kinds().get(case.exam_kind)
    own = kind.jurisdiction if kind and kind.jurisdiction != FEDERAL else ""
    return own or case.claimant.state


def cases_of_claimant(case: Case) -> dict[int, str]:
    """Every case of the same person, by name and date of birth, this one included: its id -> the treating doctor."""
    cases = Case.select(Case.id, Case.treating_doctor, Claimant).join(Claimant)
    found = cases.where(Claimant.born_trace == case.claimant.born_trace) if case.claimant.born_on else ()
    same = {each.id: each.treating_doctor for each in found if is_same_person(case, each)}
    return same | {case.id: case.treating_doctor}


def is_same_person(case: Case, other: Case) -> bool:
    """Whether two cases are of one person: of one name and born on the same known day."""
    one, two = case.claimant, other.claimant
    same_day = bool(one.born_on) and one.born_trace == two.born_trace
    return case.id == other.id or (same_day and plain_name(one.name) == plain_name(two.name))


# --- the experts ------------------------------------------------------------------------------------------------


def expert_facts(case: Case, same: Mapping[int, str] | None = None) -> list[ExpertFacts]:
    """What of every active expert counts for the case; as many queries for five experts as for five thousand."""
    specialties = grouped(
        ExpertSpecialty.select(ExpertSpecialty.expert, ExpertSpecialty.code).order_by(ExpertSpecialty.id)
    )
    credentials = grouped(
        Credential.select(
            Credential.expert,
            Credential.kind,
            Credential.state,
            Credential.expires_on,
            Credential.verified_at.is_null(False),
        )
    )
    open_clinics = Clinic.select(Clinic.expert, Clinic.latitude, Clinic.longitude)
    clinics = grouped(open_clinics.where(Clinic.closed_at.is_null()))
    declared = declarations(same or cases_of_claimant(case))
    answered = dict(answers(case))
    this_week = cases_this_week()
    records = report_records()
    free = Diary()
    return [
        ExpertFacts(
            expert_id=row.id,
            name=row.name,
            practice=row.practice,
            specialties=tuple(code for (code,) in specialties[row.id]),
            credentials=tuple(
                CredentialFacts(kind, state, day, bool(sure))
                for kind, state, day, sure in credentials[row.id]
            ),
            years=row.years_in_practice,
            examinations=row.examinations_done,
            is_in_practice=row.is_in_clinical_practice,
            languages=tuple(each.strip().casefold() for each in row.languages.split(",")),
            fee_cents=row.fee_cents,
            places=tuple(found for each in clinics[row.id] if (found := place(*each))),
            capacity=row.capacity_a_week,
            this_week=this_week.get(row.id, 0),
            next_free=free.first_day(row.id, row.notice_days, row.buffer_minutes),
            is_free_by_video=free.is_by_video(row.id),
            accepts=accepted(row),
            has_treated="has_treated" in declared[row.id],
            shares_practice="shares_practice" in declared[row.id],
            has_financial_link="has_financial_link" in declared[row.id],
            is_barred=bool(row.is_barred),
            answered=answered.get(row.id),
            accepted=records[row.id]["accepted"],
            asked_back=records[row.id]["asked_back"],
            on_time=records[row.id]["on_time"],
            late=records[row.id]["late"],
        )
        for row in active().select_extend(kept_from(case).alias("is_barred"))
    ]


def kept_from(case: Case) -> Any:
    """The condition on an expert that a manager has barred them from the case."""
    return Expert.user.in_(Bar.select(Bar.user).where(Bar.case == case))


def accepted(expert: Any) -> frozenset[ArrangementKind]:
    accepts = {
        ArrangementKind.COMPANION: expert.accepts_companion,
        ArrangementKind.RECORDING: expert.accepts_recording,
    }
    return frozenset(kind for kind, does in accepts.items() if does)


def declarations(cases: Iterable[int]) -> defaultdict[int, set[str]]:
    """What each expert ever declared on an offer of this claimant's cases, names of DECLARED."""
    found: defaultdict[int, set[str]] = defaultdict(set)
    rows = (
        ConflictDeclaration.select(ConflictDeclaration, Offer).join(Offer).where(Offer.case.in_(list(cases)))
    )
    for row in rows:
        found[row.offer.expert_id] |= {name for name in DECLARED if getattr(row, name)}
    return found


def answers(case: Case) -> Iterator[tuple[int, OfferState]]:
    """Who passed on this very case, or let its offer run out."""
    offers = Offer.select(Offer.expert, Offer.state).where(
        (Offer.case == case) & Offer.state.in_(list(ANSWERED))
    )
    return ((offer.expert_id, offer.state) for offer in offers)
