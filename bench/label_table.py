"""What `bench/label.py` counts, its table, and the limits that it is judged by."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from label_night import NIGHT
from label_scenes import BenchScene

from agent_lib.label.reading import LabelReading

LEAST_EXACT = {"easy": 99.5, "medium": 99.5, "hard": 98.5, "extreme": 60.0}
FRAMES = 5
LEAST_FROM_FRAMES = 85.0
LIMIT_MEDIAN_MS, LIMIT_P95_MS = 60.0, 170.0
LIMIT_READING_MS = 2.0
LIMIT_RSS_MB = 250.0


@dataclass
class Tally:
    """What one engine made of one level."""

    scenes: int = 0
    found: int = 0
    exact: int = 0
    wrong: int = 0
    invented: int = 0
    ms: list[float] = field(default_factory=list)
    weak: int = 0
    several: int = 0
    despite_tape: int = 0
    legible: int = 0
    wide: int = 0
    wide_exact: int = 0

    def add(self, one: BenchScene, reading: LabelReading, ms: float, there: str | None = None) -> None:
        """Count a scene and its reading; `there` is what is read at the label's true corners, however unsure."""
        self.scenes += 1
        self.ms.append(ms)
        numbers = [each.number for each in [reading, *reading.others] if each.number]
        self.weak += reading.weak
        self.several += reading.labels > 1
        if not one.number:
            self.invented += any(number != one.taped for number in numbers)
            self.despite_tape += bool(numbers) and all(number == one.taped for number in numbers)
            return
        self.found += any(close(each.corners, one.corners) for each in [reading, *reading.others] if each.found)
        self.exact += reading.number == one.number
        self.wrong += any(number != one.number for number in numbers)
        self.legible += there == one.number
        if one.corners is not None and seen_width(one.corners) >= NIGHT.width[0]:
            self.wide += 1
            self.wide_exact += reading.number == one.number

    @property
    def missed(self) -> int:
        return self.scenes - self.exact - self.wrong


def seen_width(corners: np.ndarray) -> float:
    """Width of a board in its picture, in pixels: the mean of its upper and lower edge."""
    return float(np.linalg.norm(corners[[1, 2]] - corners[[0, 3]], axis=1).mean())


def close(corners: np.ndarray, truth: np.ndarray) -> bool:
    """Whether a board was found where it is: within 5 % of its width, or 4 pixels."""
    return float(np.abs(corners - truth).max()) <= max(4.0, 0.05 * float(np.linalg.norm(truth[1] - truth[0])))


def table(tallies: dict[tuple[str, str], Tally], weights: dict[str, tuple[float, float]]) -> None:
    print(
        f"\n{'level':<9}{'engine':<8}{'scenes':>7}{'found':>8}{'exact':>8}{'wrong':>7}{'missed':>8}{'invented':>10}"
        f"{'median ms':>11}{'p95 ms':>8}"
    )
    for (level, engine), tally in tallies.items():
        share = 100.0 / max(1, tally.scenes)
        label = level != "none"
        found, exact = (f"{tally.found * share:.1f}%", f"{tally.exact * share:.1f}%") if label else ("-", "-")
        wrong, missed = (str(tally.wrong), str(tally.missed)) if label else ("-", "-")
        print(
            f"{level:<9}{engine:<8}{tally.scenes:>7}{found:>8}{exact:>8}{wrong:>7}{missed:>8}"
            f"{'-' if label else tally.invented:>10}{np.median(tally.ms):>11.0f}{np.percentile(tally.ms, 95):>8.0f}"
        )
    for (level, engine), tally in tallies.items():
        if level == "extreme" and tally.scenes:
            print(
                f"{engine}: of the extreme scenes {100 * tally.legible / tally.scenes:.1f} % are read right at their "
                f"true corners, however unsure; of the {tally.wide} whose board is at least {NIGHT.width[0]:.0f} px "
                f"wide as it is seen, {100 * tally.wide_exact / max(1, tally.wide):.1f} % are exact"
            )
    for engine, (reading, rss) in weights.items():
        weak = sum(tally.weak for (_, name), tally in tallies.items() if name == engine)
        several = sum(tally.several for (_, name), tally in tallies.items() if name == engine)
        despite = sum(tally.despite_tape for (_, name), tally in tallies.items() if name == engine)
        print(
            f"{engine}: reading alone {reading:.2f} ms (median), the agent with it {rss:.0f} MB; {weak} frames with "
            f"a weak candidate only, {several} with several labels, {despite} numbers right in spite of tape"
        )


def judge(
    tallies: dict[tuple[str, str], Tally], weights: dict[str, tuple[float, float]], several: dict[str, Tally]
) -> int:
    """Print every limit beside what was measured; 1 where one is not kept."""
    rows: list[tuple[str, str, str, bool]] = []
    for engine, (reading, rss) in weights.items():
        mine = {level: tally for (level, name), tally in tallies.items() if name == engine and tally.scenes}
        for level, least in LEAST_EXACT.items():
            if level in mine:
                exact = 100.0 * mine[level].exact / mine[level].scenes
                rows.append((f"{engine}: exact, {level}", f"{exact:.1f} %", f"at least {least:g} %", exact >= least))
        if several.get(engine) and several[engine].scenes:
            tally = several[engine]
            exact = 100.0 * tally.exact / tally.scenes
            name = f"{engine}: exact, extreme, {FRAMES} frames"
            limit = f"at least {LEAST_FROM_FRAMES:g} % of {tally.scenes}"
            rows.append((name, f"{exact:.1f} %", limit, exact >= LEAST_FROM_FRAMES))
            rows.append((f"{engine}: wrong from {FRAMES} frames", str(tally.wrong), "0", tally.wrong == 0))
        with_label = [tally for level, tally in mine.items() if level != "none"]
        if with_label:
            wrong = sum(tally.wrong for tally in with_label)
            rows.append(
                (
                    f"{engine}: confident and wrong",
                    f"{wrong} of {sum(tally.scenes for tally in with_label)}",
                    "0",
                    wrong == 0,
                )
            )
        if "none" in mine:
            rows.append(
                (
                    f"{engine}: a number where none is",
                    f"{mine['none'].invented} of {mine['none'].scenes}",
                    "0",
                    mine["none"].invented == 0,
                )
            )
        times = [ms for tally in mine.values() for ms in tally.ms]
        median, late = float(np.median(times)), float(np.percentile(times, 95))
        rows.append(
            (
                f"{engine}: CPU per frame, median",
                f"{median:.0f} ms",
                f"at most {LIMIT_MEDIAN_MS:.0f} ms",
                median <= LIMIT_MEDIAN_MS,
            )
        )
        rows.append(
            (f"{engine}: CPU per frame, p95", f"{late:.0f} ms", f"at most {LIMIT_P95_MS:.0f} ms", late <= LIMIT_P95_MS)
        )
        if with_label:
            rows.append(
                (
                    f"{engine}: reading alone",
                    f"{reading:.2f} ms",
                    f"under {LIMIT_READING_MS:.0f} ms",
                    reading < LIMIT_READING_MS,
                )
            )
        if engine != "trocr":
            rows.append(
                (f"{engine}: the agent's memory", f"{rss:.0f} MB", f"under {LIMIT_RSS_MB:.0f} MB", rss < LIMIT_RSS_MB)
            )
    print(f"\n{'figure':<36}{'measured':>14}   limit")
    for name, measured, limit, kept in rows:
        print(f"{name:<36}{measured:>14}   {limit}{'' if kept else '   FALLS SHORT'}")
    return 0 if all(row[3] for row in rows) else 1
