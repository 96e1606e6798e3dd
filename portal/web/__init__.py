"""HTTP without business: who is asking, may they, what page answers."""

from flask import Flask


def register(app: Flask) -> None:
    """Wire the parts of the web layer, in the order a request meets them."""
    from portal.web import errors, formats, limits, logs, page, routing, sealed, security, session, trail

    for part in (logs, trail, page, sealed, session, routing, security, limits, formats, errors):
        part.register(app)
    # Asked first, being told last: what it answers instead gets every header too.
    app.after_request(trail.keep)
