"""The simulated gate of an agent: made by its settings, and the station that is connected to it."""

from __future__ import annotations

import logging
from collections.abc import Callable

from agent_lib.cameras import Camera
from agent_lib.runtime.supervisor import Supervisor
from agent_lib.settings import AgentSettings, CameraSettings, CaptureSettings, StationSettings
from agent_lib.simulator.barrier import SimulatedBarrier
from agent_lib.simulator.fleet import Fleet
from agent_lib.simulator.gate import SimulatedGate
from agent_lib.simulator.night import Night
from agent_lib.simulator.plate_camera import SimulatedPlateCamera, is_let_in, is_on_this_machine
from agent_lib.simulator.register import FleetRegister, write_fleet
from agent_lib.simulator.scale import SimulatedScale

log = logging.getLogger(__name__)

_ATTEMPT_MARGIN_SECONDS, _STAND_MARGIN_SECONDS = 0.1, 0.5


class Simulation:
    """The gate, and what belongs to it. `station` is the first of the settings, with the devices of the gate."""

    def __init__(self, settings: AgentSettings, busy: Callable[[], bool]) -> None:
        """`busy`: whether a capture runs. Raises OSError where the file of the fleet cannot be written."""
        hub, station = settings.hub, settings.stations[0]
        fleet = Fleet(settings.seed, settings.simulate_fleet) if settings.simulate_fleet else None
        self._register = _register(settings, fleet)
        self._gate = SimulatedGate(
            settings.instance,
            settings.seed,
            settings.simulate_pause,
            stand_seconds(station.capture),
            busy,
            plate_camera=SimulatedPlateCamera(hub) if is_let_in(hub) else None,
            barrier=SimulatedBarrier(),
            scale=_scale(settings.simulate_scale_port, station.name),
            fleet=fleet,
            night=Night(settings.seed) if settings.simulate_night else None,
        )
        host, port = self._gate.reader_address
        cameras = {role: CameraSettings(url=url) for role, url in self._gate.camera_urls.items()}
        # Vehicles only come while both cameras are watched, and a station that reports tags alone has no cameras.
        watched = cameras if station.kind == "tags" else {}
        self._watchers = [Camera(camera, f"gate {role}") for role, camera in watched.items()]
        self.station: StationSettings = station.model_copy(
            update={
                "rfid": station.rfid.model_copy(update={"host": host, "port": port}),
                "camera": cameras["primary"],
                "secondary_camera": cameras["secondary"],
            }
        )

    def start(self, supervisor: Supervisor) -> None:
        """Let vehicles come."""
        self._gate.start(supervisor)
        if self._register is not None:
            self._register.start(supervisor)

    def watch(self, supervisor: Supervisor) -> None:
        """Watch the cameras where the station does not."""
        for watcher in self._watchers:
            watcher.start(supervisor)

    @property
    def stops(self) -> list[Callable[[], None]]:
        """What ends it, in this order."""
        register = [self._register.stop] if self._register is not None else []
        return [*(watcher.stop for watcher in self._watchers), *register, self._gate.stop]


def stand_seconds(capture: CaptureSettings) -> float:
    """How long a simulated vehicle stands: longer than a capture that fails at every attempt."""
    attempts = capture.max_attempts * (capture.retry_interval_seconds + _ATTEMPT_MARGIN_SECONDS)
    return min(capture.timeout_seconds, attempts) + _STAND_MARGIN_SECONDS


def _register(settings: AgentSettings, fleet: Fleet | None) -> FleetRegister | None:
    """Write the fleet into the instance folder, and give it to the register of a hub on this machine."""
    if fleet is None:
        return None
    text = fleet.csv()
    log.info("The %d vehicles of the simulated gate are in %s.", fleet.size, write_fleet(settings.instance, text))
    if settings.simulate_register and is_on_this_machine(settings.hub):
        return FleetRegister(settings.hub, text)
    return None


def _scale(port: int, station: str) -> SimulatedScale | None:
    if not port:
        return None
    try:
        scale = SimulatedScale(port)
    except OSError as error:
        log.info("The simulated gate has no scale: port %d cannot be used (%s).", port, error.strerror or error)
        return None
    log.info(
        'The simulated scale is at %s:%d: in hub.toml of a hub on this machine  [[scales]]  name = "simulated-scale"  '
        'checkpoint = "%s"  host = "127.0.0.1"  port = %d',
        *scale.address,
        station,
        port,
    )
    return scale
