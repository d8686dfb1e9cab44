"""Pages in Chromium: `python bench/pages.py [--seconds N] [--rate N] [--only-events]`.

Fills a hub with captures of real size and opens every page with an empty cache: weight without pictures, first paint,
time until it is usable. Then sends events to `/` and compares what the page counted with what was sent, and how busy
its renderer was. Prints tables with limits; the exit status is 1 when a figure falls short.
"""

from __future__ import annotations

import argparse
import base64
import json
import statistics
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import psutil
import requests
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from agent_lib.simulator.scene import Scene
from bench.gate import report
from tests.support.browser import chromium
from tests.support.helpers import HubProcess, capture_result
from tests.support.lpr import g4, raw_socket
from tests.support.ws import frame

PATHS = (
    "/",
    "/records",
    "/plates",
    "/apriltags",
    "/video",
    "/track",
    "/devices",
    "/first-steps",
    "/status",
    "/alarms",
    "/docs",
    "/login",
    "/account",
    "/accounts",
    "/audit",
    "/maintenance",
)
SIZES = {"1366x768": (1366, 768), "390x844": (390, 844)}
LIMIT_WEIGHT_KB, LIMIT_LIST_KB = 200, 600
LIMIT_PAINT_S, LIMIT_USABLE_S = 1.0, 2.0
LIMIT_CPU = 0.3
CAPTURES = 60
CAMERAS = 10  # that send
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]
# When the page had its live data, and how many events arrived over its WebSocket.
RECORD = """
window.usable = 0; window.counted = 0;
new MutationObserver(() => { if (!usable && document.querySelector("#link.good")) usable = performance.now(); })
    .observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ["class"] });
const Real = window.WebSocket;
window.WebSocket = class extends Real {
  constructor(address) {
    super(address);
    const event = /^{"event": ?"(capture|detection)"/;
    this.addEventListener("message", ({ data }) => { if (event.test(data)) counted += 1; });
  }
};
"""


@dataclass
class Visit:
    """One page, opened with an empty cache. Sizes in bytes as they came over the network, times in seconds."""

    weight: int = 0
    pictures: int = 0
    paint: float = 0.0
    usable: float = 0.0
    types: dict[str, str] = field(default_factory=dict)


def capture(number: int, pictures: dict[str, str], **more: Any) -> dict[str, Any]:
    began = time.time()
    moments = {"started_ts": began, "finished_ts": began + 1, "timestamp": "", "tag_timestamp_iso": ""}
    tag = f"E20034120{number:07}"
    return capture_result(tag, event_id=f"bench {number}", number=f"{number:05}", **{**moments, **pictures, **more})


def fill(hub: HubProcess) -> None:
    """Store captures with pictures as the cameras of a station make them."""
    pictures = {}
    for kind in ("primary", "secondary"):
        done, data = cv2.imencode(".jpg", Scene(1, 0, "12345", kind).frame(1.0), [cv2.IMWRITE_JPEG_QUALITY, 88])
        assert done
        pictures[f"{kind}_image"] = base64.b64encode(data.tobytes()).decode()
    with requests.Session() as session:
        for number in range(CAPTURES):
            answer = session.post(
                f"{hub.url}/api/captures", json=capture(number, pictures, station="north"), timeout=30
            )
            assert answer.status_code == 201, answer.text


def opened(browser: Browser, size: tuple[int, int]) -> tuple[BrowserContext, Page]:
    context = browser.new_context(viewport={"width": size[0], "height": size[1]})
    context.add_init_script(RECORD)
    return context, context.new_page()


def visit(browser: Browser, address: str, size: tuple[int, int]) -> Visit | None:
    """Open a page with an empty cache and look at it to its end; None where the hub has no such page."""
    context, page = opened(browser, size)
    seen = Visit()
    network = context.new_cdp_session(page)
    network.send("Network.enable")

    def finished(event: dict[str, Any]) -> None:
        size = int(event["encodedDataLength"])
        if seen.types.get(event["requestId"]) == "Image":
            seen.pictures += size
        else:
            seen.weight += size

    network.on("Network.responseReceived", lambda event: seen.types.update({event["requestId"]: event["type"]}))
    network.on("Network.loadingFinished", finished)
    try:
        response = page.goto(address)
        if response is None or response.status == 404:
            return None
        if page.locator("#link").count():
            page.locator("#link.good").wait_for()
        page.wait_for_timeout(500)
        seen.paint = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0") / 1000
        seen.usable = (
            page.evaluate("usable || performance.timing.loadEventEnd - performance.timing.navigationStart") / 1000
        )
        for _ in range(12):  # pictures of a list come when they are near
            page.mouse.wheel(0, 1500)
            page.wait_for_timeout(60)
        page.wait_for_timeout(500)
    finally:
        context.close()
    return seen


def renderers() -> float:
    """Seconds that the renderers of the browser have used of a core."""
    total = 0.0
    for process in psutil.Process().children(recursive=True):
        try:
            if "--type=renderer" in process.cmdline():
                times = process.cpu_times()
                total += times.user + times.system
        except psutil.NoSuchProcess:
            continue
    return total


