"""A relay with coils, asked by Modbus TCP through pymodbus. It is read only when a barrier of this kind is enabled."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Mapping
from typing import Any

import gevent

from hub.barriers.relay import RelayError
from hub.runtime.offload import offload
from hub.settings.barriers import Barrier

# It logs each failed connection as an error; the barrier says so itself.
logging.getLogger("pymodbus").setLevel(logging.CRITICAL)
logging.getLogger("pymodbus.logging").setLevel(logging.CRITICAL)

MAX_ANSWER = 260  # bytes of a frame of Modbus TCP
MAX_READS = 64
EXCEPTIONS = {
    1: "it does not know this function",
    2: "it has no coil of this address",
    3: "it refuses the value",
    4: "it has failed",
    6: "it is busy",
    10: "its gateway has no way to this unit",
    11: "its gateway does not reach this unit",
}


class ModbusRelay:
    """Writes one coil, and its opposite at the end of the pulse; never more than once for a wish."""

    def __init__(self, barrier: Barrier) -> None:
        self._barrier = barrier
        self.target = f"coil {barrier.coil} of unit {barrier.unit} at {barrier.host}:{barrier.port}"
        self.ends_pulse = barrier.pulse
        self._client: Any = None  # pymodbus.client.ModbusTcpClient

    def load(self) -> None:
        """Import pymodbus, which takes a moment, on a native thread. Raises RelayError where it is missing."""
        if self._client is None:
            try:
                self._client = offload(_import_client)
            except ImportError as error:
                raise RelayError("pymodbus is not installed; run start_system again") from error

    def open(self, values: Mapping[str, str]) -> None:
        """Write what opens. Raises RelayError."""
        self._write(self._barrier.value)

    def release(self, values: Mapping[str, str]) -> None:
        """Write the opposite. Raises RelayError."""
        self._write(not self._barrier.value)

    def _write(self, value: bool) -> None:
        self.load()
        reads = 0

        def bounded(sending: bool, data: bytes) -> bytes:
            nonlocal reads
            if not sending:
                reads += 1
                gevent.sleep(0)
                if len(data) > MAX_ANSWER or reads > MAX_READS:
                    raise RelayError("it answers with what is no Modbus", sent=True)
            return data

        barrier = self._barrier
        client = self._client(
            barrier.host, port=barrier.port, timeout=barrier.timeout_seconds, retries=0, trace_packet=bounded
        )
        sent = False
        try:
            if not client.connect():
                raise RelayError("the connection fails; check its address and the network")
            sent = True
            answer = client.write_coil(barrier.coil, value, device_id=barrier.unit)
        except RelayError:
            raise
        except Exception as error:  # pymodbus raises its own and whatever a malformed answer makes of its parsers
            raise RelayError(_reason(error, barrier.timeout_seconds), sent) from error
        finally:
            client.close()
        if answer.isError():
            code = getattr(answer, "exception_code", 0)
            raise RelayError(EXCEPTIONS.get(code, f"it answers with the exception {code}"), sent)


def _import_client() -> Any:
    return importlib.import_module("pymodbus.client").ModbusTcpClient


def _reason(error: Exception, seconds: float) -> str:
    if "No response" in str(error):
        return f"it does not answer within {seconds:g} seconds"
    return "the connection is lost, or its answer is no Modbus"
