"""Tasks of the hub that leads: they begin and end with the lead, and are the supervisor's like others."""

from __future__ import annotations

from collections.abc import Iterator

import gevent
import pytest
from gevent.event import Event

from hub.cluster.leading import Leading
from hub.runtime.supervisor import Supervisor


@pytest.fixture
def supervisor() -> Iterator[Supervisor]:
    made = Supervisor()
    yield made
    made.stop(1.0)


def _until(condition: object, what: str) -> None:
    with gevent.Timeout(10, AssertionError(f"{what} did not come true")):
        while not condition():  # type: ignore[operator]
            gevent.sleep(0.005)


def test_a_task_runs_while_the_hub_leads_and_begins_anew(supervisor: Supervisor) -> None:
    leading, steps = Leading(supervisor, alone=False), list[str]()

    def run(name: str) -> None:
        steps.append(f"run {name}")
        Event().wait()

    leading.keep("task", run, "x", begin=lambda: steps.append("begin"), end=lambda: steps.append("end"))
    gevent.sleep(0.02)
    assert steps == [] and not leading.leads
    leading.begin()
    _until(lambda: steps == ["begin", "run x"], "the beginning")
    leading.end()
    _until(lambda: steps[2:] == ["end"], "the end")
    leading.begin()
    _until(lambda: steps[3:] == ["begin", "run x"], "the beginning anew")
    assert [row["name"] for row in supervisor.status()] == ["task"]


def test_a_task_that_fails_is_started_again_and_one_that_returns_is_not(supervisor: Supervisor) -> None:
    leading, runs = Leading(supervisor, alone=False), list[int]()

    def run() -> None:
        runs.append(len(runs))
        if len(runs) < 3:
            raise ValueError("broken")

    leading.begin()
    leading.keep("task", run)
    _until(lambda: len(runs) == 3 and not supervisor.status()[0]["running"], "the end of the task")
    assert supervisor.status()[0]["restarts"] == 2 and "broken" in supervisor.status()[0]["error"]


def test_a_hub_that_is_alone_leads_and_runs_tasks_as_they_are(supervisor: Supervisor) -> None:
    leading, ran = Leading(supervisor, alone=True), list[str]()
    leading.keep("task", ran.append, "run", begin=lambda: ran.append("begin"))
    _until(lambda: ran == ["run"], "the run")
    leading.end()
    assert leading.leads
