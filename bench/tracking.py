"""Person tracking against its limits: `python bench/tracking.py [--video FILE] [--accuracy-only] [--seed N]`.

Speed and memory are measured on a real hub with drawn people (bench/tracking_load.py), sightings and confusions on a
video, whose camera must not move. Prints every figure beside its limit; exit status 1 when one falls short. A video
that tracking_boxes.json was made for (known by its sha256) is compared with boxes checked by eye; any other one with
the tracks of tracking_truth.py, whose limits are said there.
"""

from __future__ import annotations

import argparse
import itertools
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:1] = [str(ROOT), str(ROOT / "bench")]

import tracking_accuracy  # noqa: E402
import tracking_load  # noqa: E402
from tracking_row import show  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1, help="seed of the drawn people (default 1)")
    parser.add_argument("--video", type=Path, help="a video of a camera that does not move")
    parser.add_argument("--accuracy-only", action="store_true", help="no measurements of speed")
    parser.add_argument("--quality", type=int, default=85, help="JPEG quality of the frames (default 85)")
    parser.add_argument("--references", type=int, default=6, help="reference pictures of each person (default 6)")
    options = parser.parse_args()
    groups = []
    if options.video is not None:
        groups.append(tracking_accuracy.rows(options.video, options.quality, options.references))
    if not options.accuracy_only:
        groups.append(tracking_load.rows(options.seed))
    short = 0
    for row in itertools.chain(*groups):
        show(row)
        short += not row.good
    print("All limits are met." if not short else f"{short} figures fall short.")
    return 1 if short else 0


if __name__ == "__main__":
    sys.exit(main())
