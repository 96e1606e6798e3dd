"""The application for any WSGI server: `waitress-serve wsgi:app`, `flask --app wsgi …`."""

import sys

from portal import create_app
from portal.production import Unsafe

try:
    app = create_app()
except Unsafe as refusal:
    sys.exit(
        f"Error: {refusal}"
    )  # the sentence that names the setting is what an operator needs, no traceback
