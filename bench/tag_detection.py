"""Tags that the hub sees in pictures: `python bench/tag_detection.py [--seed N] [--views N] [--only PART]`.

First the detector alone on pictures with known poses (half of them near, half far). Then small, blurred and dark tags
and pictures without a tag, with the AprilTag project's library beside it (bench/tag_far.py); `--photos FOLDER` adds the
photographs of that project (test/data of its repository). Then end to end: cameras post JPEGs
of 640x480 to a separate hub, the vision process detects tags, a game receives them. In between the vision process is
killed once. Every figure stands beside its limit; the exit status is 1 when one falls short. Load, hub and vision
process share the machine, so run nothing else meanwhile.
"""

from __future__ import annotations

import argparse
import http.client
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import psutil

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import tag_far
from apriltag import Row, show
from threads import Threads

from hub.vision.apriltag.detector import AprilTagDetector
from hub.vision.apriltag.pose import fields
from tests.support.helpers import HubProcess, wait_for
from tests.support.tag_pictures import View, turned
from tests.support.tags import GameClient, tag_hub

SIZE = 10.0
RANGES = {"30 to 100 cm": (30.0, 100.0), "100 to 250 cm": (100.0, 250.0)}
LIMITS = {"30 to 100 cm": (97.0, 0.3, 1.0, 0.3), "100 to 250 cm": (95.0, 0.5, 3.0, 1.0)}
"""Found %, angle median and p95 in degrees, distance p95 in %.

For a tag of 10 cm, 640x480 pixels, focal length 600 pixels, blur 0.7, noise 3.
"""
PARTS = ("poses", "far", "hub")
CAMERAS, FPS, SECONDS = 4, 30.0, 8.0


def view(random: np.random.Generator, near: float, far: float, seed: int) -> View:
    distance = random.uniform(near, far)
    turn = turned(random.uniform(-180, 180), random.uniform(-50, 50), random.uniform(-50, 50))
    shift = np.array([random.uniform(-0.25, 0.25) * distance, random.uniform(-0.18, 0.18) * distance, distance])
    return View([(int(random.integers(0, 587)), SIZE, turn, shift)], seed=seed)


def alone(seed: int, count: int) -> Iterator[Row]:
    """The detector on `count` pictures of each range."""
    random = np.random.default_rng(seed)
    searched: list[float] = []
    times = []
    for name, (near, far) in RANGES.items():
        angles, distances, found = [], [], 0
        for number in range(count):
            one = view(random, near, far, seed * 1000 + number)
            picture, detector = one.grey(), AprilTagDetector(tag_size_cm=SIZE, **one.lens)
            began = time.process_time()
            tags = detector.tags(picture)
            searched.append((time.process_time() - began) * 1000)
            began = time.process_time()
            detector.tags(picture)
            times.append((time.process_time() - began) * 1000)
            tag_id, _, turn, shift = one.tags[0]
            if [tag["tag_id"] for tag in tags] == [tag_id]:
                found += 1
                seen = turned(tags[0]["yaw"], tags[0]["pitch"], tags[0]["roll"])
                angles.append(float(np.degrees(np.arccos(np.clip((np.trace(seen.T @ turn) - 1) / 2, -1, 1)))))
                distances.append(
                    100 * abs(tags[0]["range_cm"] - fields(turn, shift)["range_cm"]) / float(np.linalg.norm(shift))
                )
        least, median, late, far_off = LIMITS[name]
        yield Row(f"{name}: tags found with the right id", 100 * found / count, "%", least, False)
        yield Row(f"{name}: error of the turn, median", statistics.median(angles), "deg", median, True)
        yield Row(f"{name}: error of the turn, p95", float(np.percentile(angles, 95)), "deg", late, True)
        yield Row(f"{name}: error of the range, p95", float(np.percentile(distances, 95)), "%", far_off, True)
    yield Row("CPU time of a picture of 640x480, median", statistics.median(times), "ms", 15.0, True)
    yield Row("CPU time of one that is searched for small tags, median", statistics.median(searched), "ms", 60.0, True)
    large = np.kron(View([]).grey(), np.ones((2, 3), np.uint8))[:1080]
    began = time.process_time()
    for _ in range(5):
        AprilTagDetector().tags(large)
    yield Row("CPU time of a picture of 1920x960 without a tag", (time.process_time() - began) * 200, "ms", 120.0, True)


def toml(per_second: float, lens: dict[str, float]) -> str:
    keys = "\n".join(f"{key} = {value}" for key, value in {"tag_size_cm": SIZE, **lens}.items())
    return "".join(
        f'[[apriltag.detection]]\ncamera = "cam-{number}"\nper_second = {per_second}\n{keys}\n\n'
        for number in range(CAMERAS)
    )


class Cameras(Threads):
    """Posts JPEGs of every camera at `fps` while the context is open."""

    def __init__(self, port: int, pictures: list[bytes], fps: float, cameras: int) -> None:
        super().__init__([partial(self._post, port, f"cam-{number}", pictures, fps) for number in range(cameras)])
        self.failed = 0

    def _post(self, port: int, camera: str, pictures: list[bytes], fps: float) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        due, number = time.monotonic(), 0
        while not self.stopping.wait(max(0.0, due - time.monotonic())):
            connection.request("POST", f"/api/cameras/{camera}/frame", pictures[number % len(pictures)])
            answer = connection.getresponse()
            answer.read()
            self.failed += answer.status != 200
            due, number = max(due + 1 / fps, time.monotonic() - 1), number + 1
        connection.close()


