"""Before a hub begins: whether Redis lets it in, and whether the hubs that are there have the same keys."""

from __future__ import annotations

from collections.abc import Iterator

from hub.cluster.envelope import Hello, read_hello
from hub.cluster.names import Names
from hub.cluster.peers import different_keys
from hub.cluster.redis_connection import Redis
from hub.live.relay import RelayUnusable

MAX_KNOWN = "1000"


def check_hubs(connection: Redis, names: Names, keys: dict[str, str]) -> None:
    """Raise RelayUnusable where another hub has other keys; RelayRefused or one of FAULTS for Redis itself."""
    try:
        connection.open()
        for other in list(_known(connection, names)):
            different = different_keys(keys, other.keys)
            if different:
                raise RelayUnusable(
                    f"The hub {other.name} at the same Redis has another {different[0]}: all hubs of one database need "
                    f"the same files {', '.join(sorted(keys))} in their instance folders; copy them from one hub to "
                    "the others, or give this hub another live.prefix."
                )
    finally:
        connection.close()


def _known(connection: Redis, names: Names) -> Iterator[Hello]:
    """What the hubs of the last seconds have said of themselves."""
    for hub_id in connection.command("SRANDMEMBER", names.hubs, MAX_KNOWN):
        stored = connection.command("GET", names.hub(hub_id.decode("ascii", "replace")))
        hello = read_hello(stored) if stored else None
        if hello is None:
            connection.command("SREM", names.hubs, hub_id)
        else:
            yield hello
