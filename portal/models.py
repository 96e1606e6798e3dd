"""The schema: what the portal remembers, in the order of the process. Fields, constraints, named queries and
predicates; no verbs (those are in `portal.ime`)."""

from datetime import date, timedelta
from functools import cached_property

from peewee import (
    SQL,
    AutoField,
    BlobField,
    BooleanField,
    CharField,
    Check,
    DateField,
    DoubleField,
    FloatField,
    ForeignKeyField,
    IntegerField,
    JSONField,
    TextField,
    TimeField,
)

from portal import clock
from portal.db import MomentField, Remembered, SealedDateField, SealedField, WordField
from portal.kept import Added
from portal.words import (
    AccountMail,
    AccountPurpose,
    Act,
    AlertKind,
    AppointmentState,
    ArrangementKind,
    ArrangementState,
    Audience,
    Certainty,
    ClarificationReason,
    ClarificationState,
    CredentialKind,
    DeadlineKind,
    DisclosureBasis,
    DocumentKind,
    Ending,
    ExpertPaper,
    FactorPolicy,
    InjuryStatus,
    Issue,
    LinkPurpose,
    MatchingMode,
    NoticeState,
    OfferState,
    OrganisationKind,
    Outcome,
    Party,
    Reason,
    RecordSource,
    RecordState,
    ReportState,
    Role,
    Side,
    Stage,
)

FAR_FUTURE = date(9999, 12, 31)
SHORTEST_RETENTION = 6  # years; 45 CFR 164.316(b)(2)(i), 164.528(a)


# --- people -----------------------------------------------------------------------------------------------------


class Organisation(Remembered):
    """Whom a user works for, and what it asks of its people when they sign in."""

    name = CharField(unique=True)
    kind = WordField(OrganisationKind)
    phone = CharField(default="")
    factors = WordField(FactorPolicy, default=FactorPolicy.ANY)
    retention_years = IntegerField(default=SHORTEST_RETENTION)
    created_at = MomentField(default=clock.now)

    class Meta:
        constraints = [Check(f"retention_years >= {SHORTEST_RETENTION}")]


class User(Remembered):
    """One person with an account: referrer, coordinator or expert. Whoever is invited has not joined yet."""

    organisation = ForeignKeyField(Organisation, backref="users", on_delete="RESTRICT")
    role = WordField(Role)
    name = CharField()
    email = CharField(unique=True)  # lower case
    phone = CharField(default="")
    password_hash = CharField(default="")
    is_manager = BooleanField(default=False)
    joined_at = MomentField(null=True)
    disabled_at = MomentField(null=True)
    created_at = MomentField(default=clock.now)

    class Meta:
        constraints = [
            Check("email = lower(email)"),
            Check("role <> 'claimant'"),
            Check("role = 'coordinator' OR NOT is_manager"),
        ]

    @cached_property
    def expert(self) -> "Expert | None":
        """The profile of an expert; None for everybody else."""
        return Expert.get_or_none(Expert.user == self) if self.role == Role.EXPERT else None

    @classmethod
    def active(cls):
        return cls.select().where(cls.disabled_at.is_null())

    @classmethod
    def coordinators(cls):
        return cls.active().where(cls.role == Role.COORDINATOR).order_by(cls.id)


class Expert(Remembered):
    """What an expert's profile says beside the account."""

    user = ForeignKeyField(User, unique=True, backref="profile", on_delete="CASCADE")
    credentials = CharField(default="MD")
    practice = CharField(default="")
    npi = CharField(default="")
    years_in_practice = IntegerField(default=0)
    examinations_done = IntegerField(default=0)
    is_in_clinical_practice = BooleanField(default=True)
    languages = CharField(default="English")
    fee_cents = IntegerField(default=0)
    capacity_a_week = IntegerField(default=5)
    notice_days = IntegerField(default=7)
    usual_minutes = IntegerField(default=60)
    buffer_minutes = IntegerField(default=0)  # kept free after each examination
    missed_percent = IntegerField(default=100)  # of the fee, when the claimant does not come
    accepts_recording = BooleanField(default=False)
    accepts_companion = BooleanField(default=True)
    accepts_telehealth = BooleanField(default=False)

    @property
    def name(self) -> str:
        """The name the way people write it: `Adaeze Okafor, MD`."""
        return f"{self.user.name}, {self.credentials}"


Expert.add_index(Expert.npi, unique=True, where=SQL("npi <> ''"), name="expert_one_npi")


class ExpertSpecialty(Remembered):
    """One specialty of an expert, by its code in `portal/data/specialties.json`."""

    expert = ForeignKeyField(Expert, backref="specialties", on_delete="CASCADE")
    code = CharField()

    class Meta:
        indexes = ((("expert", "code"), True),)


class ExpertFile(Remembered):
    """A file of an expert's profile, sealed with a key of its own, which is sealed in turn."""

    expert = ForeignKeyField(Expert, backref="files", on_delete="CASCADE")
    kind = WordField(ExpertPaper)
    name = CharField()
    media_type = CharField()
    size = IntegerField()
    sha256 = CharField()
    key = CharField(unique=True)
    sealed = SealedField()
    filed_by = ForeignKeyField(User, on_delete="RESTRICT")
    filed_at = MomentField(default=clock.now)


