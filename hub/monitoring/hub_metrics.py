"""The metrics of the parts that every kind of device uses."""

from __future__ import annotations

from collections.abc import Iterator

import psutil

from hub.context import Hub
from hub.runtime.metrics import Durations, Family, Row, single
from hub.runtime.recent_lines import LEVELS, RecentLines
from hub.runtime.version import project_version
from hub.store.disk import DiskWatch

WARNINGS = "Sentences for the operator on the page /status."


def add_hub_metrics(hub: Hub) -> None:
    """Add the families of the process, the writer, the event loop, the disk and the rest of what is shared."""

    def about() -> Iterator[Family]:
        yield Family("info", "gauge", "1, with the hub's version.", [((project_version(),), 1)], ("version",))
        warnings = len(hub.warnings) + sum(len(source()) for source in hub.warning_sources)
        yield Family("warnings", "gauge", WARNINGS, single(warnings))
        yield Family("scrape_failures", "counter", "Parts whose metrics failed.", single(hub.metrics.failed))

    for source in (about, _process, lambda: _store(hub), lambda: _disk(hub), lambda: _runtime(hub)):
        hub.metrics.add(source)
    hub.metrics.add(lambda: _network(hub))
    hub.metrics.add(lambda: _log(hub))


def _process() -> Iterator[Family]:
    """What the system knows of the process, read on the native thread that makes the text."""
    process = psutil.Process()

    def memory() -> Iterator[Row]:
        yield (), process.memory_info().rss

    def processor() -> Iterator[Row]:
        times = process.cpu_times()
        yield (), times.user + times.system

    def handles() -> Iterator[Row]:
        count = getattr(process, "num_fds", None) or getattr(process, "num_handles")  # noqa: B009 - Windows
        yield (), count()

    yield Family("process_start_time_seconds", "gauge", "When the hub was started.", single(process.create_time()))
    yield Family("process_resident_memory_bytes", "gauge", "Memory of the hub's process.", memory())
    yield Family("process_cpu_seconds", "counter", "Processor time of the hub's process.", processor())
    yield Family("process_open_fds", "gauge", "Open files and sockets of the hub's process.", handles())


def _store(hub: Hub) -> Iterator[Family | Durations]:
    writer, faults = hub.writer, hub.reader.faults
    yield Durations("commit_seconds", "Time of a commit, from its begin until it is durable.", writer.commit_seconds)
    yield Family("commits", "counter", "Commits.", single(writer.commits))
    yield Family("writes", "counter", "Records and changes that were committed.", single(writer.records))
    yield Family("writes_failed", "counter", "Records that could not be stored.", single(writer.not_stored))
    yield Family("writes_pending", "gauge", "Records that wait for a commit.", single(writer.pending))
    yield Family("writes_pending_limit", "gauge", "Beyond this senders get 503.", single(hub.settings.store.queue))
    yield Family("store_failing", "gauge", "1 while nothing can be stored.", single(writer.failure is not None))
    counts = {"read": faults.unavailable, "corrupt_read": faults.corrupt, "corrupt_write": faults.corrupt_writes}
    rows = [((kind,), float(count)) for kind, count in counts.items()]
    yield Family("database_errors", "counter", "Reads and writes that the database failed.", rows, ("kind",))
    unreadable = [((table,), float(count)) for table, count in hub.reader.unreadable.counts().items()]
    yield Family("unreadable_rows", "gauge", "Stored rows that cannot be read.", unreadable, ("table",))


def _disk(hub: Hub) -> Iterator[Family]:
    disk = hub.part(DiskWatch)
    if disk.free_bytes is not None:
        yield Family("disk_free_bytes", "gauge", "Room on the disk of the instance folder.", single(disk.free_bytes))
        yield Family("disk_size_bytes", "gauge", "Size of the disk of the instance folder.", single(disk.size_bytes))
    refused = single(bool(disk.trouble))
    yield Family("disk_full", "gauge", "1 while records are refused for want of room.", refused)


def _runtime(hub: Hub) -> Iterator[Family | Durations]:
    yield Durations("event_loop_lag_seconds", "How late a timer of 20 ms fired.", hub.loop.lag_seconds)
    tasks = hub.supervisor.status()
    running = [((task["name"],), float(task["running"])) for task in tasks]
    restarts = [((task["name"],), float(task["restarts"])) for task in tasks]
    yield Family("task_running", "gauge", "1 while a background task runs.", running, ("task",))
    yield Family("task_restarts", "counter", "Restarts of a background task after an error.", restarts, ("task",))
    lanes = hub.lanes.all()
    for name, kind, text, values in (
        ("lane_pending", "gauge", "Jobs for native threads that wait or run.", [lane.pending for lane in lanes]),
        ("lane_jobs", "counter", "Jobs that native threads have done.", [lane.done for lane in lanes]),
        ("lane_refused", "counter", "Jobs that were refused with 503.", [lane.refused for lane in lanes]),
    ):
        rows = [((lane.name,), float(value)) for lane, value in zip(lanes, values, strict=True)]
        yield Family(name, "gauge" if kind == "gauge" else "counter", text, rows, ("lane",))


def _network(hub: Hub) -> Iterator[Family]:
    yield Family("requests_refused", "counter", "Requests that access refused.", single(hub.gate.refused))
    ports = [((name,), float(name in hub.addresses)) for name in hub.settings.wanted_listeners]
    yield Family("listener_up", "gauge", "1 while a port that the settings name is open.", ports, ("listener",))
    yield Family("connection_memory_bytes", "gauge", "Bytes that connections hold.", single(hub.memory.held))
    yield Family("connection_memory_limit_bytes", "gauge", "And may hold.", single(hub.memory.limit))
    if "connections" in hub.status:
        open_now = hub.status["connections"]()
        rows = [((kind,), float(open_now[key])) for kind, key in (("tcp", "connections"), ("websocket", "websockets"))]
        yield Family("connections", "gauge", "Open connections; WebSockets are among those of tcp.", rows, ("kind",))
        yield Family("connections_refused", "counter", "As too many were open.", single(open_now["refused"]))


def _log(hub: Hub) -> Iterator[Family]:
    counts = hub.part(RecentLines).counts
    rows = [((level,), float(counts[level])) for level in LEVELS]
    yield Family("log_lines", "counter", "Lines of the log.", rows, ("level",))
