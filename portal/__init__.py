"""Impartial: the portal that runs independent medical examinations from referral to report."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from portal.config import Config

ROOT = Path(__file__).parent.parent


def create_app(config: "Config | None" = None) -> "Flask":
    """The application, its parts wired in reading order."""
    from flask import Flask

    from portal import commands, db, jobs, outbox, outside, production, rule_commands, views, web
    from portal.config import Config
    from portal.ime import specialties
    from portal.outside import vault

    config = config or Config.from_environment()
    app = Flask("portal", static_folder=str(ROOT / "static"))
    if config.is_production:
        production.refuse_debugging(app.debug)
    app.config.update(
        IMPARTIAL=config,
        SECRET_KEY=config.signing_secret(),
        MAX_CONTENT_LENGTH=config.upload_limit,
        MAX_FORM_MEMORY_SIZE=4 * 1024**2,
        MAX_FORM_PARTS=2_000,
    )
    config.make_instance()
    vault.connect(config)
    db.connect(config.database_url)
    outside.connect(config)
    specialties.connect(config.instance)
    web.register(app)
    views.register(app)
    outbox.connect(app.jinja_env, config.public_url)
    jobs.connect(config)
    commands.register(app)
    rule_commands.register(app)
    return app