class Credential(Remembered):
    """A license, board certification or listing with its state and expiry; a coordinator verifies it."""

    expert = ForeignKeyField(Expert, backref="credential_rows", on_delete="CASCADE")
    kind = WordField(CredentialKind)
    authority = CharField(default="")  # who gave it, where the state does not say it
    state = CharField(default="")
    number = CharField(default="")
    expires_on = DateField()
    evidence = ForeignKeyField(ExpertFile, null=True, on_delete="SET NULL")
    verified_by = ForeignKeyField(User, null=True, on_delete="RESTRICT")
    verified_at = MomentField(null=True)
    was_verified = BooleanField(default=False)  # as it is, or as it was before a change
    warned_days = IntegerField(null=True)  # the last warning given before it runs out


Credential.add_index(Credential.expires_on)
Credential.add_index(Credential.expert, where=SQL("verified_at IS NULL"), name="credential_to_verify")


class CancellationTier(Remembered):
    """What of the fee an expert asks for when an examination is cancelled fewer than so many business days before."""

    expert = ForeignKeyField(Expert, backref="tiers", on_delete="CASCADE")
    business_days = IntegerField()
    percent = IntegerField()

    class Meta:
        constraints = [Check("business_days BETWEEN 1 AND 60"), Check("percent BETWEEN 0 AND 100")]
        indexes = ((("expert", "business_days"), True),)


class ZipPlace(Remembered):
    """Where a ZIP code lies: the middle of its area, in degrees, loaded once."""

    zip = CharField(primary_key=True)
    city = CharField()
    state = CharField()
    latitude = FloatField()
    longitude = FloatField()
    time_zone = CharField(default="")


class Clinic(Remembered):
    """Where an expert examines; one that is closed takes no new bookings."""

    expert = ForeignKeyField(Expert, backref="clinics", on_delete="CASCADE")
    name = CharField()
    street = CharField()
    city = CharField()
    state = CharField()
    zip = CharField()
    latitude = FloatField(null=True)
    longitude = FloatField(null=True)
    time_zone = CharField()
    phone = CharField(default="")
    access = TextField(default="")
    parking = TextField(default="")
    directions = TextField(default="")
    closed_at = MomentField(null=True)


class WeeklyHours(Remembered):
    """When an expert examines at a clinic, in the clinic's local time; weekday 0 is Monday."""

    clinic = ForeignKeyField(Clinic, backref="hours", on_delete="CASCADE")
    weekday = IntegerField()
    opens = TimeField()
    closes = TimeField()
    first_day = DateField(null=True)  # None: as long as anybody knows
    last_day = DateField(null=True)
    is_telehealth = BooleanField(default=False)

    class Meta:
        constraints = [
            Check("weekday BETWEEN 0 AND 6"),
            Check("opens < closes"),
            Check("first_day IS NULL OR last_day IS NULL OR first_day <= last_day"),
        ]


class TimeOff(Remembered):
    """Days on which an expert does not examine, both included."""

    expert = ForeignKeyField(Expert, backref="time_off", on_delete="CASCADE")
    first_day = DateField()
    last_day = DateField()

    class Meta:
        constraints = [Check("first_day <= last_day")]


# --- the case ---------------------------------------------------------------------------------------------------


class Claimant(Remembered):
    """The injured person of one case; no account."""

    name = CharField(default="")
    born_on = SealedDateField(null=True, traced_by="born_trace")
    born_trace = CharField(default="", index=True)
    email = CharField(default="")
    phone = CharField(default="")
    street = CharField(default="")
    city = CharField(default="")
    state = CharField(default="")
    zip = CharField(default="")
    latitude = FloatField(null=True)
    longitude = FloatField(null=True)
    language = CharField(default="English")


class Case(Remembered):
    """One independent medical examination from need to closure. `stage` moves only by a step; `turn`, `next_step`,
    `due_on` and `last_event_at` are what the queues sort by, kept by every step."""

    reference = CharField(unique=True)
    organisation = ForeignKeyField(Organisation, backref="cases", index=False, on_delete="RESTRICT")
    referrer = ForeignKeyField(User, backref="referred_cases", index=False, on_delete="RESTRICT")
    coordinator = ForeignKeyField(User, null=True, index=False, on_delete="RESTRICT")
    expert = ForeignKeyField(Expert, null=True, index=False, backref="cases", on_delete="RESTRICT")
    claimant = ForeignKeyField(Claimant, unique=True, backref="cases", on_delete="RESTRICT")

    stage = WordField(Stage, default=Stage.DRAFT)
    is_open = BooleanField(default=True)
    turn = WordField(Party, default=Party.REFERRER)
    next_step = CharField(default="")
    due_on = DateField(default=FAR_FUTURE)
    stage_since = MomentField(default=clock.now)
    last_event_at = MomentField(default=clock.now)
    created_at = MomentField(default=clock.now)
    referred_at = MomentField(null=True)

    exam_kind = CharField(default="")
    reason = WordField(Reason, null=True)
    need = TextField(default="")
    treating_doctor = CharField(default="")
    treating_practice = CharField(default="")
    treating_phone = CharField(default="")
    report_needed_by = DateField(null=True)
    is_file_review = BooleanField(default=False)
    move_asked_at = MomentField(null=True)
    brief_sent_at = MomentField(null=True)
    records_given_at = MomentField(null=True)  # when the expert first got a brief, and the records with it
    confirmed_at = MomentField(null=True)
    is_restricted = BooleanField(default=False)  # of the office only its coordinator and the managers see it
    disclosed_under = WordField(DisclosureBasis, null=True)
    purged_at = MomentField(null=True)

    @property
    def is_engaged(self) -> bool:
        """An expert has taken the case."""
        return self.expert_id is not None

    @classmethod
    def open(cls):
        return cls.select().where(SQL("is_open"))


