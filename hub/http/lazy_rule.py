"""Routes whose addresses are compiled when they are first built, not at the start."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from werkzeug.routing import Rule


class LazyRule(Rule):
    """A rule of Werkzeug's that compiles its two builders for `url_for` on first use.

    Werkzeug compiles them for every rule as it is added, a fifth of what `create_app` takes; the hub builds hardly any.
    """

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        compiled: Callable[..., tuple[str, str]] | None = None
        compile_builder = super()._compile_builder

        def build(rule: Rule, *args: Any, **values: Any) -> tuple[str, str]:
            nonlocal compiled
            if compiled is None:
                compiled = compile_builder(append_unknown)
            return compiled(rule, *args, **values)

        return build
