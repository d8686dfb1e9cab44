"""Registration of the languages with the hub."""

from __future__ import annotations

from flask import Flask
from flask_babel import Babel

from hub.context import Hub
from hub.languages.choice import direction, language


def register(app: Flask, hub: Hub) -> None:
    """Give templates `_()` and `ngettext()`, and the language of the reader."""
    Babel(app, locale_selector=language)

    def of_reader() -> dict[str, str]:
        code = language()
        return {"language": code, "direction": direction(code)}

    app.context_processor(of_reader)
