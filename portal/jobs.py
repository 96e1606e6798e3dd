"""What happens without a person: three-line shells around verbs, run by huey."""

from flask import Flask


def register(app: Flask) -> None:
    """Wake the sender whenever something is owed."""
