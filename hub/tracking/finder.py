"""Finds the wanted person in the pictures of one stream and makes the reply for the client."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hub.tracking.analysis import Analysis
from hub.tracking.contract.messages import Wanted
from hub.tracking.contract.replies import match_object
from hub.tracking.matches import Match
from hub.tracking.persons import Persons


@dataclass(frozen=True)
class Found:
    """The persons of one picture that match, and what `matches` says about the picture (`frame_info`).

    `others` are the persons that do not match, where the client asked for them.
    """

    matches: list[dict[str, Any]]
    frame_info: dict[str, Any]
    others: list[dict[str, Any]] | None = None

    @property
    def more(self) -> dict[str, Any]:
        """The fields of the reply beside those that every client knows."""
        return {} if self.others is None else {"others": self.others}


OnSighting = Callable[[Match], None]


class Finder:
    """One stream of pictures of a session; `source` names it for whoever keeps matches.

    `on_sighting` None: matches are not kept, and no crops are made unless the client asks for them.
    """

    def __init__(
        self,
        analysis: Analysis,
        persons: Persons,
        max_distance: float,
        session: str,
        source: str,
        on_sighting: OnSighting | None,
    ) -> None:
        self._analysis, self._persons, self._max_distance = analysis, persons, max_distance
        self._session, self._source, self._on_sighting = session, source, on_sighting

    def find(self, picture: bytes, wanted: Wanted, number: int) -> Found:
        """Analyse a picture, the `number`th of its stream. Raises RequestError with a sentence for the client."""
        embedding = self._persons.open(wanted.embedding)
        limit = self._max_distance if wanted.max_distance is None else wanted.max_distance
        crops = wanted.crops or self._on_sighting is not None
        look = self._analysis.match(f"{self._session}/{self._source}", picture, embedding, limit, crops)
        width, height, people = look["width"], look["height"], look["people"]
        found = [person for person in people if person["match"]]
        if self._on_sighting is not None:
            for person in found:
                self._on_sighting(self._match(embedding.person, person, width, height))
        frame_info = {
            "frame_number": number,
            "width": width,
            "height": height,
            "processed_at": time.time(),
            "processing_time": round(look["seconds"], 4),
            "people": len(people),
            "source": self._source,
        }
        shown = found if wanted.crops else [{**person, "crop": None} for person in found]
        others = [match_object(person, width, height) for person in people if not person["match"]]
        return Found(
            [match_object(person, width, height) for person in shown], frame_info, others if wanted.others else None
        )

    def _match(self, wanted: str, person: dict[str, Any], width: int, height: int) -> Match:
        """A match of the person `wanted` for whoever keeps it; `person` is a row of a look."""
        return Match(
            person=wanted,
            session_id=self._session,
            track=person["track"],
            source=self._source,
            received_at=time.time(),
            box=tuple(person["box"]),
            width=width,
            height=height,
            distance=person["distance"],
            confidence=person["confidence"],
            crop=base64.b64decode(person["crop"]) if person.get("crop") else None,
        )
