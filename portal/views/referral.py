"""Referral."""

from flask import Blueprint

bp = Blueprint("referral", __name__)


def section(case, party):
    return None


@bp.route("/referral-placeholder")
def start():
    return ""
