"""The vocabulary of the portal: every word that code, screens, URLs and letters share. Imports nothing of ours."""

from enum import StrEnum
from functools import cached_property


class Word(StrEnum):
    """A word of the trade; `label` is how it reads in the middle of a sentence, `title` at its start."""

    @cached_property
    def label(self) -> str:
        return LABELS.get((type(self).__name__, self.value), self.value.replace("_", " "))

    @cached_property
    def title(self) -> str:  # type: ignore[override]  # a word is a value here, not a string to re-case
        return self.label[:1].upper() + self.label[1:]


class Role(Word):
    """Who somebody is when they sign in; a claimant comes by a secure link."""

    REFERRER = "referrer"
    COORDINATOR = "coordinator"
    EXPERT = "expert"
    CLAIMANT = "claimant"


class Party(Word):
    """What somebody is to one case."""

    REFERRER = "referrer"
    COLLEAGUE = "colleague"
    COORDINATOR = "coordinator"
    CANDIDATE = "candidate"
    EXPERT = "expert"
    CLAIMANT = "claimant"
    REPRESENTATIVE = "representative"
    TREATING_DOCTOR = "treating_doctor"
    RECIPIENT = "recipient"
    PORTAL = "portal"


class Stage(Word):
    """Where a case stands; one coarse word, parallel work has rows of its own."""

    DRAFT = "draft"
    RETURNED = "returned"
    REFERRED = "referred"
    DECLINED = "declined"
    MATCHING = "matching"
    OFFERED = "offered"
    SCHEDULING = "scheduling"
    BOOKED = "booked"
    REPORTING = "reporting"
    CHECKING = "checking"
    IN_REVIEW = "in_review"
    CLARIFYING = "clarifying"
    CHECKING_ADDENDUM = "checking_addendum"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"


class Part(Word):
    """The eight parts of the journey, as the stage line shows them."""

    NEED = "need"
    QUESTIONS = "questions"
    MATCHING = "matching"
    RECORDS = "records"
    APPOINTMENT = "appointment"
    BRIEF = "brief"
    REPORT = "report"
    REVIEW = "review"


class OrganisationKind(Word):
    """What an organisation is."""

    INSURER = "insurer"
    LAW_FIRM = "law_firm"
    EMPLOYER = "employer"
    AGENCY = "agency"
    IME_COMPANY = "ime_company"
    PRACTICE = "practice"


class Reason(Word):
    """Why an examination is needed."""

    DIAGNOSIS_UNCERTAIN = "diagnosis_uncertain"
    CAUSATION_DISPUTED = "causation_disputed"
    TREATMENT_DISPUTED = "treatment_disputed"
    WORK_CAPACITY = "work_capacity"
    MAXIMUM_MEDICAL_IMPROVEMENT = "maximum_medical_improvement"
    IMPAIRMENT_RATING = "impairment_rating"
    REQUIRED_BY_LAW = "required_by_law"
    OTHER = "other"


class Issue(Word):
    """The medical issue a question, a treating doctor's opinion or an answer speaks to."""

    DIAGNOSIS = "diagnosis"
    CAUSATION = "causation"
    APPORTIONMENT = "apportionment"
    TREATMENT = "treatment"
    WORK_RESTRICTIONS = "work_restrictions"
    MAXIMUM_MEDICAL_IMPROVEMENT = "maximum_medical_improvement"
    IMPAIRMENT = "impairment"
    PROGNOSIS = "prognosis"
    RECORDS = "records"
    OTHER = "other"


class Side(Word):
    """Side of the body."""

    LEFT = "left"
    RIGHT = "right"
    BOTH = "both"
    NONE = "none"


class InjuryStatus(Word):
    """Whether the payer accepts a body part as part of the claim."""

    ACCEPTED = "accepted"
    DISPUTED = "disputed"


class DeadlineKind(Word):
    """What makes a date matter to the referrer."""

    HEARING = "hearing"
    DECISION = "decision"
    SURGERY = "surgery"
    OTHER = "other"


