"""What a wall of cameras costs a browser and the hub: `python bench/video_wall.py [--cameras 16] [--fps 10]`.

Cameras send pictures of a moving scene to a separate hub; headless Chromium shows them on /video, first scaled down by
the hub, then as the cameras send them. The share of the page's main thread is the processor time of its tasks
(DevTools, TaskDuration in ticks of the thread) over wall time; pictures a second are those that were drawn, by tile.
The browser has no graphics card here: drawing and decoding are done by the processor, which the cameras, the hub and
the browser share.
"""

from __future__ import annotations

import argparse
import io
import multiprocessing
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil
import requests
from PIL import Image, ImageDraw, ImageFilter

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.support.browser import Page, browser, chromium
from tests.support.helpers import HubProcess, wait_for

LIMIT_MAIN_THREAD = 50.0  # percent
LIMIT_FPS = 0.9  # of what the cameras send
SCENES = 10
COUNT = """(() => { window.drawn = {};
    const original = CanvasRenderingContext2D.prototype.drawImage;
    CanvasRenderingContext2D.prototype.drawImage = function (...args) {
        const camera = this.canvas.closest('[data-camera]')?.dataset.camera;
        if (camera) window.drawn[camera] = (window.drawn[camera] ?? 0) + 1;
        return original.apply(this, args);
    }; })()"""
FULL = """(() => { const Real = WebSocket;
    window.WebSocket = class extends Real { constructor(address) { super(address.replace(/&width=[0-9]+/, '')); } };
    })()"""


def scenes(width: int, height: int) -> list[bytes]:
    """JPEGs of a street with noise, about as large as a camera's."""
    made = []
    ground = Image.effect_noise((width // 4, height // 4), 60).resize((width, height)).convert("RGB")
    ground = Image.blend(ground, Image.new("RGB", (width, height), (90, 110, 120)), 0.6)
    for number in range(SCENES):
        image = ground.copy()
        draw = ImageDraw.Draw(image)
        x = number * width // SCENES
        draw.rectangle((x, height // 2, x + width // 5, height * 3 // 4), fill=(200, 140, 40))
        data = io.BytesIO()
        image.filter(ImageFilter.SHARPEN).save(data, "JPEG", quality=75)
        made.append(data.getvalue())
    return made


def send(url: str, cameras: list[str], fps: float, pictures: list[bytes], stop: Any, sent: Any) -> None:
    """Each of these cameras sends `fps` pictures a second until `stop`."""
    due, number = time.monotonic(), 0
    with requests.Session() as session:
        while not stop.is_set():
            for camera in cameras:
                session.post(f"{url}/api/cameras/{camera}/frame", data=pictures[number % len(pictures)], timeout=10)
                sent.value += 1
            number += 1
            due = max(due + 1 / fps, time.monotonic() - 1)
            time.sleep(max(0.0, due - time.monotonic()))


def task_seconds(page: Page) -> float:
    """Processor time of the page's main thread since the page was opened, in seconds."""
    return next(row["value"] for row in page.call("Performance.getMetrics")["metrics"] if row["name"] == "TaskDuration")


def measure(page: Page, hub: HubProcess, cameras: int, seconds: float, sent: Any) -> dict[str, float]:
    """Open the wall, wait for its pictures, and count for `seconds`."""
    page.open(f"{hub.url}/video?layout=16")
    wait_for(lambda: len(page.value("window.drawn") or {}) >= min(16, cameras), 30, "every tile's first picture")
    time.sleep(2)
    process = psutil.Process(hub.process.pid)
    page.value("window.drawn = {}")
    began, busy, used, scaled, posted = (
        time.monotonic(),
        task_seconds(page),
        sum(process.cpu_times()[:2]),
        hub.get("/status")["video"]["scaled"],
        sent.value,
    )
    time.sleep(seconds)
    drawn = page.value("window.drawn")
    took = time.monotonic() - began
    after = hub.get("/status")
    rates = [count / took for count in drawn.values()]
    return {
        "main": 100 * (task_seconds(page) - busy) / took,
        "mean": sum(rates) / len(rates),
        "least": min(rates),
        "sent": (sent.value - posted) / took / cameras,
        "hub": 100 * (sum(process.cpu_times()[:2]) - used) / took,
        "made": (after["video"]["scaled"]["made"] - scaled["made"]) / took,
        "busy": (after["video"]["scaled"]["busy"] - scaled["busy"]) / took,
        "loop": after["event_loop"]["longest_ms"],
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cameras", type=int, default=16)
    parser.add_argument("--fps", type=float, default=10.0)
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--size", default="1280x720", help="pixels of the cameras' pictures")
    options = parser.parse_args()
    if chromium() is None:
        print("Chromium is not installed (apt-get install chromium).")
        return 1
    width, height = map(int, options.size.split("x"))
    pictures = scenes(width, height)
    size = f"{width} x {height}, {len(pictures[0]) // 1000} KB each"
    print(f"{options.cameras} cameras, {options.fps:g} pictures/s of {size}")
    heads = ("pictures", "sent/s", "shown/s", "least/s", "main thread", "hub's core", "scaled/s", "in full", "loop ms")
    print("".join(f"{head:>13}" for head in heads))
    names = [f"cam {number}" for number in range(options.cameras)]
    failed = False
    for kind, script in (("scaled", COUNT), ("in full", f"{FULL}; {COUNT}")):
        with tempfile.TemporaryDirectory() as folder, HubProcess(Path(folder) / "instance") as hub:
            stop, sent = multiprocessing.Event(), multiprocessing.Value("q", 0)
            camera = multiprocessing.Process(target=send, args=(hub.url, names, options.fps, pictures, stop, sent))
            camera.start()
            try:
                with browser(Path(folder)) as page:
                    page.size(1366, 768)
                    page.call("Performance.enable", timeDomain="threadTicks")
                    page.call("Page.addScriptToEvaluateOnNewDocument", source=script)
                    found = measure(page, hub, options.cameras, options.seconds, sent)
            finally:
                stop.set()
                camera.join()
        row = [f"{found['sent']:.1f}", f"{found['mean']:.1f}", f"{found['least']:.1f}", f"{found['main']:.0f} %"]
        row += [f"{found['hub']:.0f} %", f"{found['made']:.0f}", f"{found['busy']:.0f}", f"{found['loop']:.0f}"]
        print("".join(f"{cell:>13}" for cell in (kind, *row)), flush=True)
        if kind == "scaled":
            failed = found["main"] > LIMIT_MAIN_THREAD or found["least"] < LIMIT_FPS * options.fps
    print(f"limits of the first row: main thread {LIMIT_MAIN_THREAD:g} %, least {LIMIT_FPS * options.fps:g}/s")
    print("falls short" if failed else "within its limits")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