# One partial index per role queue, in the order the queue is read: "open" is one literal condition, so that the
# database sees at once that the index serves.
for columns in (
    ("due_on", "id"),
    ("stage", "due_on", "id"),
    ("turn", "due_on", "id"),
    ("referrer", "turn", "due_on", "id"),
    ("coordinator", "turn", "due_on", "id"),
    ("expert", "turn", "due_on", "id"),
    ("expert", "due_on", "id"),
    ("organisation", "due_on", "id"),
    ("organisation", "stage", "due_on", "id"),
    ("organisation", "turn", "due_on", "id"),
):
    Case.add_index(
        *[getattr(Case, column) for column in columns],
        where=SQL("is_open"),
        name="case_queue_" + "_".join(columns),
    )
for columns in (("id",), ("organisation", "id"), ("expert", "id")):
    Case.add_index(
        *[getattr(Case, column) for column in columns],
        where=SQL("NOT is_open"),
        name="case_ended_" + "_".join(columns),
    )


class CaseParty(Remembered):
    """Somebody else who belongs to the case: the claimant's representative, another recipient of the report."""

    case = ForeignKeyField(Case, backref="parties", on_delete="CASCADE")
    party = WordField(Party)
    name = CharField()
    email = CharField(default="")
    phone = CharField(default="")
    gets_report = BooleanField(default=False)


class ClaimNumber(Remembered):
    """The number under which the payer keeps the claim."""

    case = ForeignKeyField(Case, backref="claim_numbers", on_delete="CASCADE")
    number = SealedField()


class Injury(Remembered):
    """One injured body part, by its code in `portal/data/body_parts.json`."""

    case = ForeignKeyField(Case, backref="injuries", on_delete="CASCADE")
    body_part = CharField()
    side = WordField(Side, default=Side.NONE)
    status = WordField(InjuryStatus, null=True)
    icd10 = CharField(default="")
    injured_on = DateField(null=True)


class TreatingOpinion(Remembered):
    """What the treating doctor concluded on one issue."""

    case = ForeignKeyField(Case, backref="treating_opinions", on_delete="CASCADE")
    issue = WordField(Issue)
    opinion = TextField()
    source = CharField(default="")

    class Meta:
        indexes = ((("case", "issue"), True),)


class CaseDeadline(Remembered):
    """A date that matters to the referrer."""

    case = ForeignKeyField(Case, backref="deadlines", on_delete="CASCADE")
    kind = WordField(DeadlineKind)
    falls_on = DateField()
    note = CharField(default="")


class Question(Remembered):
    """One numbered referral question. It keeps its identity from the referral to the addendum."""

    case = ForeignKeyField(Case, backref="questions", on_delete="CASCADE")
    number = IntegerField()
    text = TextField()
    issue = WordField(Issue, default=Issue.OTHER)
    library_key = CharField(default="")

    class Meta:
        indexes = ((("case", "number"), True),)


class RuleChange(Remembered):
    """A manager's change of one rule, for good: the rules in force are the file's, overlaid by the last change of each."""

    rule = CharField(column_name="rule_name", index=True)
    exam_kind = CharField()
    facts = JSONField(null=True)  # the whole rule as it is from now on; None: it is switched off
    after = (
        IntegerField()
    )  # the number of the change before it, 0 for the first: of two at once, one gets through
    why = TextField()
    by = ForeignKeyField(User, on_delete="RESTRICT")
    at = MomentField(default=clock.now)

    class Meta:
        indexes = ((("rule", "after"), True),)


class RuleSnapshot(Remembered):
    """The jurisdiction's rules as they stood when the case was referred, or when a later change was adopted for it."""

    case = ForeignKeyField(Case, unique=True, backref="rule_snapshots", on_delete="CASCADE")
    rules = JSONField()
    knows = IntegerField(default=0)  # the number of the last change that is in it
    considered = IntegerField(default=0)  # and of the last of which somebody decided for this case
    taken_at = MomentField(default=clock.now)


class RuleOverride(Remembered):
    """A rule that would have stopped a step, and why it was taken all the same."""

    case = ForeignKeyField(Case, backref="rule_overrides", on_delete="CASCADE")
    step = CharField()
    rule = CharField(column_name="rule_name")
    sentence = TextField()  # what the rule asked for
    reason = TextField()
    by = ForeignKeyField(User, on_delete="RESTRICT")
    at = MomentField(default=clock.now)


