"""``python -m syncbridge``."""

from syncbridge.cli.main import app

app()
