"""Compiled templates that every hub of a process of tests shares, and the hubs that its start server forks.

A hub compiles all its templates at its start, which is most of the processor time that the start has left once its
modules are imported. A template whose source has changed is compiled anew.
"""

from __future__ import annotations

from pathlib import Path
from types import CodeType

from flask import Flask
from flask_babel import Babel
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket

from hub.languages.register import FILTERS

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"


class CompiledTemplates(BytecodeCache):
    """Code by the name of a template and the checksum of its source."""

    def __init__(self) -> None:
        self._codes: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._codes.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        if bucket.code is not None:
            self._codes[bucket.key, bucket.checksum] = bucket.code


def share_compiled_templates() -> None:
    """Let every Flask application that this process makes from now on share its compiled templates."""
    Flask.jinja_options.setdefault("bytecode_cache", CompiledTemplates())


def compile_templates() -> None:
    """Share the templates of the hub, compiled as it does."""
    share_compiled_templates()
    app = Flask("hub", template_folder=str(TEMPLATES))
    Babel(app)
    app.jinja_env.filters.update(FILTERS)
    for name in app.jinja_env.list_templates():
        app.jinja_env.get_template(name)