# --- records ----------------------------------------------------------------------------------------------------


class Document(Remembered):
    """One file of a case; `key` names its bytes in the store, which never change."""

    case = ForeignKeyField(Case, backref="documents", on_delete="CASCADE")
    kind = WordField(DocumentKind)
    name = CharField()
    provider = CharField(default="")
    dated_on = DateField(null=True)
    media_type = CharField()
    pages = IntegerField(null=True)
    size = IntegerField()
    sha256 = CharField()
    key = CharField(unique=True)
    audience = WordField(Audience, default=Audience.CASE)
    filed_by = ForeignKeyField(User, null=True, on_delete="RESTRICT")
    filed_at = MomentField(default=clock.now)

    class Meta:
        indexes = ((("case", "sha256", "audience"), True),)


class RecordRequest(Remembered):
    """One item of the checklist: what is asked of whom, by when."""

    case = ForeignKeyField(Case, backref="record_requests", on_delete="CASCADE")
    kind = WordField(DocumentKind)
    what = CharField()
    asked_of = WordField(RecordSource)
    due_on = DateField()
    state = WordField(RecordState, default=RecordState.ASKED)
    document = ForeignKeyField(Document, null=True, on_delete="SET NULL")
    asked_at = MomentField(default=clock.now)
    settled_at = MomentField(null=True)


# --- matching ---------------------------------------------------------------------------------------------------


class Draw(Remembered):
    """A drawing of names for a case: who was in it, the seed, and who came out, so that it can be done again."""

    case = ForeignKeyField(Case, backref="draws", on_delete="CASCADE")
    exam_kind = CharField()  # the kind of examination it was made for; for another it does not count
    mode = WordField(MatchingMode)
    seed = CharField()
    pool = JSONField()  # the numbers of the eligible experts, in the order in which they were drawn from
    size = IntegerField()  # how many names were to be drawn; 0 for all of them
    names = JSONField()  # the numbers drawn, in their order
    made_by = ForeignKeyField(User, on_delete="RESTRICT")
    made_at = MomentField(default=clock.now)


class Strike(Remembered):
    """A name that a party took off a panel."""

    draw = ForeignKeyField(Draw, backref="strikes", on_delete="CASCADE")
    expert = ForeignKeyField(Expert, on_delete="RESTRICT")
    party = WordField(Party)
    by = ForeignKeyField(User, on_delete="RESTRICT")
    at = MomentField(default=clock.now)

    class Meta:
        indexes = ((("draw", "party"), True), (("draw", "expert"), True))


class Offer(Remembered):
    """One offer of a case to an expert, with the ranking it came from."""

    case = ForeignKeyField(Case, backref="offers", on_delete="CASCADE")
    expert = ForeignKeyField(Expert, backref="offers", on_delete="RESTRICT")
    state = WordField(OfferState, default=OfferState.OPEN)
    until = MomentField()
    made_at = MomentField(default=clock.now)
    answered_at = MomentField(null=True)
    rank = IntegerField()
    ranking = JSONField()
    draw = ForeignKeyField(Draw, null=True, on_delete="RESTRICT")
    why_not_first = TextField(default="")
    why_passed = TextField(default="")


Offer.add_index(Offer.case, unique=True, where=SQL("state = 'open'"), name="offer_one_open")
Offer.add_index(Offer.expert, Offer.until, where=SQL("state = 'open'"), name="offer_open_by_expert")


class ConflictDeclaration(Remembered):
    """What the expert declared before taking the case."""

    offer = ForeignKeyField(Offer, unique=True, backref="declarations", on_delete="CASCADE")
    has_treated = BooleanField()
    shares_practice = BooleanField()
    has_financial_link = BooleanField()
    note = TextField(default="")
    declared_at = MomentField(default=clock.now)


# --- appointment ------------------------------------------------------------------------------------------------


class Appointment(Remembered):
    """A booked examination; moving it makes a new row and keeps the old one."""

    case = ForeignKeyField(Case, backref="appointments", on_delete="CASCADE")
    expert = ForeignKeyField(Expert, backref="appointments", on_delete="RESTRICT")
    clinic = ForeignKeyField(Clinic, on_delete="RESTRICT")
    starts_at = MomentField()
    ends_at = MomentField()
    state = WordField(AppointmentState, default=AppointmentState.BOOKED)
    sequence = IntegerField(default=0)
    is_telehealth = BooleanField(default=False)
    follows = ForeignKeyField(
        "self", null=True, index=False, on_delete="SET NULL"
    )  # the one before that failed
    why = TextField(default="")
    ended_for = WordField(Party, null=True)  # who wanted it moved or cancelled
    terms = JSONField(
        default=dict
    )  # what the expert asked for when it was booked: fee, tiers, share of a missed one
    fee_cents = IntegerField(null=True)  # what its end costs, by these terms
    fee_because = TextField(default="")
    letter = ForeignKeyField(
        Document, null=True, index=False, on_delete="RESTRICT"
    )  # the notice of examination
    booked_at = MomentField(default=clock.now)
    ended_at = MomentField(null=True)

    class Meta:
        constraints = [Check("starts_at < ends_at")]


