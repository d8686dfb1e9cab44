"""What an operator does with visits: a mismatch is confirmed, corrected or rejected; the second who decides is told."""

from __future__ import annotations

import base64
import itertools
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
import requests

from tests.browser.running_gate import RunningGate
from tests.browser.visitor import SCHEMES, SIZES, Visitor, visiting
from tests.support.browser import MARKS
from tests.support.helpers import jpeg, wait_for

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = MARKS
PICTURE = base64.b64encode(jpeg(640, 360)).decode()
_numbers = itertools.count(1)


class Trucks:
    """Registered trucks that come to a checkpoint of their own."""

    def __init__(self, gate: RunningGate) -> None:
        self._gate = gate
        self.place = f"weighbridge {next(_numbers)}"
        self.red, self.blue = (self._register(colour) for colour in ("Red", "Blue"))

    def _register(self, colour: str) -> dict[str, str]:
        one = next(_numbers)
        known = {"name": f"{colour} {one}", "tag": f"E28068{one:06}", "number": f"{70_000 + one}"}
        known["plate"] = f"{colour[0] * 2}{one:02}{'83' if colour == 'Red' else '47'}"
        body = {
            "name": known["name"],
            "owner": "Haulage",
            **{f"{key}s": [known[key]] for key in ("tag", "number", "plate")},
        }
        answer = requests.post(f"{self._gate.hub.url}/api/vehicles", json=body, timeout=10)
        assert answer.status_code in (200, 201), answer.text
        return known

    def come(self, tag: str, number: str, plate: str) -> dict[str, Any]:
        """A truck is captured and its plate is read; the visit, once both are joined."""
        self._gate.capture(
            f"truck {next(_numbers)}", 2, station=self.place, tag=tag, tags=[tag], number=number, raw_text=number
        )
        self._gate.plate(plate, checkpoint_id=self.place, aicamera_id=f"{self.place} camera", original_image=PICTURE)

        def joined() -> Any:
            visits = self._gate.hub.get("/api/visits", checkpoint=self.place)["visits"]
            return next((each for each in visits if each["plate"] == plate and each["tag"] == tag), None)

        return dict(wait_for(joined, what="the visit"))

    def mismatch(self) -> dict[str, Any]:
        """The tag and the number of the red truck with the plate of the blue one."""
        visit = self.come(self.red["tag"], self.red["number"], self.blue["plate"])
        assert (visit["state"], visit["waits"]) == ("mismatch", True), visit
        return visit

    def now(self, visit: dict[str, Any]) -> dict[str, Any]:
        return dict(self._gate.hub.get(f"/api/visits/{visit['id']}")["visit"])


@pytest.fixture
def trucks(gate: RunningGate) -> Iterator[Trucks]:
    if requests.get(f"{gate.hub.url}/api/vehicles", timeout=10).status_code == 404:
        pytest.skip("This hub has no register of vehicles.")
    yield Trucks(gate)


def pictures_of(visitor: Visitor, name: str) -> None:
    """Screenshots on a desk and on a phone, light and dark; axe-core finds nothing."""
    for size in SIZES:
        visitor.size(size)
        for scheme in SCHEMES:
            visitor.scheme(scheme)
            visitor.axe()
            visitor.shot(f"{name}-{size}-{scheme}")
            visitor.check()
    visitor.size("desk")


def test_a_mismatch_is_confirmed_with_keys(visitor: Visitor, trucks: Trucks) -> None:
    visit = trucks.mismatch()
    visitor.open("/visits")
    visitor.tab.locator("#waiting .visit-row", has_text=trucks.red["name"]).wait_for()
    visitor.tab.locator("#visits .visit-row", has_text=trucks.red["name"]).wait_for()
    pictures_of(visitor, "visits")
    visitor.tab.locator("#waiting a", has_text=trucks.red["name"]).click()
    visitor.live()
    visitor.tab.locator("#verdict.pending", has_text="Does not match").wait_for()
    assert trucks.blue["name"] in visitor.tab.locator("#verdict .first").inner_text()
    for field, word in (("tag", "agrees"), ("number", "agrees"), ("plate", "differs")):
        assert word in visitor.tab.locator(f"#compared [data-field={field}]").inner_text()
    pictures_of(visitor, "visit-mismatch")
    visitor.tab.keyboard.press("2")
    visitor.wait(lambda: visitor.tab.evaluate("document.activeElement.id") == "reject", what="the key of Reject")
    assert trucks.now(visit)["waits"]
    visitor.tab.locator("#decision [name=note]").fill("papers seen")
    visitor.tab.keyboard.press("Enter")
    visitor.tab.locator("#main").click(position={"x": 2, "y": 2})
    visitor.tab.keyboard.press("1")
    visitor.tab.keyboard.press("Enter")
    visitor.tab.locator("#verdict .decided", has_text="confirmed").wait_for()
    visitor.tab.locator("#verdict.good", has_text="May pass").wait_for()  # not what had to be decided
    visitor.tab.locator("#history", has_text="papers seen").wait_for()
    assert not visitor.tab.locator("#decide").is_visible()
    now = trucks.now(visit)
    assert (now["decision"], now["note"], now["waits"]) == ("confirm", "papers seen", False)
    visitor.open("/visits")
    visitor.tab.locator("#visits .visit-row", has_text=trucks.red["name"]).wait_for()
    assert trucks.red["name"] not in " ".join(visitor.texts("#waiting .visit-row"))


