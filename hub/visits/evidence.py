"""Evidence: what one record or sensor says about a vehicle at a checkpoint. No input or output here."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from hub.contract.plates import normalise_plate
from hub.contract.text import clean
from hub.contract.times import parse_time, utc_text
from hub.contract.vehicles import NUMBER, PLATE, TAG, Identifier
from hub.contract.visits import CAPTURE, DETECTION, EVIDENCE_KINDS

MAX_TEXT = 200  # characters of an id, a tag, a number, a plate
MAX_PLATES = 8  # of one detection
MAX_PICTURES = 6
PICTURE_KEYS = {
    CAPTURE: ("label_image_url", "primary_image_url", "secondary_image_url"),
    DETECTION: ("cropped_plates", "annotated_image", "original_image", "image"),
}


def tag_key(text: str) -> str:
    """A tag as it is compared."""
    return "".join(text.split()).upper()


def number_key(text: str) -> str:
    """A label number by its digits, as 0-9."""
    return "".join(str(unicodedata.decimal(each)) for each in text if each.isdecimal())


REQUIRED = ("kind", "id", "device", "at")
"""What is stored of every piece of evidence, even where it is empty."""


@dataclass(frozen=True)
class Evidence:
    """One piece of evidence. Times are epoch seconds; texts are as read, corrected where somebody has.

    `plates`: those of a detection in their order; `index`: which of them stands for the vehicle. `pictures`: names of
    stored pictures, or the sender's own addresses. `late`: it came long after it happened.
    """

    kind: str  # one of EVIDENCE_KINDS
    id: str
    device: str
    at: float
    received_at: float = 0.0
    tag: str = ""
    number: str = ""
    plates: tuple[str, ...] = ()
    index: int = 0
    confidence: float | None = None
    facing: str = ""
    late: bool = False
    kg: float | None = None
    pictures: tuple[str, ...] = ()

    @property
    def plate(self) -> str:
        """The plate that stands for the vehicle, as read."""
        return self.plates[self.index] if self.index < len(self.plates) else ""

    def keys(self) -> list[Identifier]:
        """What the register is asked for, in the order tag, number, plate."""
        values = ((TAG, tag_key(self.tag)), (NUMBER, number_key(self.number)), (PLATE, normalise_plate(self.plate)))
        return [Identifier(kind, value) for kind, value in values if value]

    def stored(self) -> dict[str, Any]:
        """For the body of a visit, without what says nothing."""
        values = {**vars(self), "plates": list(self.plates), "pictures": list(self.pictures)}
        return {key: value for key, value in values.items() if key in REQUIRED or value not in ("", None, [], False)}


def evidence_of(stored: Mapping[str, Any]) -> Evidence:
    """What `stored` has made. Raises ValueError, TypeError or LookupError for anything else."""
    if stored["kind"] not in EVIDENCE_KINDS:
        raise ValueError("the kind of evidence is unknown")
    values = {
        **stored,
        "device": str(stored.get("device", "")),  # a station without a name was not stored once
        "at": float(stored.get("at", 0.0)),
        "plates": tuple(map(str, stored.get("plates", ()))),
        "pictures": tuple(map(str, stored.get("pictures", ()))),
    }
    return Evidence(**values)


def of_capture(body: Mapping[str, Any], number: str | None, prefix: str) -> Evidence:
    """A capture as `/api/captures` shows it; `number`: corrected, None where nobody has. `prefix`: of the pictures."""
    received = parse_time(body["received_at"]) or 0.0
    at = min(parse_time(body["captured_at"]) or received, received)
    return Evidence(
        CAPTURE,
        str(body["id"]),
        str(body["station"])[:MAX_TEXT],
        at,
        received,
        tag=clean(body["tag"])[:MAX_TEXT],
        number=clean(body["number"] if number is None else number)[:MAX_TEXT],
        pictures=_pictures(CAPTURE, body, prefix),
    )


def of_detection(body: Mapping[str, Any], corrected: Mapping[int, str], prefix: str) -> Evidence | None:
    """A detection as `/api/records` shows it; None where the camera saw neither a vehicle nor a plate.

    `corrected`: plates by their position; 0 may be one that the camera did not read.
    """
    plates = body["plates"][:MAX_PLATES] or [{"text": ""}] * (0 in corrected)
    if not plates and not body["vehicles_count"]:
        return None
    received = parse_time(body["received_at"]) or 0.0
    at = min(parse_time(body["occurred_at"]) or received, received)
    texts = tuple(clean(corrected.get(position, plate["text"]))[:MAX_TEXT] for position, plate in enumerate(plates))
    sure = [float(plate.get("confidence") or 0.0) if text else -1.0 for plate, text in zip(plates, texts, strict=True)]
    index = max(range(len(sure)), key=lambda position: sure[position]) if sure else 0
    return Evidence(
        DETECTION,
        str(body["detection_id"]),
        str(body["camera_id"])[:MAX_TEXT],
        at,
        received,
        plates=texts,
        index=index,
        confidence=plates[index].get("confidence") if plates else None,
        pictures=_pictures(DETECTION, body, prefix),
    )


def _pictures(kind: str, body: Mapping[str, Any], prefix: str) -> tuple[str, ...]:
    found: list[str] = []
    for key in PICTURE_KEYS[kind]:
        value = body.get(key)
        found += value if isinstance(value, list) else [value] if value else []
    return tuple(each.removeprefix(prefix) for each in found if isinstance(each, str))[:MAX_PICTURES]


def latest(evidence: Iterable[Evidence]) -> float:
    """The time of the newest piece, 0 without one."""
    return max((each.at for each in evidence), default=0.0)


def shown(
    evidence: Evidence, agrees: bool | None, differences: list[dict[str, Any]], links: list[str]
) -> dict[str, Any]:
    """The evidence as readers see it (`hub.contract.visits`)."""
    return {
        "kind": evidence.kind,
        "id": evidence.id,
        "device": evidence.device,
        "at": utc_text(evidence.at),
        "late": evidence.late,
        "tag": evidence.tag,
        "number": evidence.number,
        "plate": evidence.plate,
        "index": evidence.index,
        "kg": evidence.kg,
        "confidence": evidence.confidence,
        "agrees": agrees,
        "differences": differences,
        "pictures": links,
    }
