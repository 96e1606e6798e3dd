"""Examination."""

from flask import Blueprint

bp = Blueprint("examination", __name__)
