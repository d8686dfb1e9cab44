"""RFID readers: connection (`reader`), stream parser (`parser`, `records`) and presence of tags (`presence`)."""

from agent_lib.rfid.parser import TagParser
from agent_lib.rfid.presence import TagPresence
from agent_lib.rfid.reader import TagRead, TagReader, try_reader

__all__ = ["TagParser", "TagPresence", "TagRead", "TagReader", "try_reader"]
