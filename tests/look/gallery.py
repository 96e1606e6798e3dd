"""A small Flask app that shows every component with invented people; also run by hand to look at it.

`python -m tests.look.gallery` serves it on port 8099.
"""

from enum import StrEnum

from flask import Blueprint, Flask, flash, render_template
from flask_wtf.csrf import CSRFProtect
from jinja2 import ChoiceLoader, FileSystemLoader

from portal.forms import Form
from portal.forms.fields import (
    Choice,
    Choices,
    ClockTime,
    Day,
    Email,
    Line,
    Money,
    MustBeGiven,
    Number,
    Paragraphs,
    Phone,
    State,
    Tick,
    Upload,
    Uploads,
    YesNo,
    Zip,
)
from tests.look import ROOT

REASONS = {
    "diagnosis": "The diagnosis is uncertain",
    "causation": "The cause is disputed",
    "mmi": "Maximum medical improvement is in question",
}


# Every field of a form, drawn by the macro.
SHOW = (
    "{% from 'components/form.html' import field %}"
    "{% for f in form if f.kind is defined %}{{ field(f) }}{% endfor %}"
)


class Side(StrEnum):
    """A side of the body."""

    LEFT = "left"
    BOTH_SIDES = "both_sides"


class GalleryForm(Form):
    """One field of each kind."""

    claim_number = Line(
        "Claim number", [MustBeGiven("Enter the claim number")], hint="It is on the first letter", width=10
    )
    reason = Choice(
        "Why is an examination needed?",
        [MustBeGiven("Choose why an examination is needed")],
        choices=REASONS,
        hints={"causation": "For example whether work led to it"},
    )
    injured_on = Day(
        "Date of injury",
        [MustBeGiven("Enter the date of injury, like 3 14 2025")],
        hint="For example, 3 14 2025",
    )
    body_parts = Choices(
        "Body parts",
        [MustBeGiven("Choose at least one body part")],
        choices={"neck": "Neck", "back": "Lower back", "knee": "Knee"},
    )
    why = Paragraphs("In a sentence, what is in doubt?", [MustBeGiven("Say what is in doubt")])
    interpreter = YesNo("Is an interpreter needed?", [MustBeGiven("Say whether an interpreter is needed")])
    state = State("State")
    starts_at = ClockTime("Starts at", [MustBeGiven("Enter when it starts, like 9:30 am")])
    minutes = Number("Minutes", at_least=5, at_most=480)
    fee = Money("Fee")
    mail = Email("E-mail")
    phone = Phone("Phone")
    postal_code = Zip("ZIP code")
    records = Uploads("Records", hint="PDF, JPEG or PNG, up to 200 MB each", accept=".pdf,.jpg,.png")
    letter = Upload("Cover letter")
    no_conflict = Tick(
        "I have not treated this person, and have no stake in the outcome",
        [MustBeGiven("Tick to say that there is no conflict")],
    )


def create_gallery():
    """The gallery as a Flask app with the real templates and the real CSRF check."""
    app = Flask("portal", root_path=str(ROOT / "portal"), static_folder=str(ROOT / "static"))
    app.secret_key = "only for the gallery"
    app.jinja_loader = ChoiceLoader(
        [FileSystemLoader(ROOT / "portal/templates"), FileSystemLoader(ROOT / "tests/look/templates")]
    )
    CSRFProtect(app)
    account = Blueprint("account", "account")
    account.add_url_rule("/sign-out", "sign_out", lambda: "", methods=["POST"])
    account.add_url_rule("/account", "overview", lambda: "")
    app.register_blueprint(account)
    rules = Blueprint("rules", "rules")
    rules.add_url_rule("/rules", "jurisdictions", lambda: "")
    rules.add_url_rule("/rules/rule/<called>", "read", lambda called: "")
    app.register_blueprint(rules)
    app.add_url_rule("/<page>", "page", show, methods=["GET", "POST"])
    app.after_request(be_strict)
    return app


def be_strict(response):
    """The policy under which the real pages run."""
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; font-src 'self'; frame-ancestors 'none'; base-uri 'none'"
    )
    return response


def show(page):
    """A page of the gallery by the name of its template."""
    if page == "desk":
        flash("You accepted the referral. Keystone Insurance was told.")
    form = GalleryForm()
    form.validate_on_submit()
    return render_template(
        f"gallery/{page}.html",
        form=form,
        current_person={"name": "Maria Delgado"},
        navigation=[
            {"text": "Home", "href": "/desk", "current": page == "desk"},
            {"text": "Cases", "href": "/table", "current": page == "table"},
            {"text": "Experts", "href": "/case", "current": False},
            {"text": "Figures", "href": "/form", "current": False},
        ],
        help_phone="+14155550132",
        help_phone_text="(415) 555-0132",
    )


if __name__ == "__main__":
    create_gallery().run(port=8099)
