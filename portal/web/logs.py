"""No log holds the token of a secure link, whoever writes the line."""

import logging
import re

from flask import Flask

TOKEN = re.compile(r"(/appointment/link/)[^/\s\"'?]+")


class WithoutTokens(logging.Filter):
    """Lets every line pass, with an ellipsis where a token stood."""

    def filter(self, record: logging.LogRecord) -> bool:
        said = record.getMessage()
        if TOKEN.search(said):
            record.msg, record.args = TOKEN.sub(r"\1…", said), None
        return True


without_tokens = WithoutTokens()


def register(app: Flask) -> None:
    for name in ("werkzeug", "waitress", "portal"):
        logging.getLogger(name).addFilter(without_tokens)
