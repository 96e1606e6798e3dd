"""What the synthetic cases say: invented, neutral, and about as long as real ones."""

_NAMES = """
Rosa Marcus Elena Tomas Ingrid Samuel Noor Victor Hana Peter Lucia Owen Amara Felix Greta Idris Joan Kofi Lena
Milan Nadia Oscar Paula Quinn Rafael Selma Theo Una Vera Walter Ximena Yusuf Zora Anton Bianca Carlos Dora Emil
|
Delgado Abbott Becker Castillo Dunmore Eklund Farrell Gallo Hadley Ivers Jarvis Keller Lindqvist Marlow Novak
Okoye Pruitt Quigley Rourke Santoro Thorne Ueda Varga Whitlock Xu Yates Zeller Ashby Brandt Coyle Drummond Engel
"""
FIRST_NAMES, LAST_NAMES = (names.split() for names in _NAMES.split("|"))
EXAM_KINDS = ("CA-QME", "GA-WC", "NH-WC", "ME-WC", "NY-WC", "CO-IME", "MN-WC", "IL-WC", "OR-WC", "PA-WC")
REASONS = ("diagnosis_uncertain", "causation_disputed", "treatment_disputed", "work_capacity")
BODY_PARTS = ("shoulder", "knee", "neck", "lower_back", "wrist", "hip", "ankle", "elbow")
NEED = "The treating doctor relates the whole condition to one incident; earlier records suggest otherwise."
TREATING = {
    "diagnosis": "Full-thickness tear of the rotator cuff, confirmed by imaging.",
    "causation": "Caused wholly by the fall at work; no earlier complaint is known to me.",
    "treatment": "Arthroscopic repair, followed by four months of physical therapy.",
}
QUESTIONS = (
    ("diagnosis", "What is the diagnosis of each body part that is part of the claim?"),
    ("causation", "What caused the condition, and to what share did the incident contribute?"),
    ("treatment", "Which treatment is needed now, how often and for how long?"),
    ("work_restrictions", "Which work restrictions, if any, are needed, and for how long?"),
    ("maximum_medical_improvement", "Has the claimant reached maximum medical improvement, and since when?"),
    ("prognosis", "What is the prognosis with and without the treatment you recommend?"),
)
OPINION = "Full-thickness tear of the tendon with retraction, made painful and larger by the fall."
REASONING = (
    "The history, the examination and the imaging agree on this point. The first imaging, taken nine days after the "
    "fall, already shows retraction and fatty change, which take months to form."
)
SECTION = f"{NEED} {REASONING}"
MESSAGE = "Is the imaging of last spring available as pictures as well, or only as a report?"
ANSWER = "We have asked the provider for the pictures and will add them to the records."
CLARIFICATION = (
    "The treating doctor relates the tear wholly to the fall. Please explain where your opinion differs."
)
