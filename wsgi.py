"""The application for any WSGI server: `waitress-serve wsgi:app`, `flask --app wsgi …`."""

from portal import create_app

app = create_app()
