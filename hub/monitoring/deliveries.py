"""The deliveries to other programs, as /metrics and /status show them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal

from hub.contract.delivery import DeliveryState
from hub.contract.times import utc_text
from hub.runtime.metrics import Family, Row

TO = ("to",)
Source = Callable[[], DeliveryState]


def delivery_metrics(sources: Iterable[Source]) -> Iterator[Family]:
    """A family for each value, with a sample for each receiver that the settings name."""
    states = [source() for source in sources]

    def family(
        name: str, kind: Literal["gauge", "counter"], text: str, value: Callable[[DeliveryState], float | None]
    ) -> Family:
        rows: list[Row] = [((state.name,), found) for state in states if (found := value(state)) is not None]
        return Family(name, kind, text, rows, TO)

    yield family("delivery_failing", "gauge", "1 while nothing can be delivered.", lambda state: float(state.failing))
    yield family("delivery_waiting", "gauge", "Records that are to be delivered.", lambda state: state.waiting)
    yield family("deliveries", "counter", "Records that were delivered since the start.", lambda state: state.delivered)
    yield family("deliveries_left_out", "counter", "As too many or too old.", lambda state: state.left_out)
    yield family("deliveries_rejected", "counter", "Refused for good by the receiver.", lambda state: state.rejected)
    yield family(
        "delivery_last_success_timestamp_seconds",
        "gauge",
        "When a record was delivered last; nothing before the first one since the start.",
        lambda state: state.last_success,
    )


def shown(sources: Iterable[Source]) -> list[dict[str, Any]]:
    """A row for each receiver, for /status."""
    states = [source() for source in sources]
    return [{**state._asdict(), "last_success": utc_text(state.last_success)} for state in states]
