"""Templates of requests and messages: values in place of placeholders, escaped as the place demands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape
from urllib.parse import quote, quote_plus

from hub.contract.json_text import encode_text
from hub.settings.barriers import PLACEHOLDER

Escape = Callable[[str], str]


def fill(template: str, values: Mapping[str, str], escaped: Escape) -> str:
    """The template with each placeholder replaced; a value is never taken for a placeholder itself."""
    return PLACEHOLDER.sub(lambda found: escaped(values.get(found[1], "")), template)


def in_url(value: str) -> str:
    """Percent-encoded, dots of `.` and `..` too, so that a value never leaves its place in a path."""
    return quote(value, safe="") if value.strip(".") else value.replace(".", "%2E")


def in_form(value: str) -> str:
    """As in a form."""
    return quote_plus(value)


def in_header(value: str) -> str:
    """Printable ASCII; what is none is percent-encoded."""
    return quote(value, safe=" !#$&'()*+,/:;=?@[]{}|~\"<>^`\\")


def in_topic(value: str) -> str:
    """Percent-encoded: a value has no level and no wildcard of its own."""
    return quote(value, safe="")


def in_json(value: str) -> str:
    """The inside of a JSON string."""
    return encode_text(value)[1:-1]


def in_xml(value: str) -> str:
    """As text or as an attribute of XML."""
    return escape(value, quote=True)


def in_text(value: str) -> str:
    """As it is; values have no control characters."""
    return value


def escape_of(text: str, content_type: str = "") -> Escape:
    """How values are escaped in a body or a message: by its type, or by how it begins where nobody has said."""
    kind = content_type.partition(";")[0].strip().lower()
    if "json" in kind or (not kind and text.lstrip().startswith(("{", "["))):
        return in_json
    if kind == "application/x-www-form-urlencoded":
        return in_form
    if "xml" in kind or "html" in kind or (not kind and text.lstrip().startswith("<")):
        return in_xml
    return in_text
