"""What people fill in: one module per noun, fields that render through components/form.html."""

from flask import request
from flask_wtf import FlaskForm
from werkzeug.datastructures import CombinedMultiDict

from .fields.words import ENGLISH

__all__ = ["Form"]


class Form(FlaskForm):
    """A form whose fields tidy, check and keep what was typed; `words=SPANISH` makes it speak Spanish."""

    words = ENGLISH

    class Meta(FlaskForm.Meta):
        def wrap_formdata(self, form, formdata):
            """Take the fields of the request, never its JSON, whose values need not be text."""
            if formdata is None or hasattr(formdata, "getlist"):
                return formdata
            return CombinedMultiDict((request.files, request.form)) if form.is_submitted() else None

    def __init__(self, *args, words=None, **rest):
        self.words = words or self.words
        super().__init__(*args, **rest)
