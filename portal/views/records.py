"""Records."""

from flask import Blueprint

bp = Blueprint("records", __name__)


def section(case, party):
    return None