Appointment.add_index(
    Appointment.case, unique=True, where=SQL("state = 'booked'"), name="appointment_one_booked"
)
Appointment.add_index(Appointment.expert, Appointment.starts_at, name="appointment_by_expert")
Appointment.add_index(Appointment.starts_at, where=SQL("state = 'booked'"), name="appointment_booked_by_day")

QUARTER = timedelta(minutes=15)


class SlotHold(Remembered):
    """A time kept for a case for a while: until it is booked or, once it is offered, until the claimant has chosen."""

    case = ForeignKeyField(Case, backref="slot_holds", on_delete="CASCADE")
    expert = ForeignKeyField(Expert, on_delete="CASCADE")
    clinic = ForeignKeyField(Clinic, on_delete="CASCADE")
    starts_at = MomentField()
    ends_at = MomentField()
    is_telehealth = BooleanField(default=False)
    held_by = ForeignKeyField(User, on_delete="RESTRICT")
    held_at = MomentField(default=clock.now)
    expires_at = MomentField(index=True)
    offered_at = MomentField(null=True)

    class Meta:
        constraints = [Check("starts_at < ends_at")]


class TakenQuarter(Remembered):
    """A quarter of an hour of an expert's time that a booking or a hold takes: its uniqueness is what makes a double
    booking impossible, on either database."""

    expert = ForeignKeyField(Expert, index=False, on_delete="CASCADE")
    starts_at = MomentField()
    appointment = ForeignKeyField(Appointment, null=True, backref="quarters", on_delete="CASCADE")
    hold = ForeignKeyField(SlotHold, null=True, backref="quarters", on_delete="CASCADE")

    class Meta:
        constraints = [Check("(appointment_id IS NULL) <> (hold_id IS NULL)")]
        indexes = ((("expert", "starts_at"), True),)


class Arrangement(Remembered):
    """What the claimant needs on the day, and whether it is settled."""

    case = ForeignKeyField(Case, backref="arrangements", on_delete="CASCADE")
    kind = WordField(ArrangementKind)
    detail = CharField(default="")
    state = WordField(ArrangementState, default=ArrangementState.NEEDED)
    supplier = CharField(default="")
    supplier_phone = CharField(default="")
    refused_because = CharField(default="")  # in words for the claimant
    asked_by = WordField(Party, default=Party.REFERRER)

    class Meta:
        indexes = ((("case", "kind"), True),)


class TickedInstruction(Remembered):
    """One thing to bring or do that the claimant has ticked off."""

    case = ForeignKeyField(Case, backref="ticked_instructions", on_delete="CASCADE")
    item = CharField()
    ticked_at = MomentField(default=clock.now)

    class Meta:
        indexes = ((("case", "item"), True),)


# --- examination and report -------------------------------------------------------------------------------------


class Attendance(Remembered):
    """What happened on the day of an appointment."""

    appointment = ForeignKeyField(Appointment, unique=True, backref="attendances", on_delete="CASCADE")
    outcome = WordField(Outcome)
    identity_checked = BooleanField(default=False)
    consent_given = BooleanField(default=False)
    present = CharField(default="")
    began_at = TimeField(null=True)
    finished_at = TimeField(null=True)
    note = TextField(default="")
    recorded_by = ForeignKeyField(User, on_delete="RESTRICT")
    recorded_at = MomentField(default=clock.now)


class Report(Remembered):
    """The expert's report of one case. Signing seals it; what is sealed never changes."""

    case = ForeignKeyField(Case, unique=True, backref="reports", on_delete="CASCADE")
    state = WordField(ReportState, default=ReportState.WRITING)
    document = ForeignKeyField(Document, null=True, on_delete="RESTRICT")
    sha256 = CharField(default="")
    signed_by = ForeignKeyField(User, null=True, on_delete="RESTRICT")
    signed_at = MomentField(null=True)
    released_at = MomentField(null=True)


class Section(Remembered):
    """One standard section of a report, by its key in `portal.ime.report.SECTIONS`."""

    report = ForeignKeyField(Report, backref="sections", on_delete="CASCADE")
    key = CharField()
    text = TextField(default="")

    class Meta:
        indexes = ((("report", "key"), True),)


class Answer(Remembered):
    """The expert's answer to one question."""

    question = ForeignKeyField(Question, unique=True, backref="answers", on_delete="CASCADE")
    opinion = TextField(default="")
    reasons = TextField(default="")
    certainty = WordField(Certainty, null=True)
    pages = CharField(default="")

    @property
    def is_complete(self) -> bool:
        """Opinion or what would be needed, the reasons, and how sure."""
        return bool(self.opinion.strip() and self.reasons.strip() and self.certainty)


class Proposal(Remembered):
    """The coordinator's comment on a signed report: proposed, never edited in."""

    report = ForeignKeyField(Report, backref="proposals", on_delete="CASCADE")
    question = ForeignKeyField(Question, null=True, on_delete="CASCADE")
    text = TextField()
    made_by = ForeignKeyField(User, on_delete="RESTRICT")
    made_at = MomentField(default=clock.now)


