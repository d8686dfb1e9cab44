"""`python agent.py check`: try hub, devices, disk and clock once, and print for each what works and what to do."""

from __future__ import annotations

import logging
import queue
import time
from collections.abc import Callable
from functools import partial

from agent_lib.commands import check_machine
from agent_lib.runtime.supervisor import Supervisor
from agent_lib.settings import AgentSettings, CameraSettings, HubSettings, StationSettings

log = logging.getLogger(__name__)

_SECONDS = 10.0
_HUB_SECONDS, _READER_SECONDS, _CAMERA_SECONDS = 5.0, 4.0, 8.0

Finding = tuple[bool, str]


def check(settings: AgentSettings, say: Callable[[str], None]) -> bool:
    """Whether everything works; `say` gets one line for each part, in the order of the settings, within about 10 s."""
    tasks = list(_tasks(settings))
    results: queue.SimpleQueue[tuple[int, Finding]] = queue.SimpleQueue()
    supervisor = Supervisor()
    for number, (_, work) in enumerate(tasks):
        supervisor.run(f"check-{number}", partial(_try, number, work, results), owned=True)
    found: dict[int, Finding] = {}
    end = time.monotonic() + _SECONDS
    while len(found) < len(tasks) and (left := end - time.monotonic()) > 0:
        try:
            number, finding = results.get(timeout=left)
        except queue.Empty:
            break
        found[number] = finding
    for number, (name, _) in enumerate(tasks):
        works, sentence = found.get(
            number, (False, f"No answer within {_SECONDS:g} seconds: check power, cable and address.")
        )
        say(f"{'ok    ' if works else 'FAILED'} {name}: {sentence}")
    return all(found.get(number, (False, ""))[0] for number in range(len(tasks)))


def _try(number: int, work: Callable[[], Finding], results: queue.SimpleQueue[tuple[int, Finding]]) -> None:
    try:
        finding = work()
    except Exception as error:  # one failing check must not affect the others
        log.debug("A check failed", exc_info=True)
        finding = (False, f"The check itself failed ({type(error).__name__}: {error}).")
    results.put((number, finding))


def _tasks(settings: AgentSettings) -> list[tuple[str, Callable[[], Finding]]]:
    tasks: list[tuple[str, Callable[[], Finding]]] = [("hub", lambda: _hub(settings.hub))]
    for station in [] if settings.simulated else settings.stations:
        before = f"{station.name}: " if len(settings.stations) > 1 else ""
        tasks += [(f"{before}{name}", work) for name, work in _devices(station)]
    tasks += [
        ("disk", lambda: check_machine.disk(settings.instance)),
        ("outbox", lambda: check_machine.outbox(settings.instance)),
    ]
    if not settings.hub.raw:
        tasks.append(("clock", lambda: check_machine.clock(settings.hub)))
    return tasks


def _devices(station: StationSettings) -> list[tuple[str, Callable[[], Finding]]]:
    devices: list[tuple[str, Callable[[], Finding]]] = [("reader", lambda: _reader(station))]
    if station.kind == "weighbridge":
        devices.append(("camera", lambda: _camera(station.camera)))
        if station.secondary_camera.configured:
            devices.append(("secondary camera", lambda: _camera(station.secondary_camera)))
    return devices


def _reader(station: StationSettings) -> Finding:
    if not station.rfid.configured:
        return False, "No RFID reader is set: give its host under [rfid]."
    from agent_lib.rfid import try_reader

    return try_reader(station.rfid, _READER_SECONDS)


def _camera(camera: CameraSettings) -> Finding:
    if not camera.configured:
        return False, "No camera is set: give its host, url or index under [camera]."
    from agent_lib.cameras import try_camera

    return try_camera(camera, _CAMERA_SECONDS)


def _hub(hub: HubSettings) -> Finding:
    return _websocket(hub) if hub.raw else _rest(hub)


def _rest(hub: HubSettings) -> Finding:
    from agent_lib.uplink.rest import short_reason
    from agent_lib.uplink.tls import hub_session, tls_problem

    base = hub.base
    fix = "start it with `python app.py`, or correct url under [hub]"
    try:
        with hub_session(base, hub.ca, hub.headers) as session:
            answer = session.get(f"{base}/api/access/self", timeout=_HUB_SECONDS, allow_redirects=False)
            if answer.status_code == 404:  # a hub that lets nobody in by tokens yet
                answer = session.get(f"{base}/api/test", timeout=_HUB_SECONDS, allow_redirects=False)
    except OSError as error:
        problem = tls_problem(error, hub.ca)
        if problem:
            return False, f"No trusted connection to {base}: {problem}."
        return False, f"No hub answers at {base} ({short_reason(error)}): {fix}."
    try:
        body = answer.json()
    except ValueError:
        body = None
    if answer.status_code == 200 and isinstance(body, dict):
        return True, f"The hub at {base} works."
    reason = f": {body['message']}" if isinstance(body, dict) and isinstance(body.get("message"), str) else ""
    if answer.status_code in (401, 403):
        return (
            False,
            f"The hub at {base} does not let this machine in (HTTP {answer.status_code}){reason.rstrip('.')}. Let it "
            f"in on the page {base}/devices, or run: python agent.py pair --hub {base}",
        )
    return False, f"What answers at {base} is not a hub (HTTP {answer.status_code}){reason.rstrip('.')}: {fix}."


def _websocket(hub: HubSettings) -> Finding:
    import websocket

    from agent_lib.uplink.tls import tls_problem, websocket_options

    url = hub.websocket_url
    try:
        header = [f"{name}: {value}" for name, value in hub.headers.items()]
        websocket.create_connection(
            url,
            timeout=_HUB_SECONDS,
            http_no_proxy=["*"],
            suppress_origin=True,
            header=header,
            sslopt=websocket_options(url, hub.ca),
        ).close(timeout=1)
    except (websocket.WebSocketException, OSError, ValueError) as error:
        problem = tls_problem(error, hub.ca)
        if problem:
            return False, f"No trusted connection to {url}: {problem}."
        return (
            False,
            f"No WebSocket server answers at {url} ({error or type(error).__name__}): start it, or correct "
            "WEBSOCKET_URL.",
        )
    return True, f"The WebSocket server at {url} accepts connections."
