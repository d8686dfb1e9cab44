"""A visitor of the pages: one tab of Chromium that notices whatever goes wrong on them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tests.support.helpers import HubProcess, wait_for

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Page, Request, Response

SIZES = {"desk": (1366, 768), "phone": (390, 844)}
"""The screens that the pages are made for, by name: width and height in pixels."""
SCHEMES = ("light", "dark")
SHOTS = Path(__file__).parent / "shots"
AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
"""Installed by `.ci/run`; CONTRIBUTING.md has the line for everybody else."""

NETWORK_CHANGED = "net::ERR_NETWORK_CHANGED"
"""What Chromium says of a request while another test makes a network of its own: it is no fault of a page."""

_STRANGE = """() => {
    const out = [];
    const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
    if (wide > 0) out.push(`scrolls sideways by ${wide} pixels`);
    if (document.querySelectorAll("h1").length !== 1) out.push(`${document.querySelectorAll("h1").length} h1`);
    if (!document.title.trim()) out.push("no title");
    const ids = [...document.querySelectorAll("[id]")].map((node) => node.id);
    const twice = new Set(ids.filter((one, place) => ids.indexOf(one) !== place));
    if (twice.size) out.push(`several elements with one id: ${[...twice].join(", ")}`);
    if (!["ltr", "rtl"].includes(document.documentElement.dir)) out.push("no direction");
    return out;
}"""
_AXE_RUN = """() => axe.run(document, {
    resultTypes: ["violations"], iframes: false, rules: { "target-size": { enabled: true } },
}).then((result) => result.violations.map((one) => [one.id, one.help,
    one.nodes.map((node) => node.html.slice(0, 200))]))
"""


class Visitor:
    """One tab. `complaints`: console errors, exceptions, failed requests and requests to other hosts, as sentences."""

    def __init__(self, browser: Browser, hub: HubProcess, **context: Any) -> None:
        self._hub = hub
        width, height = SIZES["desk"]
        self._context = browser.new_context(
            **{
                "viewport": {"width": width, "height": height},
                "reduced_motion": "reduce",
                "locale": "en-GB",
                "timezone_id": "UTC",
                **context,
            }
        )
        self._context.set_default_timeout(30_000)
        self._hosts = {f"127.0.0.1:{port}" for port in (hub.port, *hub.side.values())}
        self.complaints: list[str] = []
        self.tab: Page = self._context.new_page()
        self.tab.on("console", self._on_console)
        self.tab.on("pageerror", lambda error: self.complaints.append(f"exception: {error}"))
        self.tab.on("request", lambda request: self._on_address(request.url))
        self.tab.on("websocket", lambda socket: self._on_address(socket.url))
        self.tab.on("requestfailed", self._on_failed)
        self.tab.on("response", self._on_response)

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and NETWORK_CHANGED not in message.text:
            self.complaints.append(f"console {message.type}: {message.text}")

    def _on_address(self, address: str) -> None:
        parts = urlsplit(address)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.netloc not in self._hosts:
            self.complaints.append(f"request to another host: {address}")

    def _on_failed(self, request: Request) -> None:
        # A page that is left gives up what it was loading, such as streams.
        if request.failure not in ("net::ERR_ABORTED", NETWORK_CHANGED):
            self.complaints.append(f"failed: {request.url}: {request.failure}")

    def _on_response(self, response: Response) -> None:
        if response.status >= 400:
            self.complaints.append(f"HTTP {response.status}: {response.url}")

    def size(self, name: str) -> None:
        """Use a screen of SIZES."""
        width, height = SIZES[name]
        self.tab.set_viewport_size({"width": width, "height": height})

    def scheme(self, name: str) -> None:
        """Prefer "light" or "dark" colours."""
        self.tab.emulate_media(color_scheme=name)  # type: ignore[arg-type]

    def open(self, path: str, live: bool = True) -> None:
        """Open a page of the hub, with status 200 and without a redirect; `live`: wait until it has its data."""
        response = self.tab.goto(self._hub.url + path)
        assert response is not None and response.status == 200, f"{path}: {response and response.status}"
        assert response.request.redirected_from is None, f"{path} leads to {self.tab.url}"
        self.tab.wait_for_load_state("networkidle" if not live else "load")
        if live and self.tab.locator("#link").count():
            self.live()

    def live(self) -> None:
        """Wait until the page has its connection to the hub; "live" stands there in the reader's language."""
        self.tab.locator("#link.good").wait_for()

    def check(self) -> None:
        """Fail for whatever went wrong since the last check, and for a page that is not as every page has to be."""
        found = self.tab.evaluate(_STRANGE)
        complaints, self.complaints[:] = [*self.complaints, *found], []
        assert complaints == [], f"{self.tab.url}: {json.dumps(complaints, indent=1, ensure_ascii=False)}"

    def axe(self) -> None:
        """Fail for violations that axe-core finds; without axe-core nothing is looked at."""
        if not AXE.exists():
            return
        if not self.tab.evaluate("() => 'axe' in window"):
            self.tab.evaluate(AXE.read_text("utf-8"))
        violations = self.tab.evaluate(_AXE_RUN)
        assert violations == [], f"{self.tab.url}: {json.dumps(violations, indent=1, ensure_ascii=False)}"

    def shot(self, name: str) -> None:
        """Keep a screenshot of what is seen, as SHOTS/NAME.png."""
        SHOTS.mkdir(exist_ok=True)
        self.tab.screenshot(path=SHOTS / f"{name}.png")

    def texts(self, selector: str) -> list[str]:
        """The texts of all elements, as they are shown."""
        return self.tab.locator(selector).all_inner_texts()

    def wait(self, condition: Any, seconds: float = 30, what: str = "what was waited for") -> Any:
        """Wait until condition() is true, with the browser's events handled meanwhile."""

        def look() -> Any:
            value = condition()
            if not value:
                self.tab.wait_for_timeout(30)
            return value

        return wait_for(look, seconds, what)

    def close(self) -> None:
        """Close the tab."""
        self._context.close()


@contextmanager
def visiting(browser: Browser, hub: HubProcess, **context: Any) -> Iterator[Visitor]:
    """A visitor with a context of its own, whose last page is checked at the end."""
    visitor = Visitor(browser, hub, **context)
    try:
        yield visitor
        visitor.check()
    finally:
        visitor.close()
