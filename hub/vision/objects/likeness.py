"""How far the persons of a frame are from the person who is looked for, by all that is known of their tracks.

A track's distance is the mean of two: that of its mean vector, and that of the tenth of its vectors which is nearest
(a person who turned round still counts as the one seen before). The person can be in one place only: of tracks that
were there at the same time, those farther than the nearest are put farther by one and a half times the difference.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hub.vision.objects.tracks import Track

NEAREST_PART = 0.1
MEAN_WEIGHT = 0.6
RIVAL_WEIGHT = 1.5
LARGEST = 2.0
"""Of two vectors of length 1."""


def distances(person: NDArray[np.float32], tracks: list[Track], current: list[Track], scale: float) -> list[float]:
    """Distances of `tracks`, which are in the frame, on the scale on which 0.38 is a match.

    `person`: vector of length 1. `current`: all tracks that have not ended, which are rivals as well.
    """
    known = {track.number: _distance(person, track) for track in [*current, *tracks]}
    result = []
    for track in tracks:
        own = known[track.number]
        rival = min((known[other.number] for other in current if track.is_other_than(other)), default=own)
        result.append(scale * min(own + RIVAL_WEIGHT * max(0.0, own - rival), LARGEST))
    return result


def _distance(person: NDArray[np.float32], track: Track) -> float:
    """Euclidean distance of a track to a vector, 0..2."""
    mean = float(np.linalg.norm(track.mean - person))
    nearest = float(np.quantile(np.linalg.norm(np.stack(track.samples) - person, axis=1), NEAREST_PART))
    return MEAN_WEIGHT * mean + (1 - MEAN_WEIGHT) * nearest
