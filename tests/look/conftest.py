"""What the tests of the look ask for: the gallery, and a form of one field."""

import pytest
from flask import render_template_string
from werkzeug.datastructures import MultiDict

from portal.forms import Form
from tests.look.gallery import SHOW, create_gallery


@pytest.fixture(scope="module")
def app():
    app = create_gallery()
    app.config["WTF_CSRF_ENABLED"] = False
    return app


@pytest.fixture
def ask(app):
    """ask(field, "typed") -> the field of a form that was sent; parts of a day by keyword."""

    def ask(field, *values, words=None, **parts):
        class OneField(Form):
            it = field

        data = MultiDict([("it", value) for value in values] + [(f"it-{k}", v) for k, v in parts.items()])
        with app.test_request_context("/", method="POST", data=data):
            form = OneField(words=words)
            form.validate()
            assert "\x00" not in render_template_string(SHOW, form=form)
            return form.it

    return ask
