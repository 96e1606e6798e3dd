"""Matching."""

from flask import Blueprint

bp = Blueprint("matching", __name__)


@bp.route("/matching-placeholder")
def panel():
    return ""
