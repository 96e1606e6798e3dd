"""Arrangements."""

from flask import Blueprint

bp = Blueprint("arrangements", __name__)
