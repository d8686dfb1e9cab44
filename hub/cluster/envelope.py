"""What a hub sends through Redis: who sent it, and the body. And how a hub introduces itself to the others."""

from __future__ import annotations

from dataclasses import dataclass, field

from hub.contract.errors import ContractError
from hub.contract.json_text import decode_object, encode

MAGIC = b"GH1"
ID_LENGTH = 32  # hexadecimal digits
MAX_HELLO_BYTES = 512 * 1024
MAX_TOPICS = 2000
MAX_TOPIC = 200
MAX_NAME = 200
MAX_KEYS = 20


def wrap(hub_id: str, body: bytes) -> bytes:
    """A body with the id of the hub that sends it."""
    return b"%b%b%b" % (MAGIC, hub_id.encode(), body)


def unwrap(payload: bytes) -> tuple[str, bytes] | None:
    """The id of the sender, and the body; None for what no hub has sent."""
    if not payload.startswith(MAGIC):
        return None
    head = payload[len(MAGIC) : len(MAGIC) + ID_LENGTH]
    if not is_id(head):
        return None
    return head.decode(), payload[len(MAGIC) + ID_LENGTH :]


def is_id(text: bytes) -> bool:
    """Whether it is the id of a hub."""
    return len(text) == ID_LENGTH and all(digit in b"0123456789abcdef" for digit in text)


@dataclass(frozen=True)
class Hello:
    """What a hub says about itself every second. `session`: the number of its connection to Redis."""

    hub_id: str
    name: str
    session: int
    topics: frozenset[str] = frozenset()
    keys: dict[str, str] = field(default_factory=dict)  # name of a secret -> its fingerprint
    leaves: bool = False

    def encoded(self) -> bytes:
        """The hello as JSON."""
        return encode(
            {
                "hub": self.hub_id,
                "name": self.name,
                "session": self.session,
                "topics": sorted(self.topics)[:MAX_TOPICS],
                "keys": self.keys,
                "leaves": self.leaves,
            }
        )


def read_hello(data: bytes) -> Hello | None:
    """The hello out of JSON; None for what is none."""
    if len(data) > MAX_HELLO_BYTES:
        return None
    try:
        sent = decode_object(data)
    except ContractError:
        return None
    hub_id, name, session, topics, keys = (sent.get(key) for key in ("hub", "name", "session", "topics", "keys"))
    if not isinstance(hub_id, str) or not is_id(hub_id.encode()) or not isinstance(name, str):
        return None
    if type(session) is not int or not _are_texts(topics) or not isinstance(keys, dict) or len(keys) > MAX_KEYS:
        return None
    if not _are_texts(list(keys.values())):
        return None
    return Hello(hub_id, name[:MAX_NAME], session, frozenset(topics or ()), keys, sent.get("leaves") is True)


def _are_texts(values: object) -> bool:
    return (
        isinstance(values, list)
        and len(values) <= MAX_TOPICS
        and all(isinstance(value, str) and len(value) <= MAX_TOPIC for value in values)
    )
