"""Messages."""

from flask import Blueprint

bp = Blueprint("messages", __name__)


def section(case, party):
    return None