# --- review -----------------------------------------------------------------------------------------------------


class Verdict(Remembered):
    """The referrer's word on one answer."""

    question = ForeignKeyField(Question, unique=True, backref="verdicts", on_delete="CASCADE")
    is_answered = BooleanField()
    why = TextField(default="")
    given_by = ForeignKeyField(User, on_delete="RESTRICT")
    given_at = MomentField(default=clock.now)


class Addendum(Remembered):
    """A numbered, signed supplement, chained by hash to the report or addendum before it."""

    case = ForeignKeyField(Case, backref="addenda", on_delete="CASCADE")
    number = IntegerField()
    state = WordField(ReportState, default=ReportState.SIGNED)
    document = ForeignKeyField(Document, on_delete="RESTRICT")
    sha256 = CharField()
    previous_sha256 = CharField()
    signed_by = ForeignKeyField(User, on_delete="RESTRICT")
    signed_at = MomentField(default=clock.now)
    released_at = MomentField(null=True)

    class Meta:
        indexes = ((("case", "number"), True),)


class Clarification(Remembered):
    """A question back to the expert about one answer."""

    case = ForeignKeyField(Case, backref="clarifications", on_delete="CASCADE")
    question = ForeignKeyField(Question, backref="clarifications", on_delete="CASCADE")
    reason = WordField(ClarificationReason)
    text = TextField()
    state = WordField(ClarificationState, default=ClarificationState.REQUESTED)
    is_free = BooleanField(default=False)
    why_refused = TextField(default="")
    due_on = DateField(null=True)
    requested_by = ForeignKeyField(User, on_delete="RESTRICT")
    requested_at = MomentField(default=clock.now)
    opinion = TextField(default="")
    reasons = TextField(default="")
    certainty = WordField(Certainty, null=True)
    addendum = ForeignKeyField(Addendum, null=True, backref="clarifications", on_delete="RESTRICT")


class Message(Remembered):
    """A message addressed to a case, never to a person (no private talk with the expert)."""

    case = ForeignKeyField(Case, backref="messages", on_delete="CASCADE")
    author = ForeignKeyField(User, null=True, on_delete="RESTRICT")
    party = WordField(Party)
    audience = WordField(Audience)
    text = TextField()
    posted_at = MomentField(default=clock.now)


# --- what was done and told ------------------------------------------------------------------------------------


class Event(Remembered):
    """One step that was taken; `facts` holds what its sentence needs and nothing medical."""

    case = ForeignKeyField(Case, index=False, backref="events", on_delete="CASCADE")
    step = CharField()
    party = WordField(Party)
    by = ForeignKeyField(User, null=True, on_delete="RESTRICT")
    was = WordField(Stage)
    became = WordField(Stage)
    facts = JSONField(default=dict)
    at = MomentField(default=clock.now)

    class Meta:
        indexes = ((("case", "id"), False),)


class Notice(Remembered):
    """The outbox: one thing the portal owes somebody because of an event, until it is sent."""

    event = ForeignKeyField(Event, backref="notices", on_delete="CASCADE")
    party = WordField(Party)
    recipient = CharField()
    email = CharField()
    state = WordField(NoticeState, default=NoticeState.OWED)
    attempts = IntegerField(default=0)
    not_before = MomentField(default=clock.now)
    settled_at = MomentField(null=True)

    class Meta:
        indexes = ((("event", "party", "email", "recipient"), True),)

    @classmethod
    def calls_to_make(cls):
        """What is to be told by phone, since there is no address or mail failed: the oldest first, each with its case."""
        return cls.select(cls, Event, Case).join(Event).join(Case).where(cls.is_call()).order_by(cls.id)

    @classmethod
    def is_call(cls):
        """The condition of a notice that is to be told by phone; nobody calls their own office."""
        return SQL("state IN ('by_phone', 'failed')") & (cls.party != Party.COORDINATOR)


Notice.add_index(Notice.id, where=SQL("state IN ('by_phone', 'failed')"), name="notice_to_phone")
Notice.add_index(Notice.not_before, Notice.id, where=SQL("state IN ('owed', 'sending')"), name="notice_owed")


class Delivery(Remembered):
    """One attempt to deliver a notice: the proof, or why not."""

    notice = ForeignKeyField(Notice, backref="deliveries", on_delete="CASCADE")
    at = MomentField(default=clock.now)
    is_delivered = BooleanField()
    detail = CharField(default="")


# --- the audit trail --------------------------------------------------------------------------------------------


BEYOND_RECORDS = 2**62  # no audit record has a number beyond this, on either side of nothing


