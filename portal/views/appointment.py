"""Appointment."""

from flask import Blueprint

bp = Blueprint("appointment", __name__)


def section(case, party):
    return None


@bp.route("/appointment-placeholder")
def hours():
    return ""
