"""What is declared: every setting with its section, key and pydantic field, and the names that it has outside."""

from __future__ import annotations

from typing import Any, get_args

from pydantic.fields import FieldInfo

from hub.settings.base import Section
from hub.settings.model import Settings


def table_of(field: FieldInfo) -> type[Section] | None:
    """The class of the tables of a setting that is a list of tables; None for any other setting."""
    inner = get_args(field.annotation)
    return _section_class(inner[0]) if len(inner) == 1 else None


def section_class(section: str) -> type[Section]:
    """The class of a section by its name in the file. Raises KeyError for a name that is no section."""
    found = _section_class(Settings.model_fields[section].annotation)
    if found is None:
        raise KeyError(section)
    return found


def _section_class(annotation: Any) -> type[Section] | None:
    return annotation if isinstance(annotation, type) and issubclass(annotation, Section) else None


def declared_tables(section: str) -> list[tuple[str, type[Section]]]:
    """The lists of tables in a section, those at the top of the file for "", as (key, class of a table).

    They can be set in the file only, where each table is headed [[section.key]], at the top [[key]].
    """
    fields = (section_class(section) if section else Settings).model_fields
    return [(key, kind) for key, field in fields.items() if (kind := table_of(field)) is not None]


def declared() -> list[tuple[str, str, FieldInfo]]:
    """Every setting as (section or "", key, pydantic field), in the order of the file; without the lists of tables."""
    top: list[tuple[str, str, FieldInfo]] = []
    inner: list[tuple[str, str, FieldInfo]] = []
    for key, field in Settings.model_fields.items():
        if field.exclude or table_of(field) is not None:
            continue
        section = _section_class(field.annotation)
        if section is None:
            top.append(("", key, field))
        else:
            inner.extend((key, name, spec) for name, spec in section.model_fields.items() if table_of(spec) is None)
    return top + inner


def environment_name(section: str, key: str) -> str:
    """The environment variable that overrides a setting: HUB_PORT, HUB_IMAGES_PORT."""
    return "_".join(part for part in ("HUB", section.upper(), key.upper()) if part)
