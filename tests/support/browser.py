"""A headless Chromium, driven over its DevTools WebSocket."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest
import requests
import websocket

from tests.support.helpers import wait_for

QUIET = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--remote-debugging-port=0",
    "--remote-allow-origins=*",
)


def chromium() -> str | None:
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def fake_webcam(path: Path, frames: list[bytes]) -> tuple[str, ...]:
    """The flags of a browser whose webcam plays these JPEGs, 30 a second, again and again. `path` ends in .mjpeg."""
    path.write_bytes(b"".join(frames))
    return (
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={path}",
    )


T = TypeVar("T")
MARKS = [
    pytest.mark.browser,
    pytest.mark.skipif(
        chromium() is None, reason="The page is tried in Chromium, which is not installed (apt-get install chromium)."
    ),
]


def needs_browser(test: T) -> T:
    """Mark a test as one that drives Chromium; it is skipped where Chromium is not installed."""
    for mark in MARKS:
        test = mark(test)
    return test


class Page:
    """One page: `value(script)` evaluates JavaScript, `screenshot(path)` saves what a person would see."""

    def __init__(self, address: str) -> None:
        self._socket = websocket.create_connection(address, timeout=20)
        self._number = 0
        self.complaints: list[str] = []
        self.call("Runtime.enable")
        self.call("Page.enable")

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        self._number += 1
        self._socket.send(json.dumps({"id": self._number, "method": method, "params": params}))
        while True:
            message = json.loads(self._socket.recv())
            if message.get("method") == "Runtime.exceptionThrown":
                self.complaints.append(json.dumps(message["params"]["exceptionDetails"])[:500])
            if message.get("id") == self._number:
                return message.get("result", message)

    def value(self, script: str) -> Any:
        """What a script gives; None where the page is left while it runs, as by a redirection."""
        answer = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "error" in answer and "contex" not in str(answer) and "navigated" not in str(answer):
            raise AssertionError(f"{script} cannot be run: {answer}")
        return answer.get("result", {}).get("value")

    def open(self, address: str) -> None:
        self.call("Page.navigate", url=address)
        wait_for(lambda: self.value("document.readyState") == "complete", what="the page")

    def size(self, width: int, height: int) -> None:
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def choose_files(self, selector: str, paths: list[Path]) -> None:
        """Choose files in a file input, as a person does in its dialog."""
        root = self.call("DOM.getDocument")["root"]["nodeId"]
        node = self.call("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.call("DOM.setFileInputFiles", nodeId=node, files=[str(path) for path in paths])

    def press(self, key: str, code: int, text: str = "") -> None:
        """Press and release a key; `code` is its Windows key code."""
        for kind in ("keyDown", "keyUp"):
            sent = text if kind == "keyDown" else ""
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, text=sent)

    def screenshot(self, path: Path) -> None:
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot")["data"]))

    def close(self) -> None:
        self._socket.close()


@contextmanager
def browser(folder: Path, *flags: str) -> Iterator[Page]:
    """A fresh browser with one page; `folder` holds its profile, `flags` are added to its command line."""
    with (folder / "browser.txt").open("wb") as output:
        process = subprocess.Popen(
            [chromium() or "chromium", *QUIET, *flags, f"--user-data-dir={folder / 'profile'}", "about:blank"],
            stdout=output,
            stderr=output,
        )
    try:
        marker = folder / "profile" / "DevToolsActivePort"
        port = wait_for(lambda: marker.exists() and marker.read_text().split("\n")[0], 30, "the browser")
        pages = wait_for(
            lambda: [
                row for row in requests.get(f"http://127.0.0.1:{port}/json", timeout=5).json() if row["type"] == "page"
            ],
            what="a page",
        )
        page = Page(pages[0]["webSocketDebuggerUrl"])
        try:
            yield page
        finally:
            page.close()
    finally:
        process.terminate()
        process.wait(20)