def send(hub: HubProcess, rate: float, seconds: float) -> tuple[int, threading.Thread]:
    """Begin to send so many detections without pictures; how many, and the thread that ends with them.

    They come from several cameras, each of which is answered in its order, after its commit. The frames are made before
    the first is sent, since sender, hub and browser may share two cores.
    """
    total, began = int(rate * seconds), time.time()
    frames = []
    for number in range(total):
        at = began + number / rate
        moment = f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(at))}.{int(at % 1 * 1e6):06}Z"
        plate = json.dumps([{"text": f"BCD {number}", "confidence": 0.9, "plate_idx": 0}])
        name = str(number % CAMERAS)
        sender = {"aicamera_id": name, "checkpoint_id": name, "event_id": f"bench {number}"}
        body = json.dumps(g4(ocr_results=plate, timestamp=moment, created_at="", **sender))
        frames.append(frame(1, body.encode()))

    def all_of_them() -> None:
        sockets = [raw_socket(hub) for _ in range(CAMERAS)]
        replies = [
            threading.Thread(target=lambda socket=socket, own=own: [socket.recv() for _ in own])
            for socket, own in zip(sockets, [frames[place::CAMERAS] for place in range(CAMERAS)], strict=True)
        ]
        for thread in replies:
            thread.start()
        start = time.monotonic()
        for number, each in enumerate(frames):
            time.sleep(max(0.0, start + number / rate - time.monotonic()))
            sockets[number % CAMERAS].sock.sendall(each)
        for thread in replies:
            thread.join()
        for socket in sockets:
            socket.close()

    thread = threading.Thread(target=all_of_them)
    thread.start()
    return total, thread


def under_load(browser: Browser, hub: HubProcess, rate: float, seconds: float) -> list[tuple[str, str, str, bool]]:
    """`/` while events arrive."""
    context, page = opened(browser, SIZES["1366x768"])
    try:
        page.goto(hub.url + "/")
        page.locator("#link.good").wait_for()
        page.wait_for_timeout(3000)
        page.evaluate("counted = 0")
        total, sending = send(hub, rate, seconds)
        before, began = renderers(), time.monotonic()
        while sending.is_alive():
            page.wait_for_timeout(200)
        took = time.monotonic() - began
        share = (renderers() - before) / took
        page.wait_for_timeout(3000)
        counted = page.evaluate("counted")
        shown = page.locator("#day .sums b").all_inner_texts()
        live = page.locator("#link.good").count() == 1
    finally:
        context.close()
    rows = [
        (
            f"/ with {total / took:.0f} events/s: renderer",
            f"{share:.0%} of a core",
            f"under {LIMIT_CPU:.0%}",
            share < LIMIT_CPU,
        ),
        ("/ events that reached the page", f"{counted} of {total}", "all", counted == total),
        ("/ still live at the end", str(live), "True", live),
    ]
    if shown:
        expected = CAPTURES
        number = int("".join(sign for sign in shown[0] if sign.isdigit()))
        rows.append(("/ captures of today, as it shows them", str(number), str(expected), number == expected))
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=20.0, help="how long events are sent to /")
    parser.add_argument("--rate", type=float, default=200.0, help="events a second")
    parser.add_argument("--only-events", action="store_true", help="only / while events arrive")
    options = parser.parse_args()
    rows: list[tuple[str, str, str, bool]] = []
    with (
        tempfile.TemporaryDirectory() as folder,
        HubProcess(Path(folder) / "instance") as hub,
        sync_playwright() as driver,
    ):
        fill(hub)
        browser = driver.chromium.launch(executable_path=chromium(), args=FLAGS)
        visit(browser, hub.url + "/", SIZES["1366x768"])  # the first page of a browser waits for its processes
        print(f"{'page':<16} {'size':<9} {'weight':>8} {'pictures':>9} {'paint':>7} {'usable':>7}")
        for path in () if options.only_events else PATHS:
            for name, size in SIZES.items():
                visits = [visit(browser, hub.url + path, size) for _ in range(3 if path == "/" else 1)]
                if visits[0] is None:
                    print(f"{path:<16} not there yet")
                    break
                weight, pictures = visits[0].weight / 1000, visits[0].pictures / 1000
                paint = statistics.median(one.paint for one in visits if one)
                usable = statistics.median(one.usable for one in visits if one)
                print(f"{path:<16} {name:<9} {weight:>5.0f} KB {pictures:>6.0f} KB {paint:>5.2f} s {usable:>5.2f} s")
                where = f"{path} at {name}: "
                rows += [
                    (f"{where}weight", f"{weight:.0f} KB", f"{LIMIT_WEIGHT_KB} KB", weight <= LIMIT_WEIGHT_KB),
                    (f"{where}first paint", f"{paint:.2f} s", f"{LIMIT_PAINT_S:g} s", paint <= LIMIT_PAINT_S),
                    (f"{where}usable", f"{usable:.2f} s", f"{LIMIT_USABLE_S:g} s", usable <= LIMIT_USABLE_S),
                ]
                if path == "/records":
                    whole = weight + pictures
                    rows.append((f"{where}50 rows", f"{whole:.0f} KB", f"{LIMIT_LIST_KB} KB", whole <= LIMIT_LIST_KB))
        rows += under_load(browser, hub, options.rate, options.seconds)
        browser.close()
    return report(rows)


if __name__ == "__main__":
    sys.exit(main())
