"""Steps that the parts of the hub add to its start and its shutdown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

Step = Callable[[], object]


@dataclass
class Lifecycle:
    """Lists of steps, each run in the order of registration.

    `listening`: after the TCP ports are open. `stopping`: the hub accepts nothing new from here on. `in_flight`: the
    number of records that were accepted and not answered. `disconnecting`: those records were answered and connections
    end now; these steps run meanwhile, in one greenlet. `closing`: before the writer ends; what must be stored is
    written here. `ended`: after it.
    """

    listening: list[Step] = field(default_factory=list)
    stopping: list[Step] = field(default_factory=list)
    in_flight: list[Callable[[], int]] = field(default_factory=list)
    disconnecting: list[Step] = field(default_factory=list)
    closing: list[Step] = field(default_factory=list)
    ended: list[Step] = field(default_factory=list)

    def pending(self) -> int:
        """The number of in-flight records of all parts."""
        return sum(count() for count in self.in_flight)


def run(steps: list[Step]) -> None:
    """Run each step once, in order; an exception of a step ends the run."""
    for step in steps:
        step()
