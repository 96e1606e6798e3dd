"""What the papers of the small world say: records, report sections and opinions, wholly invented."""

from datetime import date, timedelta
from functools import cache
from zlib import crc32

from portal import written
from portal.words import Issue


@cache
def record_pdf(provider: str, kind: str, patient: str, born_on: date, entries: int) -> bytes:
    """A synthetic medical record of many dated entries, as a real PDF."""
    from portal.outside import pdf

    first = date(2026, 1, 12)
    return pdf.render(
        "record",
        {
            "dated": first.isoformat(),
            "reference": f"R-{crc32(f'{provider}, {kind}'.encode()) % 100_000:05d}",
            "sender": {
                "name": provider,
                "lines": ["12 Valley Road", "Oakland, CA 94607"],
                "phone": "",
                "email": "",
            },
            "kind": kind,
            "patient": patient,
            "date_of_birth": written.day(born_on),
            "entries": [
                {
                    "dated": written.day(first + timedelta(days=9 * number)),
                    "heading": VISITS[number % len(VISITS)][0],
                    "author": "Linda Marsh, MD",
                    "text": VISITS[number % len(VISITS)][1],
                }
                for number in range(entries)
            ],
        },
    )


VISITS = (
    (
        "First visit after the fall",
        "Fell from the third step of a ladder at work and landed on the outstretched left arm. Pain over the outer "
        "shoulder, worse at night and on reaching up. No numbness.\n\nActive abduction to 80 degrees, passive to 150. "
        "Tender over the greater tuberosity. Strength of abduction reduced. Neck moves freely.",
    ),
    (
        "Follow-up",
        "Pain somewhat better with rest and ibuprofen. Still cannot lift a kettle. Sleeps on the right side.\n\n"
        "Abduction to 95 degrees. Drop-arm sign negative. Imaging ordered, light duty without overhead work.",
    ),
    (
        "Review of imaging",
        "MRI read as a full-thickness tear of the supraspinatus with 12 mm retraction and mild fatty change.\n\n"
        "Discussed surgery and exercise. The patient prefers exercise first.",
    ),
    (
        "Physical therapy progress",
        "Eight sessions done. Reaches shoulder height without pain. Night pain twice a week.\n\nPlan: six more "
        "sessions, then a decision on surgery.",
    ),
)

OPINIONS = {
    Issue.DIAGNOSIS: "Full-thickness tear of the left supraspinatus tendon with retraction.",
    Issue.CAUSATION: "The fall made an earlier, silent wear of the tendon painful and larger.",
    Issue.WORK_RESTRICTIONS: "No lifting above shoulder height with the left arm for four months.",
}

SECTION_TEXTS = {
    "history": "The claimant, a warehouse worker, fell from a ladder and landed on her outstretched left arm.",
    "records_reviewed": "The progress notes of Valley Family Medicine and the MRI report were read in full.",
    "complaints": "Pain over the outer left shoulder on reaching up, and at night.",
    "examination": "Abduction 110 degrees active, 150 passive. Strength of abduction 4 of 5. No swelling.",
    "diagnoses": "Full-thickness tear of the left supraspinatus tendon.",
    "discussion": "Imaging soon after the fall already shows retraction and fatty change.",
}
