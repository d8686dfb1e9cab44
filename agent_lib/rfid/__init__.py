"""RFID readers: bytes to tags, tags to events, and the connection (wire/station.md "RFID reader")."""

from agent_lib.rfid.parser import TagParser
from agent_lib.rfid.presence import TagPresence
from agent_lib.rfid.reader import TagRead, TagReader, try_reader

__all__ = ["TagParser", "TagPresence", "TagRead", "TagReader", "try_reader"]
