"""The restricted case: of the office only its coordinator and the managers see it."""

from portal.ime.process import Refusal, remember, step
from portal.models import Case, User

NO_REASON = "Say why, for whoever looks at this later."


@step
def restrict_case(case: Case, *, by: User, why: str) -> None:
    """For everybody else of the office the case no longer exists."""
    if case.is_restricted:
        raise Refusal("The case is restricted already.")
    case.is_restricted = True
    remember(why=given(why))


@step
def lift_restriction(case: Case, *, by: User, why: str) -> None:
    """The whole office sees the case again, apart from whoever is barred from it."""
    if not case.is_restricted:
        raise Refusal("The case is not restricted.")
    case.is_restricted = False
    remember(why=given(why))


def given(why: str) -> str:
    """The reason without spaces around it. Refuses none."""
    if not why.strip():
        raise Refusal(NO_REASON, field="why")
    return why.strip()