class AuditRecord(Added, Remembered):
    """One thing that was done or refused, for good: triggers refuse every change. Numbers, not keys, point at people and
    things, so that the record outlives them; `facts` holds nothing personal or medical."""

    id = AutoField()
    at = MomentField(default=clock.now)
    act = WordField(Act)
    ending = WordField(Ending, default=Ending.DONE)
    user = IntegerField(null=True, column_name="user_number")
    link = IntegerField(null=True, column_name="link_number")
    session = IntegerField(null=True, column_name="session_number")
    organisation = IntegerField(null=True, column_name="organisation_number")
    party = CharField(default="")
    case = IntegerField(null=True, column_name="case_number")
    thing = CharField(default="")  # the table of what it was done to
    number = IntegerField(null=True)  # its row
    route = CharField(default="")
    source = CharField(default="")  # the network address
    request = CharField(default="")  # the reference of the request, as error pages show it
    facts = JSONField(default=dict)

    class Meta:
        constraints = [Check(f"id BETWEEN {1 - BEYOND_RECORDS} AND {BEYOND_RECORDS}")]


AuditRecord.add_index(AuditRecord.case, AuditRecord.id, name="audit_by_case")
AuditRecord.add_index(AuditRecord.user, AuditRecord.at, name="audit_by_user")
AuditRecord.add_index(AuditRecord.session, AuditRecord.id, name="audit_by_session")


class AuditSeal(Remembered):
    """A batch of audit records closed for good: the SHA-256 of each, in their order, chained to the seal before it."""

    id = AutoField()
    first = IntegerField()
    last = IntegerField(unique=True)
    count = IntegerField()
    digests = TextField()  # 64 hex digits a record
    previous = CharField()
    sha256 = CharField(unique=True)
    sealed_at = MomentField(default=clock.now)


class Alert(Remembered):
    """Something that the managers had to hear of at once; one a kind and subject within its pause."""

    kind = WordField(AlertKind)
    user = ForeignKeyField(User, null=True, on_delete="CASCADE")
    case = IntegerField(null=True, column_name="case_number")
    facts = JSONField(default=dict)
    at = MomentField(default=clock.now)


class Disclosure(Remembered):
    """What of a claimant was given to somebody, and on what ground: kept for the accounting of six years
    (45 CFR 164.528), longer than the case itself may be."""

    case = IntegerField(column_name="case_number", index=True)
    reference = CharField()
    at = MomentField(default=clock.now)
    recipient = CharField()
    address = CharField(default="")
    what = CharField()
    purpose = CharField(default="")
    basis = WordField(DisclosureBasis)
    by = IntegerField(null=True, column_name="by_number")


class LegalHold(Remembered):
    """Why a case must not be purged, until it is lifted."""

    case = ForeignKeyField(Case, backref="holds", on_delete="RESTRICT")
    why = TextField()
    placed_by = ForeignKeyField(User, on_delete="RESTRICT")
    placed_at = MomentField(default=clock.now)
    lifted_by = ForeignKeyField(User, null=True, on_delete="RESTRICT")
    lifted_at = MomentField(null=True)


class CaseKey(Remembered):
    """The key of a case's stored files, itself encrypted; without it they are noise, so that a purge is final."""

    case = ForeignKeyField(Case, unique=True, backref="keys", on_delete="CASCADE")
    sealed = SealedField()


class Bar(Remembered):
    """This person must not see this case, whatever else would let them: a conflict of interest. It beats every grant."""

    case = ForeignKeyField(Case, backref="bars", on_delete="CASCADE")
    user = ForeignKeyField(User, backref="bars", on_delete="CASCADE")
    why = TextField()
    placed_by = ForeignKeyField(User, on_delete="RESTRICT")
    placed_at = MomentField(default=clock.now)

    class Meta:
        indexes = ((("user", "case"), True),)


class EmergencyAccess(Remembered):
    """A coordinator's way to read a restricted case when nobody else is there: with a reason, for some hours
    (45 CFR 164.312(a)(2)(ii))."""

    case = ForeignKeyField(Case, backref="emergencies", on_delete="CASCADE")
    user = ForeignKeyField(User, backref="emergencies", on_delete="CASCADE")
    reason = TextField()
    began_at = MomentField(default=clock.now)
    expires_at = MomentField()
    ended_at = MomentField(null=True)

    class Meta:
        indexes = ((("user", "case"), False),)


# --- ways in ----------------------------------------------------------------------------------------------------


class SecureLink(Remembered):
    """A claimant's way in without a password: hashed at rest, spent by a POST, revocable, short-lived."""

    case = ForeignKeyField(Case, backref="secure_links", on_delete="CASCADE")
    purpose = WordField(LinkPurpose, default=LinkPurpose.APPOINTMENT)
    token_hash = CharField(unique=True)
    made_at = MomentField(default=clock.now)
    expires_at = MomentField()
    spent_at = MomentField(null=True)
    revoked_at = MomentField(null=True)

    role = Role.CLAIMANT

    @property
    def name(self) -> str:
        """Whoever holds the link is taken for the claimant."""
        return self.case.claimant.name

    @property
    def is_usable(self) -> bool:
        """Neither revoked nor expired; spending ends only the way in, not the visit."""
        return self.revoked_at is None and self.expires_at > clock.now()


class CalendarFeed(Remembered):
    """An address, known to nobody else, where an expert's or one clinic's calendar is read: hashed, revocable."""

    expert = ForeignKeyField(Expert, backref="feeds", on_delete="CASCADE")
    clinic = ForeignKeyField(Clinic, null=True, on_delete="CASCADE")
    token_hash = CharField(unique=True)
    made_at = MomentField(default=clock.now)
    read_at = MomentField(null=True)
    revoked_at = MomentField(null=True)


