"""The Flask application, without routes."""

from __future__ import annotations

from pathlib import Path

from flask import Flask
from sqlalchemy import URL

from hub.http.lazy_rule import LazyRule
from hub.settings.model import Settings

ROOT = Path(__file__).resolve().parents[2]


class _Flask(Flask):
    url_rule_class = LazyRule  # a class attribute: the route of static files is added by the constructor


def make_flask(settings: Settings) -> Flask:
    """The application with templates, static files and limits, without routes."""
    app = _Flask("hub", template_folder=str(ROOT / "templates"), static_folder=str(ROOT / "static"))
    database = URL.create("sqlite", database=str(settings.database_path.resolve()))
    app.config["SQLALCHEMY_DATABASE_URI"] = database
    # One byte more than the server's own limit, whose refusal is the better one.
    app.config["MAX_CONTENT_LENGTH"] = settings.limits.max_body_mb * 1024 * 1024 + 1
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    return app