def test_a_mismatch_is_rejected_and_the_second_operator_is_told(
    browser: Browser, gate: RunningGate, visitor: Visitor, trucks: Trucks
) -> None:
    visit = trucks.mismatch()
    with visiting(browser, gate.hub) as other:
        for one in (visitor, other):
            one.open(f"/visits/{visit['id']}")
            one.tab.locator("#reject").wait_for()
        # The second page does not hear of the first decision, as where both press at once.
        other.tab.route(f"**/api/visits/{visit['id']}/decision", lambda route: (decide(visitor), route.continue_()))
        other.tab.locator("#confirm").click()
        other.tab.locator("#told.bad", has_text="has decided this already: reject").wait_for()
        other.tab.locator("#verdict .decided", has_text="rejected").wait_for()
        other.tab.locator("#verdict.bad", has_text="Sent away").wait_for()
        other.axe()
        other.shot("visit-told")
        other.wait(lambda: any("409" in text for text in other.complaints), what="the answer 409")
        other.complaints[:] = [text for text in other.complaints if "409" not in text]
    assert trucks.now(visit)["decision"] == "reject"


def decide(visitor: Visitor) -> None:
    """Reject, and wait until it is stored."""
    visitor.tab.locator("#reject").click()
    visitor.tab.locator("#told.good").wait_for()


def test_what_was_misread_is_corrected(visitor: Visitor, trucks: Trucks) -> None:
    visit = trucks.come(trucks.red["tag"], trucks.red["number"], "ZZ 9999")
    assert visit["state"] == "mismatch"
    visitor.open(f"/visits/{visit['id']}")
    visitor.tab.locator("#correct").click()
    reads = visitor.tab.locator("#correction [name=value]")
    visitor.wait(lambda: reads.input_value() == "ZZ 9999", what="what was read")
    reads.fill(trucks.red["plate"])
    visitor.shot("visit-correct")
    visitor.axe()
    reads.press("Enter")
    visitor.tab.locator("#verdict.good", has_text="In order").wait_for()
    visitor.tab.locator("#history", has_text="ZZ 9999").wait_for()
    assert trucks.now(visit)["plate"] == trucks.red["plate"]


def test_the_other_vehicle_is_chosen(visitor: Visitor, trucks: Trucks) -> None:
    visit = trucks.mismatch()
    visitor.open(f"/visits/{visit['id']}")
    visitor.tab.locator("#correct").click()
    visitor.tab.locator("#correction [name=what]").select_option(label=f"It is {trucks.blue['name']}")
    assert not visitor.tab.locator("#reads").is_visible()
    visitor.tab.locator("#correction").get_by_role("button").click()
    visitor.tab.locator("#verdict.good", has_text=trucks.blue["name"]).wait_for()
    assert trucks.now(visit)["vehicle"]["name"] == trucks.blue["name"]


def test_look_alikes_are_explained_and_pictures_enlarged(visitor: Visitor, trucks: Trucks) -> None:
    visit = trucks.come(trucks.red["tag"], trucks.red["number"], trucks.red["plate"].replace("8", "B"))
    assert visit["state"] == "ok"
    visitor.open(f"/visits/{visit['id']}")
    visitor.tab.locator("#compared [data-field=plate] .alike", has_text="B read, 8 registered").wait_for()
    visitor.tab.locator("#cards .enlarge").first.click()
    picture = visitor.tab.locator("#viewer[open] img")
    picture.wait_for()
    first = picture.get_attribute("src")
    visitor.tab.keyboard.press("ArrowRight")
    visitor.wait(lambda: picture.get_attribute("src") != first, what="the next picture")
    visitor.tab.keyboard.press("Escape")
    visitor.tab.locator("#viewer[open]").wait_for(state="detached")
    pictures_of(visitor, "visit-ok")


