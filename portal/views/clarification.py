"""Clarification."""

from flask import Blueprint

bp = Blueprint("clarification", __name__)


def section(case, party):
    return None