class Session(Remembered):
    """Somebody signed in: a user, or a claimant by link. The cookie holds the token, this row its hash."""

    token_hash = CharField(unique=True)
    user = ForeignKeyField(User, null=True, backref="sessions", on_delete="CASCADE")
    link = ForeignKeyField(SecureLink, null=True, backref="sessions", on_delete="CASCADE")
    device = CharField(default="")
    began_at = MomentField(default=clock.now)
    # When the second factor was last shown; without it the person is half signed in.
    proved_at = MomentField(null=True)
    seen_at = MomentField(default=clock.now)
    ends_at = MomentField()
    ended_at = MomentField(null=True)

    class Meta:
        constraints = [Check("(user_id IS NULL) <> (link_id IS NULL)")]


class SignInFailure(Remembered):
    """A try to sign in that has not succeeded: whose account and from where, both hashed, kept for a day."""

    account = CharField()
    address = CharField()
    at = MomentField(default=clock.now)

    class Meta:
        indexes = ((("account", "at"), False), (("address", "at"), False))


class Passkey(Remembered):
    """A passkey of a user: the public half alone, and how often it was used."""

    user = ForeignKeyField(User, backref="passkeys", on_delete="CASCADE")
    name = CharField()
    credential_id = BlobField(unique=True)
    public_key = BlobField()
    sign_count = IntegerField(default=0)
    made_at = MomentField(default=clock.now)
    used_at = MomentField(null=True)


class Authenticator(Remembered):
    """A user's authenticator app: its secret, and the last time step whose code was used, so that none is used twice.
    Beside the one in use there may be one that is being set up."""

    user = ForeignKeyField(User, backref="authenticators", on_delete="CASCADE")
    secret = SealedField()
    confirmed_at = MomentField(null=True)
    last_step = IntegerField(default=0)
    made_at = MomentField(default=clock.now)


Authenticator.add_index(
    Authenticator.user, unique=True, where=SQL("confirmed_at IS NOT NULL"), name="authenticator_one_in_use"
)


class RecoveryCode(Remembered):
    """One way in when the second factor is lost: hashed, good for once."""

    user = ForeignKeyField(User, backref="recovery_codes", on_delete="CASCADE")
    code_hash = CharField()
    used_at = MomentField(null=True)

    class Meta:
        indexes = ((("user", "code_hash"), True),)


class AccountLink(Remembered):
    """A link to somebody with an account, or invited to one: hashed, single use, short-lived, for one purpose."""

    user = ForeignKeyField(User, backref="account_links", on_delete="CASCADE")
    purpose = WordField(AccountPurpose)
    token_hash = CharField(unique=True)
    email = CharField()  # where it was sent; for a change of e-mail the new address
    made_at = MomentField(default=clock.now)
    expires_at = MomentField()
    spent_at = MomentField(null=True)
    revoked_at = MomentField(null=True)


class AccountNotice(Remembered):
    """The outbox of what is about an account and not about a case; the link in it is made when it is sent."""

    user = ForeignKeyField(User, backref="account_notices", on_delete="CASCADE")
    kind = WordField(AccountMail)
    email = CharField()
    facts = JSONField(default=dict)
    state = WordField(NoticeState, default=NoticeState.OWED)
    attempts = IntegerField(default=0)
    not_before = MomentField(default=clock.now)
    made_at = MomentField(default=clock.now)
    settled_at = MomentField(null=True)
    detail = CharField(default="")


AccountNotice.add_index(
    AccountNotice.not_before,
    AccountNotice.id,
    where=SQL("state IN ('owed', 'sending')"),
    name="account_notice_owed",
)


class IdentityProvider(Remembered):
    """Where an organisation's people sign in instead of here, by OpenID Connect."""

    organisation = ForeignKeyField(Organisation, unique=True, backref="providers", on_delete="CASCADE")
    issuer = CharField()
    client_id = CharField()
    client_secret = SealedField(default="")
    is_only_way = BooleanField(default=False)  # passwords of its people do not open the portal
    made_at = MomentField(default=clock.now)


class EmailDomain(Remembered):
    """A domain whose addresses belong to one organisation; lower case."""

    organisation = ForeignKeyField(Organisation, backref="domains", on_delete="CASCADE")
    name = CharField(unique=True)

    class Meta:
        constraints = [Check("name = lower(name)")]


class Identity(Remembered):
    """Who somebody is to their organisation's provider."""

    user = ForeignKeyField(User, backref="identities", on_delete="CASCADE")
    issuer = CharField()
    subject = CharField()
    linked_at = MomentField(default=clock.now)

    class Meta:
        indexes = ((("issuer", "subject"), True),)


class Allowance(Remembered):
    """How much of a limit is used up in its window, shared by every worker."""

    key = CharField(primary_key=True)
    used = IntegerField()
    ends_at = DoubleField()  # seconds since 1970


TABLES: tuple[type[Remembered], ...] = tuple(Remembered.__subclasses__())