def test_a_time_in_a_reason_is_written_as_the_site_writes_it(gate: RunningGate, visitor: Visitor) -> None:
    tag = f"E28068{next(_numbers):06}"
    body = {"name": "Old", "tags": [tag], "valid_until": "2026-01-01"}
    requests.post(f"{gate.hub.url}/api/vehicles", json=body, timeout=10).raise_for_status()
    record = gate.capture(f"truck {next(_numbers)}", 2, station="old scale", tag=tag, tags=[tag])
    visit = wait_for(lambda: gate.hub.get("/api/visits/of", kind="capture", id=record["id"])["visit"], what="the visit")
    visitor.open(f"/visits/{visit['id']}")
    reason = visitor.tab.locator("#verdict", has_text="Old was registered until")
    reason.wait_for()
    assert "1 Jan 2026, 23:59:59" in reason.inner_text() and "T23" not in reason.inner_text()


def test_a_name_that_begins_a_sentence_does_not_turn_it_round(browser: Browser, gate: RunningGate) -> None:
    """Browsers take the direction of a text from its first letters, those of a name in it as well."""
    script = """async (sentence) => {
        const line = document.createElement("bdi");
        line.textContent = (await import("/static/words.js")).said(sentence);
        document.querySelector("main").append(line);
        return [getComputedStyle(line).direction, line.textContent.includes("was registered")];
    }"""
    with visiting(browser, gate.hub, locale="fa") as reader:
        reader.open("/visits")
        sentence = "Truck 7 was registered until 2026-01-01T23:59:59Z, and came after."
        assert reader.tab.evaluate(script, sentence) == ["rtl", False]


def test_a_visit_changes_while_it_is_open(gate: RunningGate, visitor: Visitor, trucks: Trucks) -> None:
    visit = trucks.come(trucks.red["tag"], trucks.red["number"], trucks.red["plate"])
    visitor.open(f"/visits/{visit['id']}")
    visitor.tab.locator("#verdict.good").wait_for()
    gate.plate(trucks.blue["plate"], checkpoint_id=trucks.place, aicamera_id=f"{trucks.place} second")
    visitor.tab.locator("#verdict.pending.waits").wait_for()
    visitor.tab.locator("#decide").wait_for()


def test_the_filters_stay_in_the_address(visitor: Visitor, trucks: Trucks) -> None:
    trucks.mismatch()
    visitor.open("/visits")
    visitor.tab.locator("#search [name=checkpoint]").fill(trucks.place)
    visitor.tab.locator("#search [name=state]").select_option("ok")
    visitor.tab.locator("#search").get_by_role("button", name="Find").click()
    visitor.tab.locator("#visits", has_text="Nothing found.").wait_for()
    assert not visitor.tab.locator("#waiting").is_visible()
    visitor.open("/visits?" + visitor.tab.url.partition("?")[2].replace("state=ok", "state=mismatch"))
    visitor.wait(lambda: len(visitor.texts("#visits .visit-row")) == 1, what="the one visit")
    visitor.tab.locator("#search").get_by_role("button", name="Newest").click()
    visitor.tab.locator("#waiting").wait_for()


def test_the_gate_shows_the_verdict_and_the_record_its_visit(visitor: Visitor, trucks: Trucks) -> None:
    visitor.open(f"/?station={trucks.place}")
    visit = trucks.mismatch()
    hero = visitor.tab.locator(".hero.pending")
    hero.get_by_role("link", name="Decide").wait_for()
    text = hero.inner_text()
    assert "Does not match" in text and trucks.red["name"] in text and trucks.blue["name"] in text
    bottom = visitor.tab.evaluate("document.querySelector('.gate').getBoundingClientRect().bottom + scrollY")
    assert bottom <= 625, f"the gate ends at {bottom} px"
    pictures_of(visitor, "gate-mismatch")
    hero.get_by_role("link", name="Decide").click()
    visitor.tab.locator("#decide").wait_for()
    assert visitor.tab.url.endswith(visit["id"])
    visitor.tab.locator("#cards").get_by_role("link", name="Open the record").first.click()
    visitor.tab.locator("#visit").click()
    visitor.tab.locator("#decide").wait_for()
    assert visitor.tab.url.endswith(visit["id"])


def test_the_ticket_of_a_visit_is_one_sheet(visitor: Visitor, trucks: Trucks) -> None:
    visit = trucks.come(trucks.red["tag"], trucks.red["number"], trucks.red["plate"])
    visitor.open(f"/visits/{visit['id']}")
    visitor.tab.get_by_role("link", name="Print ticket").click()
    visitor.tab.locator(".sheet .big", has_text=trucks.red["name"]).wait_for()
    visitor.live()
    pictures_of(visitor, "visit-ticket")
    visitor.tab.emulate_media(media="print")
    assert not visitor.tab.locator(".bar").is_visible()
    paper = visitor.tab.pdf(format="A4")
    assert paper.startswith(b"%PDF") and len(re.findall(rb"/Type\s*/Page\b", paper)) == 1
    visitor.tab.emulate_media(media="screen")
