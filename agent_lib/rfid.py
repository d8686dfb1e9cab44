"""RFID readers: bytes to tags, tags to events, and the connection (wire/station.md "RFID reader")."""
from agent_lib.rfid_parser import TagParser
from agent_lib.rfid_presence import TagPresence
from agent_lib.rfid_reader import TagRead, TagReader, try_reader

__all__ = ["TagParser", "TagPresence", "TagRead", "TagReader", "try_reader"]
