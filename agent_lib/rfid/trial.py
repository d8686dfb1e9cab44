"""One trial of a reader, for the operator: whether it answers, and a sentence with what to do."""

import time

from agent_lib.rfid.parser import TagParser
from agent_lib.rfid.reader import CONNECT_SECONDS, NOISE_WARNING_BYTES, QUIET_SECONDS, READ_BYTES, connect, reason
from agent_lib.settings import RfidSettings


def try_reader(settings: RfidSettings, seconds: float) -> tuple[bool, str]:
    """Connect once and listen for `seconds`: whether it works, and a sentence with what to do."""
    if not settings.host:
        return False, "No RFID reader is set: give its address as rfid.host."
    address = f"{settings.host}:{settings.port}"
    parser = TagParser()
    end = time.monotonic() + seconds
    try:
        with connect(settings.host, settings.port, min(CONNECT_SECONDS, max(0.1, seconds))) as link:
            received = 0
            while (left := end - time.monotonic()) > 0:
                link.settimeout(min(left, QUIET_SECONDS))
                try:
                    data = link.recv(READ_BYTES)
                except TimeoutError:
                    tags = parser.flush()
                else:
                    if not data:
                        return (
                            False,
                            f"The reader at {address} closed the connection at once: another program may be "
                            "connected to it; end that one.",
                        )
                    received += len(data)
                    tags = parser.feed(data)
                if tags:
                    return True, f"The RFID reader at {address} works: it read tag {tags[0][0]} ({tags[0][1]})."
    except OSError as error:
        return (
            False,
            f"Cannot connect to the RFID reader at {address}: {reason(error)}. Check its power, cable, address and "
            "port.",
        )
    if received > NOISE_WARNING_BYTES:
        return (
            False,
            f"{address} sent {received} bytes and no tag record: check that this is the reader's tag port and its "
            "output format.",
        )
    return (
        True,
        f"Connected to the RFID reader at {address}; no tag came in {seconds:g} seconds: hold one in front of the "
        "antenna to see it read.",
    )
