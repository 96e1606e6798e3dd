"""No log holds the token of a secure link or what people typed, whoever writes the line."""

import logging
import re
import traceback

from flask import Flask

TOKEN = re.compile(r"(/(?:(?:appointment|password|invitation|email)/link|calendars)/)[^/\s\"'?]+")


class WithoutTokens(logging.Filter):
    """Lets every line pass: with an ellipsis where a token stood, and of a fault its kind and place alone."""

    def filter(self, record: logging.LogRecord) -> bool:
        said = record.getMessage()
        if record.exc_info:
            said = f"{said}\n{trail(record.exc_info[1])}"
            record.msg, record.args, record.exc_info = said, None, None
        if TOKEN.search(said):
            record.msg, record.args = TOKEN.sub(r"\1…", said), None
        return True


def trail(fault: BaseException | None) -> str:
    """The kinds of a fault and of those behind it, and where each arose; their messages quote what is kept or typed."""
    parts: list[str] = []
    while fault is not None:
        parts += [f"{type(fault).__name__}\n", *traceback.format_tb(fault.__traceback__)]
        fault = fault.__cause__ or fault.__context__
    return "".join(parts)


without_tokens = WithoutTokens()


def register(app: Flask) -> None:
    for name in ("werkzeug", "waitress", "huey", "huey.consumer", "flask-limiter", "portal"):
        logging.getLogger(name).addFilter(without_tokens)
