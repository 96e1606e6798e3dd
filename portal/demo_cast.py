"""Who plays in the demo: one invented claim at every stage, and the main case with a thick file of records."""

from datetime import date, timedelta

from portal import clock
from portal.demo import CLAIM, PATHS, Claim, Teller, World, case_at
from portal.words import DocumentKind, Stage

CAST = {
    Stage.DRAFT: Claim("Hannah Whitlock", date(1988, 2, 3), "LM-2026-004502"),
    Stage.RETURNED: Claim("Grace Obi", date(1991, 11, 20), "LM-2026-004498"),
    Stage.REFERRED: Claim("Elena Markov", date(1969, 7, 8), "LM-2026-004491"),
    Stage.DECLINED: Claim("Ruth Castellan", date(1958, 4, 27), "LM-2026-004460"),
    Stage.MATCHING: Claim("Yuki Tanabe", date(1983, 9, 16), "LM-2026-004473"),
    Stage.OFFERED: Claim("Naomi Adler", date(1976, 1, 30), "LM-2026-004455"),
    Stage.SCHEDULING: Claim("Imani Brooks", date(1994, 6, 11), "LM-2026-004439"),
    Stage.REPORTING: Claim("Teresa Lindqvist", date(1972, 12, 5), "LM-2026-004382"),
    Stage.CHECKING: Claim("Farah Nouri", date(1986, 3, 22), "LM-2026-004371"),
    Stage.IN_REVIEW: Claim("Beatriz Santos", date(1965, 10, 14), "LM-2026-004350"),
    Stage.CLARIFYING: Claim("Joan Pritchard", date(1961, 8, 2), "LM-2026-004344"),
    Stage.CHECKING_ADDENDUM: Claim("Amara Singh", date(1990, 5, 19), "LM-2026-004326"),
    Stage.CLOSED: Claim("Lucille Fontaine", date(1955, 1, 9), "LM-2026-004290"),
    Stage.WITHDRAWN: Claim("Meredith Kane", date(1979, 9, 25), "LM-2026-004411"),
}
WITHOUT_MAIL = Claim("Nora Briggs", date(1949, 3, 17), "LM-2026-004420", email="", phone="+14155550191")

# Provider, what it is, how it is filed, how many entries: what a real file of a shoulder holds.
RECORDS = (
    ("Northgate Medical Center", "Emergency department notes", DocumentKind.MEDICAL_RECORDS, 14),
    ("Harbor Imaging Center", "MRI of the left shoulder, report", DocumentKind.IMAGING, 9),
    ("Bayside Physical Therapy", "Physical therapy notes", DocumentKind.TREATMENT_NOTES, 40),
    ("Alameda Orthopedic Group", "Consultation and follow-up notes", DocumentKind.TREATMENT_NOTES, 18),
    ("Lakefront Pharmacy", "Medication history", DocumentKind.OTHER, 16),
)


def tell_all(world: World) -> None:
    """The main case first, so that its reference is the first; then one case at every other stage."""
    tell_with_records(world, CLAIM, Stage.BOOKED)
    for stage, claim in CAST.items():
        if stage == Stage.REPORTING:
            tell_with_records(world, claim, stage)
        else:
            case_at(world, stage, claim)
    case_at(world, Stage.BOOKED, WITHOUT_MAIL)


def tell_with_records(world: World, claim: Claim, stage: Stage) -> None:
    """A case told like the others, whose coordinator files the records of every provider once an expert has taken it."""
    days_ago = 6 if stage == Stage.BOOKED else 40
    teller = Teller(world, claim, clock.now() - timedelta(days=days_ago))
    for _, tell in PATHS[stage]:
        tell(teller)
        if teller.case.stage == Stage.SCHEDULING:
            for provider, what, filed_as, entries in RECORDS:
                teller.file_records(world.coordinator, provider, what, filed_as, entries)
