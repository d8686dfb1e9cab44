"""What a vehicle may be: JSON objects and lines of a file are read with the same limits. No input or output here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import tzinfo
from typing import Any

from hub.contract.bounds import bounded_record
from hub.contract.errors import ContractError
from hub.contract.text import clean
from hub.contract.times import parse_bound, parse_time
from hub.contract.vehicles import PERMISSIONS
from hub.vehicles.identifiers import value_of
from hub.vehicles.vehicle import LISTS, MATCHES, Vehicle

LIMITS = {"name": 200, "owner": 200, "reason": 500, "note": 2000}
MAX_IDENTIFIER = 100
MAX_OF_KIND = 20
MAX_ID = 80
CHOICES = {"permission": PERMISSIONS, "match": MATCHES}
TIMES = ("valid_from", "valid_until")
MEANS = {
    "tag": "letters and digits of a tag",
    "number": "digits of a label number",
    "plate": "letters and digits of a number plate",
}


def parse_vehicle(data: Mapping[str, Any], before: Vehicle, zone: tzinfo | None) -> Vehicle:
    """`before` with the fields that `data` has. Raises ContractError that names each invalid field.

    A list of identifiers takes the place of the whole list; `tag`, `number` and `plate` are lists of one.
    """
    made, errors = read_vehicle(bounded_record(dict(data), []), before, zone)
    if errors:
        raise ContractError("The vehicle cannot be taken: " + "; ".join(errors) + ".", errors)
    return made


def read_version(data: Mapping[str, Any]) -> int | None:
    """The version that a client has changed; None where it names none. Raises ContractError."""
    version = data.get("version")
    if version is not None and (type(version) is not int or version < 0):
        raise ContractError("version is that of the vehicle as you have read it, a whole number.", ["version"])
    return version


def read_vehicle(data: Mapping[str, Any], before: Vehicle, zone: tzinfo | None) -> tuple[Vehicle, list[str]]:
    """The same, with a sentence for each field that cannot be taken."""
    errors: list[str] = []
    given: dict[str, Any] = {}
    for key, limit in LIMITS.items():
        if data.get(key) is not None:
            given[key] = _text(data[key], key, limit, errors)
    for key, choices in CHOICES.items():
        if data.get(key) not in (None, ""):
            given[key] = data[key]
            if given[key] not in choices:
                errors.append(f"{key} is {', '.join(choices[:-1])} or {choices[-1]}")
    for key in TIMES:
        if key in data:
            given[key] = _time(data[key], key, zone, errors)
    given["identifiers"] = _identifiers(data, before, errors)
    if not given["identifiers"] and not errors:
        errors.append("a vehicle has at least one tag, number or plate")
    if not errors:
        made = replace(before, **given)
        if made.valid_from is not None and made.valid_until is not None and made.valid_until <= made.valid_from:
            errors.append("valid_until is later than valid_from")
        else:
            return made, []
    return before, errors


def _text(value: object, key: str, limit: int, errors: list[str]) -> str:
    if not isinstance(value, (str, int)) or isinstance(value, bool) or len(str(value)) > limit:
        errors.append(f"{key} is a text of at most {limit} characters")
        return ""
    return clean(value)


def _time(value: object, key: str, zone: tzinfo | None, errors: list[str]) -> float | None:
    """A day is its beginning, of `valid_until` its end. Null and an empty text: no limit."""
    if value is None or value == "":
        return None
    text = value.strip() if isinstance(value, str) else value
    made = parse_time(text, zone)
    if isinstance(text, str) and len(text) == len("2026-12-31"):
        made = parse_bound(text, zone, end=key == "valid_until")
    if made is None:
        errors.append(f"{key} is a day such as 2026-12-31 or a time such as 2026-12-31T23:59:59, or empty for no limit")
    return made


def _identifiers(data: Mapping[str, Any], before: Vehicle, errors: list[str]) -> tuple[tuple[str, str], ...]:
    found: list[tuple[str, str]] = []
    for kind, key in LISTS.items():
        sent = data.get(key, data.get(kind))
        if sent is None:
            found += [(kind, text) for text in before.texts(kind)]
            continue
        texts = sent if isinstance(sent, list) else [sent]
        if len(texts) > MAX_OF_KIND:
            errors.append(f"{key}: a vehicle has at most {MAX_OF_KIND}")
            continue
        found += _of_kind(kind, key, texts, errors)
    return tuple(found)


def _of_kind(kind: str, key: str, texts: list[Any], errors: list[str]) -> list[tuple[str, str]]:
    """Texts of one kind without empty and equal ones."""
    found: dict[str, str] = {}
    for each in texts:
        text = " ".join(_text(each, key, MAX_IDENTIFIER, errors).split())
        value = value_of(kind, text)
        if text and not value:
            errors.append(f"{key}: {text!r} has no {MEANS[kind]}")
        elif len(value) > MAX_IDENTIFIER:
            errors.append(f"{key}: a {kind} has at most {MAX_IDENTIFIER} characters")
        elif value:
            found.setdefault(value, text)
    return [(kind, text) for text in found.values()]
