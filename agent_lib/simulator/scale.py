"""A simulated weight indicator on a real TCP port of this machine: ten lines a second in a common form."""

from __future__ import annotations

from agent_lib.simulator.tcp_device import TcpDevice

LINES_A_SECOND = 10
STEP_KG = 20
MAX_CLIENTS = 8
_SEND_SECONDS = 0.5


class SimulatedScale(TcpDevice):
    """Sends every client the weight, `ST,GS,+012340kg` where it is stable and `US,GS,...` where it is not.

    `port`: 0 takes any free one. Raises OSError where the port is in use.
    """

    def __init__(self, port: int = 0) -> None:
        super().__init__("scale", port, MAX_CLIENTS)
        self._kg, self._stable = 0, True

    def show(self, kg: float, stable: bool) -> None:
        """Set the weight on the scale in kg; it is shown in steps of STEP_KG."""
        with self._changed:
            self._kg, self._stable = round(kg / STEP_KG) * STEP_KG, stable

    def line(self) -> str:
        """The line as it is now, without its end."""
        with self._changed:
            sign = "-" if self._kg < 0 else "+"
            return f"{'ST' if self._stable else 'US'},GS,{sign}{abs(self._kg):06d}kg"

    def _send(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._stopped, 1 / LINES_A_SECOND)
                if self._stopped:
                    return
                clients = list(self._clients)
            self._send_all(clients, f"{self.line()}\r\n".encode("ascii"), _SEND_SECONDS)
