"""A fan-out whose messages also go to the listeners of other hubs."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

import gevent

from hub.contract.errors import ContractError
from hub.contract.json_text import decode_object
from hub.live.channel import Message
from hub.live.fanout import Fanout, Listener
from hub.live.links import ELSEWHERE, Links
from hub.live.relay import MAX_TEXT_BYTES, Relay
from hub.websocket.connection import WebSocket

LINGER_SECONDS = 30.0  # a page that is loaded anew leaves and comes back


class SharedFanout(Fanout):
    """A `Fanout` whose listeners are at every hub. Messages are JSON objects as text.

    A message is made once more for the other hubs, with a mark in place of the host name in its links; each hub puts
    in the host names of its own listeners. Without another hub that has listeners nothing is made.
    """

    def __init__(self, name: str, *args: Any, relay: Relay, links: Links, **options: Any) -> None:
        super().__init__(name, *args, **options)
        self._relay, self._links = relay, links
        self._wanting = False
        self.here = HereOnly(super().publish)
        relay.on(name, self._receive)

    @property
    def has_listeners(self) -> bool:
        """Whether anybody listens, here or at another hub."""
        return len(self) > 0 or self._relay.wanted(self.name)

    def add(self, websocket: WebSocket, variant: Hashable = None) -> Listener:
        """Send every message published from now on, here or elsewhere, to `websocket`."""
        listener = super().add(websocket, variant)
        if not self._wanting and self._relay.active:
            self._wanting = True
            self._relay.want(self.name)
            self._spawn(f"{self.name} of other hubs", self._want_while_listened)
        return listener

    def publish(self, message: Message, key: Hashable = None, skip: object = None) -> int:
        """Queue `message` for every listener but `skip`; the number of those of this hub."""
        count = super().publish(message, key, skip)
        if self._relay.wanted(self.name):
            made = message(f"{self._relay.hub_id}{ELSEWHERE}") if callable(message) else message
            self._relay.send(self.name, made.encode() if isinstance(made, str) else made)
        return count

    def _want_while_listened(self) -> None:
        """Want the messages of other hubs until nobody has listened for a while."""
        while True:
            gevent.sleep(LINGER_SECONDS)
            if not len(self):
                break
        self._wanting = False
        self._relay.unwant(self.name)

    def _receive(self, topic: str, body: bytes, sender: str) -> None:
        """Publish a message of another hub to the listeners of this one. Raises ContractError."""
        if len(body) > MAX_TEXT_BYTES:
            raise ContractError("The message of another hub is too long.")
        decode_object(body)
        text, mark = body.decode(), f"{sender}{ELSEWHERE}"
        if mark in text:
            super().publish(lambda host: text.replace(mark, self._links.base(str(host))))
        else:
            super().publish(text)


class HereOnly:
    """The listeners of this hub alone, as a channel."""

    def __init__(self, publish: Callable[..., int]) -> None:
        self._publish = publish

    def publish(self, message: Message, key: Hashable = None, skip: object = None) -> int:
        """Queue `message` for every listener of this hub but `skip`."""
        return self._publish(message, key, skip)
