"""Registration of metrics and health checks with the hub."""

from __future__ import annotations

from flask import Flask

from hub.context import Hub
from hub.monitoring.deliveries import delivery_metrics, shown
from hub.monitoring.exposition import Exposition
from hub.monitoring.history import History
from hub.monitoring.hub_metrics import add_hub_metrics
from hub.monitoring.readiness import Readiness
from hub.monitoring.rest import monitoring_rest
from hub.runtime.recent_lines import RecentLines


def register(app: Flask, hub: Hub) -> None:
    """Add /metrics, /healthz, /readyz, /api/log and /api/status/history."""
    readiness = Readiness(hub)
    hub.add(RecentLines())  # `hub.commands.run` puts the one in its place that the log goes to
    hub.add(Exposition(hub.metrics))
    hub.add(readiness)
    hub.lifecycle.stopping.append(readiness.stop)
    add_hub_metrics(hub)
    hub.metrics.add(lambda: delivery_metrics(hub.deliveries))
    hub.status["deliveries"] = lambda: shown(hub.deliveries)
    history = History(hub)
    hub.add(history)
    hub.supervisor.keep("history", history.run)
    app.register_blueprint(monitoring_rest)
    hub.described_in.append("hub.monitoring.operations")
    hub.status["log"] = lambda: {"lines": dict(hub.part(RecentLines).counts)}