class DocumentKind(Word):
    """What a document is."""

    MEDICAL_RECORDS = "medical_records"
    IMAGING = "imaging"
    TREATMENT_NOTES = "treatment_notes"
    JOB_DESCRIPTION = "job_description"
    LEGAL = "legal"
    COVER_LETTER = "cover_letter"
    NOTICE = "notice"
    REPORT = "report"
    ADDENDUM = "addendum"
    OTHER = "other"


class Audience(Word):
    """Who may read a document or a message; `portal.policy.READERS` says which parties each admits."""

    OFFICE = "office"
    REFERRER_AND_OFFICE = "referrer_and_office"
    EXPERT_AND_OFFICE = "expert_and_office"
    CASE = "case"
    EVERYONE = "everyone"


class RecordSource(Word):
    """Of whom a record is asked."""

    REFERRER = "referrer"
    TREATING_DOCTOR = "treating_doctor"
    PROVIDER = "provider"
    CLAIMANT = "claimant"
    REPRESENTATIVE = "representative"


class RecordState(Word):
    """Where a record request stands."""

    ASKED = "asked"
    RECEIVED = "received"
    UNAVAILABLE = "unavailable"


class ArrangementKind(Word):
    """What a claimant needs on the day."""

    INTERPRETER = "interpreter"
    TRANSPORT = "transport"
    COMPANION = "companion"
    RECORDING = "recording"
    ACCESS = "access"
    TRAVEL_MONEY = "travel_money"


class ArrangementState(Word):
    """Where an arrangement stands."""

    NEEDED = "needed"
    BOOKED = "booked"
    CONFIRMED = "confirmed"
    REFUSED = "refused"


class CredentialKind(Word):
    """What a credential is: a state's license, a board's certification, or a listing with an authority."""

    LICENCE = "licence"
    BOARD = "board"
    LISTING = "listing"


class ExpertPaper(Word):
    """What a file of an expert's profile is."""

    EVIDENCE = "evidence"
    SAMPLE_REPORT = "sample_report"


class MatchingMode(Word):
    """How the expert for a case is found; the kind of examination says which."""

    FREE_CHOICE = "free_choice"
    ROTATION = "rotation"
    RANDOM_PANEL = "random_panel"


class OfferState(Word):
    """Where an offer to an expert stands."""

    OPEN = "open"
    TAKEN = "taken"
    PASSED = "passed"
    EXPIRED = "expired"
    RECALLED = "recalled"
    RELEASED = "released"


class AppointmentState(Word):
    """Where an appointment stands; `moved` and `cancelled` free its time."""

    BOOKED = "booked"
    MOVED = "moved"
    CANCELLED = "cancelled"
    HELD = "held"
    MISSED = "missed"


class Outcome(Word):
    """How the day of the examination went: eleven outcomes, none a dead end."""

    COMPLETED = "completed"
    DID_NOT_ATTEND = "did_not_attend"
    LATE = "late"
    LEFT_EARLY = "left_early"
    DECLINED_PART = "declined_part"
    INTERPRETER_ABSENT = "interpreter_absent"
    CONSENT_REFUSED = "consent_refused"
    RECORDS_WRONG = "records_wrong"
    EXPERT_ABSENT = "expert_absent"
    CANCELLED_IN_TIME = "cancelled_in_time"
    CANCELLED_LATE = "cancelled_late"


class ReportState(Word):
    """Where a report or an addendum stands."""

    WRITING = "writing"
    SIGNED = "signed"
    RELEASED = "released"


class Certainty(Word):
    """How sure an expert is of an answer."""

    CERTAIN = "certain"
    PROBABLE = "probable"
    POSSIBLE = "possible"
    CANNOT_DETERMINE = "cannot_determine"


class ClarificationReason(Word):
    """Why a referrer asks back."""

    UNANSWERED = "unanswered"
    UNCLEAR = "unclear"
    NEW_RECORDS = "new_records"
    TREATING_DOCTOR_DIFFERS = "treating_doctor_differs"
    FACTUAL_ERROR = "factual_error"
    ARITHMETIC = "arithmetic"


