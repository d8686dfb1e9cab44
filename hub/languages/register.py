"""Registration of the languages with the hub."""

from __future__ import annotations

from flask import Flask
from flask_babel import Babel, force_locale, get_translations

from hub.context import Hub
from hub.languages.catalogs import FOLDER, ScriptWords
from hub.languages.choice import LANGUAGES, direction, language
from hub.languages.numbers import digits, numberformat, percentformat
from hub.languages.rest import languages
from hub.languages.sentences import said

FILTERS = {"said": said, "digits": digits, "numberformat": numberformat, "percentformat": percentformat}
"""The filters of templates."""


def register(app: Flask, hub: Hub) -> None:
    """Give templates `_()` and `ngettext()`, the language of the reader and the address of its words for scripts."""
    Babel(app, locale_selector=language, default_translation_directories=str(FOLDER))
    words = ScriptWords(list(LANGUAGES))
    hub.add(words)
    app.register_blueprint(languages)
    hub.described_in.append("hub.languages.operations")
    with app.test_request_context():
        for code in LANGUAGES:  # read now: at the first request it would block the event loop
            with force_locale(code):
                get_translations()

    def of_reader() -> dict[str, object]:
        code = language()
        return {
            "language": code,
            "languages": LANGUAGES,
            "direction": direction(code),
            "words_address": f"/languages/{code}.json?v={words.version(code)}",
        }

    app.context_processor(of_reader)
    app.jinja_env.filters.update(FILTERS)
