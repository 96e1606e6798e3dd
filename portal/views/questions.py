"""Questions."""

from flask import Blueprint

bp = Blueprint("questions", __name__)


def section(case, party):
    return None
