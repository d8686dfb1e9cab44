"""The stored visits as readers see them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hub.contract.errors import NotFound
from hub.live.links import LOOPBACK, Links
from hub.runtime.offload import offload
from hub.store.backend import Row
from hub.visits.repository import VISITS, Query, VisitRepository
from hub.visits.stored import shown, visit_of


class StoredVisits:
    """Implements `hub.contract.visits.Visits`. `host`: by which the reader knows the hub, for links to pictures."""

    def __init__(self, repository: VisitRepository, links: Links) -> None:
        self._repository, self._links = repository, links

    def visit(self, visit_id: str, host: str = LOOPBACK) -> dict[str, Any]:
        """One visit as shown. Raises NotFound, DatabaseError or LaneBusy."""
        visit = self._repository.get(visit_id)
        if visit is None:
            raise NotFound(f"There is no visit with the id {visit_id[:80]}; it may have expired.")
        return shown(visit, self._links, host)

    def of_record(self, kind: str, record_id: str, host: str = LOOPBACK) -> dict[str, Any] | None:
        """The visit that a capture or a detection belongs to, as shown; None where it belongs to none."""
        visit = self._repository.of_records([(kind, record_id)]).get((kind, record_id))
        return shown(visit, self._links, host) if visit is not None else None

    def page(self, query: Query, host: str) -> tuple[list[dict[str, Any]], int | None]:
        """Visits as shown, newest first, and the cursor of the next page. Raises Unavailable."""
        rows = self._repository.page(query)
        return offload(self._repository.unreadable.page, rows, query.limit, self._show(host), VISITS)

    def changed(self, after: int, limit: int, host: str) -> tuple[list[dict[str, Any]], int]:
        """Visits that have changed after a change, the earliest first, and the number of the last change of them."""
        rows = self._repository.changed(after, limit)
        visits = offload(self._repository.unreadable.readable, rows, self._show(host), VISITS)
        return visits, int(rows[-1]["change"]) if rows else after

    def _show(self, host: str) -> Callable[[Row], dict[str, Any]]:
        return lambda row: shown(visit_of(row), self._links, host)

    def for_host(self, visit: dict[str, Any], host: str) -> dict[str, Any]:
        """A visit as shown to this machine, with links to pictures for a reader that knows the hub by another name."""
        prefix = self._links.picture("-", LOOPBACK)[:-1]

        def link(address: str) -> str:
            name = address.removeprefix(prefix)
            return self._links.picture(name, host) if name != address else address

        evidence = [{**each, "pictures": list(map(link, each["pictures"]))} for each in visit["evidence"]]
        return {**visit, "evidence": evidence}
