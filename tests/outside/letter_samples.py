"""One full example of every letter; the people, places and numbers are invented."""

from typing import Any

from portal.outside import pdf

SENDER: pdf.Sender = {
    "name": "Cedar Ridge Independent Examinations",
    "lines": ["410 Alder Street, Suite 300", "Sacramento, CA 95814"],
    "phone": "(916) 555-0142",
    "email": "cases@cedarridge.example",
}
BASE: Any = {"dated": "2026-03-18", "reference": "IME-1042", "sender": SENDER}
SUBJECT: pdf.Subject = {
    "claimant": "Rosa Delgado",
    "date_of_birth": "June 2, 1979",
    "claim_numbers": ["WC-2025-118834", "WC-2025-118901"],
    "date_of_injury": "March 14, 2025",
    "jurisdiction": "California, workers’ compensation",
    "examination_kind": "Qualified medical evaluation",
    "examined": "March 11, 2026, 9:30 a.m. to 10:45 a.m.",
    "place": "Northgate Clinic, 88 River Road, Sacramento, CA 95833",
    "requested_by": "Harbor Mutual Insurance, Dana Whitfield",
}
SIGNATURE: pdf.Signature = {
    "name": "Adaeze Okafor, MD, FAAOS",
    "lines": ["Board-certified orthopedic surgeon", "California license A 00000"],
    "signed": "March 18, 2026, 4:12 p.m. Pacific time",
}
CERTIFICATE = (
    "I examined Rosa Delgado myself and wrote this report. The opinions are my own and are held to a reasonable degree "
    "of medical probability. My fee does not depend on what I found.\n\n"
    "I declare under penalty of perjury that the information in this report is true and correct to the best of my "
    "knowledge and belief, except as to information that I received from others."
)
HISTORY = (
    "Ms. Delgado is a 46-year-old warehouse lead. On March 14, 2025 she lifted a carton of about 40 pounds from floor "
    "height, turned to her left and felt a sharp pain in the low back, followed within an hour by pain down the left leg.\n\n"
    "She was seen at an urgent care center the same day and treated with rest and anti-inflammatory medicine. Physical "
    "therapy began on April 2, 2025 and ended on July 28, 2025 after 24 visits. An MRI of the lumbar spine was made on "
    "May 9, 2025. She returned to modified duty on June 16, 2025.\n\n"
    "Before this injury she recalls one episode of low back pain, in 2018, that settled in two weeks without treatment."
)
QUESTIONS = [
    "What is the diagnosis for the lumbar spine, and on what findings does it rest?",
    "Is it medically probable that the event of March 14, 2025 caused or aggravated the condition of the lumbar spine?",
    "Is the left-sided L4–L5 microdiscectomy proposed by Dr. Lindqvist on January 20, 2026 reasonable and necessary?",
    "What work restrictions apply today, and for how long?",
    "Has the claimant reached maximum medical improvement, and if so, on what date?",
]


def answer(number: int, **parts: str) -> pdf.Answer:
    empty = {"opinion": "", "reasons": "", "certainty": "", "undetermined": "", "needed": ""}
    return {"number": number, "question": QUESTIONS[number - 1], **(empty | parts)}  # type: ignore[typeddict-item]


RECORDS: list[pdf.RecordRead] = [
    {"title": title, "provider": provider, "dated": dated, "pages": pages}
    for title, provider, dated, pages in [
        ("Urgent care visit", "Valley Urgent Care", "March 14, 2025", 4),
        ("Progress notes", "Tomas Lindqvist, MD", "March 21, 2025 to January 20, 2026", 37),
        ("Physical therapy notes", "Stride Physical Therapy", "April 2 to July 28, 2025", 52),
        ("MRI report, lumbar spine", "Capitol Imaging", "May 9, 2025", 2),
        ("Electrodiagnostic study", "Priya Raman, MD", "September 30, 2025", 5),
        ("Job description", "Foothill Distribution", "February 1, 2024", 3),
    ]
]