class ClarificationState(Word):
    """Where a clarification stands."""

    REQUESTED = "requested"
    SENT = "sent"
    REFUSED = "refused"
    ANSWERED = "answered"


class NoticeState(Word):
    """Where an owed notice stands."""

    OWED = "owed"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    BY_PHONE = "by_phone"


class LinkPurpose(Word):
    """What a secure link opens."""

    APPOINTMENT = "appointment"


class FactorPolicy(Word):
    """Which second factor an organisation accepts of its people; none at all is no choice."""

    ANY = "any"
    PASSKEY = "passkey"


class AccountPurpose(Word):
    """What a link to somebody with an account is for."""

    INVITATION = "invitation"
    RESET = "reset"
    EMAIL_CHANGE = "email_change"


class AccountMail(Word):
    """What the portal writes to somebody about their account."""

    INVITATION = "invitation"
    RESET = "reset"
    CONFIRM_EMAIL = "confirm_email"
    EMAIL_CHANGED = "email_changed"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 – a word, no password
    FACTOR_CHANGED = "factor_changed"
    FACTOR_GUESSED = "factor_guessed"
    CALENDAR_ADDRESS = "calendar_address"
    RIGHTS_CHANGED = "rights_changed"
    ALERT = "alert"
    CREDENTIAL = "credential"


class IdentityProof(Word):
    """How a manager made sure who asks to have a lost second factor reset."""

    IN_PERSON = "in_person"
    PHOTO_ID = "photo_id"
    CALLED_BACK = "called_back"


class Act(Word):
    """What was done, as the audit trail keeps it."""

    CREATED = "created"
    READ = "read"
    CHANGED = "changed"
    REMOVED = "removed"
    EXPORTED = "exported"
    SENT = "sent"
    SIGNED_IN = "signed_in"
    SIGNED_OUT = "signed_out"
    RIGHTS_CHANGED = "rights_changed"
    EMERGENCY = "emergency"
    PURGED = "purged"
    ALERTED = "alerted"


class Ending(Word):
    """How what the audit trail keeps ended."""

    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"


class AlertKind(Word):
    """What the managers are told of at once."""

    MASS_DOWNLOAD = "mass_download"
    REPEATED_REFUSALS = "repeated_refusals"
    EMERGENCY_ACCESS = "emergency_access"
    EMERGENCY_OFF_HOURS = "emergency_off_hours"


class DisclosureBasis(Word):
    """On what ground something of a claimant was disclosed (45 CFR 164.512, 164.508, 164.506)."""

    WORKERS_COMPENSATION = "workers_compensation"
    AUTHORIZATION = "authorization"
    COURT_ORDER = "court_order"
    REQUIRED_BY_LAW = "required_by_law"
    OPERATIONS = "operations"
    TO_THE_INDIVIDUAL = "to_the_individual"


