"""RFID readers: connection (`reader`, `trial`), parsing (`parser`, `records`) and presence of tags (`presence`)."""

from agent_lib.rfid.parser import TagParser
from agent_lib.rfid.presence import TagPresence
from agent_lib.rfid.reader import TagRead, TagReader
from agent_lib.rfid.trial import try_reader

__all__ = ["TagParser", "TagPresence", "TagRead", "TagReader", "try_reader"]
