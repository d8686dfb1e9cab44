"""Which classes of a detector are persons, and which are vehicles."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from hub.vision.objects.errors import ModelError
from hub.vision.objects.interfaces import PERSON, VEHICLE

_GENERIC = re.compile(r"(label|class)?[ _]?\d+")
"""Names that transformers and others give to classes without a name."""

_SHOWN = 12


def kinds_by_class(names: Mapping[int, str], options: dict[str, Any], count: int | None = None) -> dict[int, str]:
    """The kind (person, vehicle) of each class number that `detector_labels` and `detector_vehicle_labels` name.

    `names` are those of the model, {} where it has none; `count` the number of its classes where that is known.
    Raises ModelError when no class is a person.
    """
    named = {number: name.strip().lower() for number, name in names.items()}
    if all(_GENERIC.fullmatch(name) for name in named.values()):
        named = {}
    persons = _numbers(options["detector_labels"], named, count)
    vehicles = _numbers(options["detector_vehicle_labels"], named, count)
    if not persons:
        raise ModelError(_sentence(options, named, count))
    return {**dict.fromkeys(vehicles, VEHICLE), **dict.fromkeys(persons, PERSON)}


def _numbers(labels: list[str], named: Mapping[int, str], count: int | None) -> list[int]:
    if named:
        wanted = {label.lower() for label in labels}
        return [number for number, name in named.items() if name in wanted]
    numbers = [int(label) for label in labels if label.isdecimal()]
    return [number for number in numbers if count is None or number < count]


def _sentence(options: dict[str, Any], named: Mapping[int, str], count: int | None) -> str:
    labels = ", ".join(options["detector_labels"])
    if not named:
        known = f"its classes have no names, only numbers{f' from 0 to {count - 1}' if count else ''}"
        return (
            f"The detector has no class {labels} ({known}): write the number of its class for persons into "
            "vision.detector_labels."
        )
    shown = ", ".join(list(named.values())[:_SHOWN]) + (" and more" if len(named) > _SHOWN else "")
    return (
        f"None of the detector's classes ({shown}) is in vision.detector_labels ({labels}): write the name of its "
        "class for persons there."
    )
