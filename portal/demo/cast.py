"""Who plays in the demo: one invented claim at every stage, and the main case with a thick file of records."""

from datetime import date, timedelta

from portal import clock
from portal.demo.people import World
from portal.demo.teller import CLAIM, PATHS, Claim, Teller
from portal.words import DocumentKind, Stage

# The stage, how many days ago the referral was begun (so that most cases are in time, and a few are late), and whose
# claim it is. Whoever is examined needs three weeks for it.
CAST = (
    (Stage.BOOKED, 3, CLAIM),
    (Stage.DRAFT, 1, Claim("Hannah Whitlock", date(1988, 2, 3), "LM-2026-004502", exam_kind="CA-CIV")),
    (Stage.RETURNED, 2, Claim("Grace Obi", date(1991, 11, 20), "LM-2026-004498")),
    (Stage.REFERRED, 1, Claim("Elena Markov", date(1969, 7, 8), "LM-2026-004491")),
    (Stage.DECLINED, 9, Claim("Ruth Castellan", date(1958, 4, 27), "LM-2026-004460")),
    (Stage.MATCHING, 4, Claim("Yuki Tanabe", date(1983, 9, 16), "LM-2026-004473", exam_kind="CA-CIV")),
    (Stage.OFFERED, 2, Claim("Naomi Adler", date(1976, 1, 30), "LM-2026-004455")),
    (Stage.SCHEDULING, 3, Claim("Imani Brooks", date(1994, 6, 11), "LM-2026-004439")),
    (Stage.REPORTING, 22, Claim("Teresa Lindqvist", date(1972, 12, 5), "LM-2026-004382")),
    (Stage.CHECKING, 20, Claim("Farah Nouri", date(1986, 3, 22), "LM-2026-004371", exam_kind="CA-CIV")),
    (Stage.IN_REVIEW, 22, Claim("Beatriz Santos", date(1965, 10, 14), "LM-2026-004350", exam_kind="CA-CIV")),
    (Stage.CLARIFYING, 21, Claim("Joan Pritchard", date(1961, 8, 2), "LM-2026-004344")),
    (Stage.CHECKING_ADDENDUM, 21, Claim("Amara Singh", date(1990, 5, 19), "LM-2026-004326")),
    (Stage.CLOSED, 60, Claim("Lucille Fontaine", date(1955, 1, 9), "LM-2026-004290")),
    (Stage.WITHDRAWN, 12, Claim("Meredith Kane", date(1979, 9, 25), "LM-2026-004411", exam_kind="CA-CIV")),
    (
        Stage.BOOKED,
        6,
        Claim("Nora Briggs", date(1949, 3, 17), "LM-2026-004420", email="", phone="+14155550191"),
    ),
)
THICK = {CLAIM.name, "Teresa Lindqvist"}

# Provider, what it is, how it is filed, how many entries: what a real file of a shoulder holds.
RECORDS = (
    ("Northgate Medical Center", "Emergency department notes", DocumentKind.MEDICAL_RECORDS, 14),
    ("Harbor Imaging Center", "MRI of the left shoulder, report", DocumentKind.IMAGING, 9),
    ("Bayside Physical Therapy", "Physical therapy notes", DocumentKind.TREATMENT_NOTES, 40),
    ("Alameda Orthopedic Group", "Consultation and follow-up notes", DocumentKind.TREATMENT_NOTES, 18),
    ("Lakefront Pharmacy", "Medication history", DocumentKind.OTHER, 16),
)


def tell_all(world: World) -> None:
    """One case for every line of the cast, in its order: the main case gets the first reference."""
    for stage, days_ago, claim in CAST:
        tell_case(Teller(world, claim, clock.now() - timedelta(days=days_ago)), stage)


def tell_case(teller: Teller, stage: Stage) -> None:
    """Tell a case to its stage; where the file is thick, the coordinator files it once an expert has taken the case."""
    for _, tell in PATHS[stage]:
        tell(teller)
        if teller.case.stage == Stage.SCHEDULING and teller.claim.name in THICK:
            for provider, what, filed_as, entries in RECORDS:
                teller.file_records(teller.world.coordinator, provider, what, filed_as, entries)