LABELS = {
    ("Party", "recipient"): "recipient of the report",
    ("Party", "candidate"): "candidate expert",
    ("Party", "colleague"): "referrer's colleague",
    ("Party", "representative"): "claimant's representative",
    ("Stage", "draft"): "draft",
    ("Stage", "returned"): "returned with a question",
    ("Stage", "referred"): "referred",
    ("Stage", "matching"): "finding an expert",
    ("Stage", "offered"): "offered to an expert",
    ("Stage", "scheduling"): "choosing an appointment",
    ("Stage", "booked"): "appointment booked",
    ("Stage", "reporting"): "report being written",
    ("Stage", "checking"): "report being checked",
    ("Stage", "in_review"): "report in review",
    ("Stage", "clarifying"): "clarification under way",
    ("Stage", "checking_addendum"): "addendum being checked",
    ("OrganisationKind", "ime_company"): "IME company",
    ("Reason", "diagnosis_uncertain"): "the diagnosis is uncertain",
    ("Reason", "causation_disputed"): "the cause is disputed",
    ("Reason", "treatment_disputed"): "the treatment is disputed",
    ("Reason", "work_capacity"): "work capacity is unclear",
    ("Reason", "maximum_medical_improvement"): "maximum medical improvement (MMI)",
    ("Reason", "impairment_rating"): "an impairment rating is needed",
    ("Reason", "required_by_law"): "a law or an order requires it",
    ("Reason", "other"): "another reason",
    ("Issue", "maximum_medical_improvement"): "maximum medical improvement (MMI)",
    ("Side", "none"): "no side",
    ("Side", "both"): "both sides",
    ("DocumentKind", "legal"): "legal correspondence",
    ("DocumentKind", "imaging"): "imaging",
    ("DocumentKind", "notice"): "notice of examination",
    ("Audience", "office"): "coordinators only",
    ("Audience", "referrer_and_office"): "referrer and coordinators",
    ("Audience", "expert_and_office"): "expert and coordinators",
    ("Audience", "case"): "referrer, expert and coordinators",
    ("Audience", "everyone"): "everyone on the case, the claimant too",
    ("RecordSource", "provider"): "another provider",
    ("RecordSource", "representative"): "the claimant's representative",
    ("RecordSource", "referrer"): "the referrer",
    ("RecordSource", "treating_doctor"): "the treating doctor",
    ("RecordSource", "claimant"): "the claimant",
    ("RecordState", "unavailable"): "not available",
    ("ArrangementKind", "recording"): "recording of the examination",
    ("ArrangementKind", "access"): "access to the building",
    ("CredentialKind", "licence"): "license",
    ("CredentialKind", "board"): "board certification",
    ("CredentialKind", "listing"): "listing with an authority",
    ("MatchingMode", "rotation"): "rotation",
    ("MatchingMode", "random_panel"): "random panel with strikes",
    ("Outcome", "completed"): "completed",
    ("Outcome", "did_not_attend"): "claimant did not attend",
    ("Outcome", "late"): "claimant came late and could not be seen",
    ("Outcome", "left_early"): "claimant left early",
    ("Outcome", "declined_part"): "claimant declined part of the examination",
    ("Outcome", "interpreter_absent"): "interpreter absent",
    ("Outcome", "consent_refused"): "consent refused",
    ("Outcome", "records_wrong"): "records missing or wrong",
    ("Outcome", "expert_absent"): "expert absent",
    ("Outcome", "cancelled_in_time"): "cancelled in time",
    ("Outcome", "cancelled_late"): "cancelled late",
    ("Certainty", "certain"): "medically certain",
    ("Certainty", "probable"): "more likely than not",
    ("Certainty", "possible"): "possible, not probable",
    ("Certainty", "cannot_determine"): "cannot be determined",
    ("ClarificationReason", "unanswered"): "the question was not answered",
    ("ClarificationReason", "unclear"): "the answer is unclear",
    ("ClarificationReason", "new_records"): "new records have come",
    ("ClarificationReason", "treating_doctor_differs"): "the treating doctor differs",
    ("ClarificationReason", "factual_error"): "a fact is wrong",
    ("ClarificationReason", "arithmetic"): "the arithmetic is wrong",
    ("NoticeState", "by_phone"): "to be told by phone",
    ("FactorPolicy", "any"): "a passkey, or a code from an authenticator app",
    ("FactorPolicy", "passkey"): "a passkey only",
    ("IdentityProof", "in_person"): "I met them in person",
    ("IdentityProof", "photo_id"): "I saw them and their photo ID on a video call",
    ("IdentityProof", "called_back"): "I called them back on the number we had on file",
    ("Act", "read"): "looked at",
    ("Act", "emergency"): "emergency access",
    ("AlertKind", "mass_download"): "many documents taken out in a short time",
    ("AlertKind", "repeated_refusals"): "many refusals in a short time",
    ("AlertKind", "emergency_off_hours"): "emergency access outside office hours",
    ("DisclosureBasis", "workers_compensation"): "workers' compensation law",
    ("DisclosureBasis", "authorization"): "the claimant's authorization",
    ("DisclosureBasis", "court_order"): "an order of a court or board",
    ("DisclosureBasis", "required_by_law"): "another law that requires it",
    ("DisclosureBasis", "operations"): "payment or operations",
    ("DisclosureBasis", "to_the_individual"): "given to the claimant",
}
