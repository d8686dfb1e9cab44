"""Propose panels that are part of a larger bright shape: a bright strap merges with the panel it covers.

Where strap and panel meet, the shape's outline turns inwards: the panel is cut off between two such corners.
"""

from __future__ import annotations

import cv2
import numpy as np

from agent_lib.label.panels import Shapes, clearest, four_corners
from agent_lib.runtime.arrays import Array, Points

# Outlines are simplified to this tolerance (reduced pixels): ticks disappear, the strap's corners remain.
TOLERANCE = 3.0
# Outlines with fewer corners have nothing to cut; ones with more are background.
CORNERS = (6, 80)
# A panel with its ticks fills more of its hull than this; a panel with a strap does not.
SOLID = 0.93
MAX_OUTLINES = 40
MAX_PIECES = 120
# Corners of a piece: two where it is cut, the panel's other two, and what ticks leave.
PIECE = (4, 7)


def cut_panels(shapes: Shapes, most: int) -> list[Points]:
    """Candidate panels as `panels.whole_panels` returns them, cut from larger shapes."""
    quads: list[Array] = []
    outlines = 0
    for contour in shapes.contours:
        outline = cv2.approxPolyDP(contour, TOLERANCE, True).reshape(-1, 2)
        if not CORNERS[0] <= len(outline) <= CORNERS[1]:
            continue
        if cv2.contourArea(contour) > SOLID * cv2.contourArea(cv2.convexHull(outline)):
            continue
        quads += _pieces(outline, shapes.smallest)
        outlines += 1
        if outlines == MAX_OUTLINES or len(quads) >= MAX_PIECES:
            break
    return clearest(shapes, quads[:MAX_PIECES], most)


def _pieces(outline: Array, smallest: float) -> list[Array]:
    """Quadrilaterals between two inward corners of an outline (N, 2) of a bright shape."""
    count = len(outline)
    behind = outline - outline[np.arange(-1, count - 1)]
    ahead = outline[np.arange(1, count + 1) % count] - outline
    # A bright shape's outline has negative area: it turns to the positive side only at inward corners.
    inward = np.flatnonzero(behind[:, 0] * ahead[:, 1] - behind[:, 1] * ahead[:, 0] > 0).tolist()
    found = []
    for place, first in enumerate(inward):
        for further in range(1, min(4, len(inward))):
            last = inward[(place + further) % len(inward)]
            length = (last - first) % count + 1
            if not PIECE[0] <= length <= PIECE[1]:
                continue
            piece = outline[(first + np.arange(length)) % count]
            _, _, width, height = cv2.boundingRect(piece)
            if width < smallest or height < smallest:
                continue
            hull = cv2.convexHull(piece)
            area = cv2.contourArea(hull)
            quad = four_corners(hull, area) if area >= smallest * smallest else None
            if quad is not None:
                found.append(quad)
    return found
