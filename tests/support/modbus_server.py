"""pymodbus' own server on a free port of 127.0.0.1: prints the port, then each write of a single coil as JSON."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

WRITE_SINGLE_COIL = 5


async def note(function: int, _start: int, address: int, _count: int, _current: Any, values: Any) -> None:
    """Print a write."""
    if function == WRITE_SINGLE_COIL and values is not None:  # it is read once more for the answer
        print(json.dumps([address, bool(values[0])]), flush=True)


async def serve() -> None:
    """Serve until the process is killed."""
    coils = [SimData(address=0, count=2, values=0, datatype=DataType.BITS)]
    device = SimDevice(id=3, simdata=coils, action=note, use_bit_addressing=True)
    server = ModbusTcpServer(device, address=("127.0.0.1", 0))
    await server.serve_forever(background=True)
    print(server.transport.sockets[0].getsockname()[1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve())
