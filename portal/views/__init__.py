"""One module per noun, plus the desk, the case and the account."""

from importlib import import_module

from flask import Flask

from portal.web import navigation

NOUNS = (
    "account",
    "single_sign_on",
    "second_factor",
    "factors",
    "password",
    "invitation",
    "email_change",
    "identity",
    "desk",
    "case",
    "referral",
    "questions",
    "triage",
    "matching",
    "profile",
    "records",
    "record_requests",
    "appointment",
    "booking",
    "calendar",
    "times",
    "freed",
    "arrangements",
    "instructions",
    "examination",
    "report",
    "review",
    "clarification",
    "addendum",
    "closure",
    "messages",
    "calls",
    "sightings",
    "alerts",
    "activity",
    "restriction",
    "bars",
    "emergency",
    "management",
    "people",
    "organisations",
    "access_review",
    "disclosure",
    "retention",
    "rules",
)


def register(app: Flask) -> None:
    for noun in NOUNS:
        app.register_blueprint(import_module(f"portal.views.{noun}").bp)
    if app.config["IMPARTIAL"].is_demo:
        app.register_blueprint(import_module("portal.views.demo").bp)
    navigation.register(app)
