"""Each role's home."""

from typing import Any

from flask import Blueprint

from portal.web.page import page
from portal.web.routing import signed_in
from portal.words import Role

bp = Blueprint("desk", __name__)


@bp.route("/")
@signed_in(Role.REFERRER, Role.COORDINATOR, Role.EXPERT)
def home() -> Any:
    return page("desk/home.html")