def detection(hub: HubProcess) -> dict:
    return hub.get("/status")["tag_detection"]


def processed(hub: HubProcess) -> int:
    """Pictures that the vision process has processed."""
    return sum(row["looked"] for row in detection(hub)["cameras"])


def rate(hub: HubProcess, pictures: list[bytes], fps: float, cameras: int) -> tuple[float, float]:
    """Pictures processed a second while cameras post, and the vision process's share of a core."""
    with Cameras(hub.port, pictures, fps, cameras) as posting:
        time.sleep(1.0)
        process = psutil.Process(detection(hub)["vision"]["pid"])
        before, cpu, began = processed(hub), sum(process.cpu_times()[:2]), time.monotonic()
        time.sleep(SECONDS)
        took = time.monotonic() - began
        result = (processed(hub) - before) / took, (sum(process.cpu_times()[:2]) - cpu) / took
    assert posting.failed == 0, f"{posting.failed} pictures were refused"
    return result


def stalls(hub: HubProcess) -> int:
    return hub.get("/status")["event_loop"]["stalls"]


def comes_back(hub: HubProcess, pictures: list[bytes]) -> Iterator[Row]:
    """Kill the vision process while pictures arrive, and measure until the next detection."""
    before = stalls(hub)
    with Cameras(hub.port, pictures, FPS, CAMERAS):
        time.sleep(0.5)
        began = time.monotonic()
        psutil.Process(detection(hub)["vision"]["pid"]).kill()
        wait_for(lambda: detection(hub)["vision"]["restarts"], what="the end's being noticed")
        already = processed(hub)
        wait_for(lambda: processed(hub) > already, 30, "a look after it")
        took = time.monotonic() - began
    yield Row("vision process killed: seconds until the next look", took, "s", 5.0, True)
    yield Row("vision process killed: times the hub's loop was held over 50 ms", stalls(hub) - before, "", 0, True)


def latency(hub: HubProcess, picture: bytes, count: int) -> list[float]:
    """Milliseconds from the start of a picture's POST until a game has received its tag."""
    times = []
    with GameClient(hub) as game:
        connection = http.client.HTTPConnection("127.0.0.1", hub.port, timeout=10)
        for _ in range(count):
            time.sleep(0.15)
            began = time.perf_counter()
            connection.request("POST", "/api/cameras/cam-0/frame", picture)
            while game.hear().get("source") != "hub":
                pass
            times.append((time.perf_counter() - began) * 1000)
            connection.getresponse().read()
        connection.close()
    return times[1:]


def through_the_hub(seed: int) -> Iterator[Row]:
    random = np.random.default_rng(seed)
    views = [view(random, 30, 100, seed + number) for number in range(8)]
    pictures = [one.jpeg(90) for one in views]
    for per_second, cameras in ((10.0, CAMERAS), (60.0, 1)):
        with tempfile.TemporaryDirectory() as folder:
            hub = tag_hub(Path(folder))
            hub.instance.mkdir()
            (hub.instance / "hub.toml").write_text(toml(per_second, views[0].lens), "utf-8")
            with hub:
                wait_for(lambda hub=hub: detection(hub)["vision"]["state"] == "ready", 30, "the vision process")
                if cameras > 1:
                    yield Row(
                        "a picture's POST to the game's hearing of its tag, median",
                        statistics.median(latency(hub, pictures[0], 30)),
                        "ms",
                        50.0,
                        True,
                    )
                before = stalls(hub)
                pictures_a_second, cores = rate(hub, pictures, FPS if cameras > 1 else 60.0, cameras)
                held = stalls(hub) - before
                about = (
                    f"{cameras} cameras at {FPS:g} fps, 10 looks a second each"
                    if cameras > 1
                    else "1 camera, as fast as it can"
                )
                yield Row(f"{about}: looks", pictures_a_second, "1/s", 38.0 if cameras > 1 else 30.0, False)
                yield Row(f"{about}: share of a core", cores, "core", 0.8 if cameras > 1 else 1.0, True)
                yield Row(f"{about}: hub's loop held over 50 ms", held, "times", 0, True)
                if cameras > 1:
                    yield from comes_back(hub, pictures)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--views", type=int, default=100, help="pictures of each range (default 100)")
    parser.add_argument("--only", choices=PARTS, help="one part of the figures")
    parser.add_argument("--seeds", type=int, default=3, help="seeds of the table of small tags (default 3)")
    parser.add_argument("--pictures", type=int, default=2, help="pictures of a cell and seed (default 2)")
    parser.add_argument("--without", type=int, default=1000, help="pictures without a tag (default 1000)")
    parser.add_argument("--photos", type=Path, help="folder with the AprilTag project's test photographs")
    options = parser.parse_args()
    print(f"seed {options.seed}, {options.views} views of each range")
    short = 0
    parts = {
        "poses": lambda: alone(options.seed, options.views),
        "far": lambda: tag_far.far(options.seed, options.seeds, options.pictures, options.without, options.photos),
        "hub": lambda: through_the_hub(options.seed),
    }
    for name in [options.only] if options.only else PARTS:
        for row in parts[name]():
            show(row)
            short += not row.good
    print(f"{short} figures fall short" if short else "every figure keeps its limit")
    return 1 if short else 0


if __name__ == "__main__":
    sys.exit(main())
