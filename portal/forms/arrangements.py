"""How each arrangement of a case stands, and who supplies it."""

from portal.forms import Form
from portal.forms.fields import Choice, Line, MustBeGiven
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
    """One form for all the arrangements, filled with how they stand: `state_7` and `supplier_7` for number 7."""
    fields, kept = {}, {}
    for each in arrangements:
        name = each.kind.title
        chosen = MustBeGiven(f"Choose how it stands: {each.kind.label}")
        fields[f"state_{each.id}"] = Choice(f"{name}: how it stands", [chosen], choices=STATES, select=True)
        fields[f"supplier_{each.id}"] = Line(f"{name}: supplied by", width=30)
        kept |= {f"state_{each.id}": each.state, f"supplier_{each.id}": each.supplier}
    return type("ArrangementsForm", (Form,), fields)(data=kept)