REPORT: pdf.Report = {
    **BASE,
    "title": "Independent medical examination report",
    "subject": SUBJECT,
    "sections": [
        {"heading": "History", "text": HISTORY},
        {
            "heading": "Present complaints",
            "text": "Low back pain, on most days 4 of 10, worse with sitting longer than 30 minutes. "
            "Tingling over the top of the left foot several times a week. No loss of bladder or bowel control.",
        },
        {
            "heading": "Examination",
            "text": "Height 5 ft 4 in, weight 152 lb. Normal gait; heel walking is weaker on the left.\n\n"
            "Lumbar flexion 45 degrees, extension 15, side bending 20 to each side, each measured three times with an "
            "inclinometer.\n\nStraight leg raising is positive on the left at 50 degrees. Great toe extension is "
            "4 of 5 on the left, 5 of 5 on the right. Sensation is reduced over the top of the left foot.",
        },
        {"heading": "Discussion", "text": HISTORY},
    ],
    "answers": [
        answer(
            1,
            opinion="Left L4–L5 disc herniation with L5 radiculopathy.",
            reasons="Weakness of great toe extension and reduced sensation over the top of the foot match the disc "
            "herniation on the MRI of May 9, 2025 and the electrodiagnostic study of September 30, 2025.",
            certainty="Medically probable",
        ),
        answer(
            2,
            opinion="Yes. The event caused the herniation.",
            reasons="There were no leg symptoms before March 14, 2025; they began within an hour of a lift with a turn, "
            "a mechanism known to herniate a disc.\n\nThe mild narrowing at L5–S1 was there before and does not "
            "explain the findings.",
            certainty="Medically probable",
        ),
        answer(
            3,
            opinion="Yes. The proposed operation is reasonable and necessary.",
            reasons="Six months of non-operative care did not relieve the leg pain, and strength is reduced.",
            certainty="Medically probable",
        ),
        answer(
            4,
            opinion="No lifting above 20 pounds, no repeated bending, a change of position every 30 minutes, "
            "for the next 12 weeks.",
            reasons="Heavier loads raise the pressure in the disc while the nerve is irritated.",
            certainty="Medically probable",
        ),
        answer(
            5,
            undetermined="an operation is proposed and has not been done; the condition is likely to change with it.",
            needed="The operative report and a visit six months after the operation, or a decision not to operate.",
        ),
    ],
    "records": RECORDS,
    "certificate": CERTIFICATE,
    "signature": SIGNATURE,
}
ADDENDUM: pdf.Addendum = {
    **BASE,
    "dated": "2026-04-09",
    "number": 2,
    "subject": SUBJECT,
    "report_signed": "March 18, 2026, 4:12 p.m. Pacific time",
    "report_sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "previous_sha256": "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
    "clarifications": [
        {
            "number": 3,
            "question": QUESTIONS[2],
            "reason": "The treating doctor differs",
            "asked": "Dr. Lindqvist proposes two levels, L4–L5 and L5–S1, in the letter of March 24, 2026. "
            "Please say which levels you consider necessary.",
            "answer": "Only L4–L5.",
            "reasons": "No finding on examination, on the MRI or in the electrodiagnostic study points to the S1 nerve root.",
            "certainty": "More likely than not",
        },
        {
            "number": 4,
            "question": QUESTIONS[3],
            "reason": "Unclear",
            "asked": "Do the twelve weeks begin on the day of the examination or on the day of the report?",
            "answer": "On the day of the examination, March 11, 2026.",
            "reasons": "",
            "certainty": "",
        },
    ],
    "certificate": CERTIFICATE,
    "signature": {**SIGNATURE, "signed": "April 9, 2026, 11:05 a.m. Pacific time"},
}
COVER_LETTER: pdf.CoverLetter = {
    **BASE,
    "title": "Request for an independent medical examination",
    "dated": "2026-02-20",
    "to": {
        "name": "Adaeze Okafor, MD",
        "lines": ["Northgate Clinic", "88 River Road", "Sacramento, CA 95833"],
    },
    "greeting": "Dear Dr. Okafor",
    "subject": {**SUBJECT, "examined": "March 11, 2026, 9:30 a.m. Pacific time"},
    "why": "Thank you for agreeing to examine Ms. Delgado. The treating doctor proposes an operation on the lumbar spine; "
    "the insurer asks whether the injury at work is its cause and whether it is needed.\n\n"
    "Her injury is accepted for the lumbar spine. The left hip is disputed and is not part of this request.",
    "questions": [{"number": number, "text": text} for number, text in enumerate(QUESTIONS, 1)],
    "emphasis": [
        "The treating doctor and the physical therapist describe the strength of the left foot differently.",
        "The episode of low back pain in 2018.",
    ],
    "records": RECORDS,
    "deadlines": [
        {"what": "The examination", "when": "March 11, 2026, 9:30 a.m.", "because": ""},
        {
            "what": "Your signed report",
            "when": "April 10, 2026",
            "because": "30 days after the examination; 8 CCR § 38",
        },
        {"what": "Hearing", "when": "May 6, 2026", "because": "Named by the referrer"},
    ],
    "contact": {"name": "Lena Brandt", "phone": "(916) 555-0142", "email": "lena.brandt@cedarridge.example"},
    "signature": {"name": "Lena Brandt", "lines": ["Case coordinator"], "signed": "February 20, 2026"},
}
NOTICE: pdf.NoticeOfExamination = {
    **BASE,
    "dated": "2026-02-09",
    "language": "en",
    "to": {"name": "Rosa Delgado", "lines": ["1917 Poplar Avenue, Apt 6", "Sacramento, CA 95818"]},
    "why": "You were hurt at work on March 14, 2025. Harbor Mutual Insurance has asked an independent doctor to examine you "
    "and to answer questions about your injury. This doctor does not treat you and does not work for the insurer.",
    "date": "Wednesday, March 11, 2026",
    "time": "9:30 a.m. Pacific time",
    "where": {"name": "Northgate Clinic", "lines": ["88 River Road, 2nd floor", "Sacramento, CA 95833"]},
    "directions": "Free parking is behind the building. There is an elevator. Bus 23 stops at the door.",
    "who": "Adaeze Okafor, MD, orthopedic surgeon",
    "length": "About 1 hour and 15 minutes",
    "prepare": [
        "Take your medicine as you do on any other day.",
        "Wear loose clothes that are easy to change.",
        "Come 15 minutes early.",
    ],
    "bring": [
        "A photo ID",
        "A list of your medicines",
        "X-ray or MRI pictures, if you have them",
        "Your brace or cane, if you use one",
    ],
    "rights": [
        "You can ask for an interpreter at no cost.",
        "You can ask for a stop at any time if something hurts.",
        "You can have a copy of the report as the law of your state provides.",
    ],
    "travel": "You will be paid for your travel. For this visit it is $18.72 for 26 miles. A check is enclosed.",
    "next": "The doctor writes a report within 30 days. Your case worker will tell you what it means for your claim.",
    "contact": {
        "name": "Lena Brandt",
        "phone": "(916) 555-0142",
        "email": "lena.brandt@cedarridge.example",
        "hours": "Monday to Friday, 8 a.m. to 5 p.m.",
    },
    "copies": ["Marcus Webb, attorney for Rosa Delgado", "Harbor Mutual Insurance"],
}
NOTICE_ES: pdf.NoticeOfExamination = {
    **NOTICE,
    "language": "es",
    "why": "Usted se lastimó en el trabajo el 14 de marzo de 2025. Un médico independiente la examinará.",
    "date": "Miércoles 11 de marzo de 2026",
    "time": "9:30 a. m., hora del Pacífico",
    "bring": ["Una identificación con foto", "Una lista de sus medicinas"],
}
RECORD: pdf.Record = {
    **BASE,
    "reference": "MRN 004417",
    "sender": {
        "name": "Stride Physical Therapy",
        "lines": ["2200 Fulton Avenue", "Sacramento, CA 95825"],
        "phone": "(916) 555-0177",
        "email": "",
    },
    "kind": "Physical therapy notes",
    "patient": "Rosa Delgado",
    "date_of_birth": "June 2, 1979",
    "entries": [
        {
            "dated": f"April {day}, 2025",
            "heading": f"Visit {visit}",
            "author": "Jonah Reyes, PT, DPT",
            "text": "Subjective: pain 5 of 10 this morning, 3 of 10 after the walk to the clinic.\n"
            "Objective: lumbar flexion 40 degrees. Straight leg raising positive on the left at 45 degrees.\n\n"
            "Treatment: 15 minutes of manual therapy, 20 minutes of exercise for trunk stability, instruction for home.\n\n"
            "Assessment: slow progress. Plan: two visits a week.",
        }
        for visit, day in enumerate(range(2, 30, 3), 1)
    ],
}
SAMPLES: dict[str, Any] = {
    "report": REPORT,
    "addendum": ADDENDUM,
    "cover_letter": COVER_LETTER,
    "notice_of_examination": NOTICE,
    "notice_of_examination-es": NOTICE_ES,
    "record": RECORD,
}
