"""How each arrangement of a case stands, and who supplies it."""

from portal.forms import Form
from portal.forms.fields import Choice, Line, MustBeGiven, Phone
from portal.words import ArrangementKind, ArrangementState

STATES = {state: state.title for state in ArrangementState}


class NeedForm(Form):
    """Something more that the claimant needs on the day."""

    kind = Choice(
        "What is needed?",
        [MustBeGiven("Choose what is needed")],
        choices={kind: kind.title for kind in ArrangementKind},
    )
    detail = Line("What about it?", hint="Language, from where, who comes along, how much", limit=200)


def arrangements_form(arrangements):
    """One form for all the arrangements, filled with how they stand: `state_7`, `supplier_7`, `phone_7` and `because_7`
    for number 7."""
    fields, kept = {}, {}
    for each in arrangements:
        name = each.kind.title
        chosen = MustBeGiven(f"Choose how it stands: {each.kind.label}")
        fields[f"state_{each.id}"] = Choice(f"{name}: how it stands", [chosen], choices=STATES, select=True)
        fields[f"supplier_{each.id}"] = Line(f"{name}: supplied by", width=30)
        fields[f"phone_{each.id}"] = Phone(f"{name}: their phone number")
        fields[f"because_{each.id}"] = Line(f"{name}: if it is refused, why?", limit=200)
        kept |= {
            f"state_{each.id}": each.state,
            f"supplier_{each.id}": each.supplier,
            f"phone_{each.id}": each.supplier_phone,
            f"because_{each.id}": each.refused_because,
        }
    return type("ArrangementsForm", (Form,), fields)(data=kept)
