"""Registration of metrics and health checks with the hub."""

from __future__ import annotations

from flask import Flask

from hub.context import Hub
from hub.monitoring.exposition import Exposition
from hub.monitoring.hub_metrics import add_hub_metrics
from hub.monitoring.readiness import Readiness
from hub.monitoring.rest import monitoring_rest
from hub.runtime.recent_lines import RecentLines


def register(app: Flask, hub: Hub) -> None:
    """Add /metrics, /healthz, /readyz and /api/log."""
    readiness = Readiness(hub)
    hub.add(RecentLines())  # `hub.commands.run` puts the one in its place that the log goes to
    hub.add(Exposition(hub.metrics))
    hub.add(readiness)
    hub.lifecycle.stopping.append(readiness.stop)
    add_hub_metrics(hub)
    app.register_blueprint(monitoring_rest)
    hub.described_in.append("hub.monitoring.operations")
    hub.status["log"] = lambda: {"lines": dict(hub.part(RecentLines).counts)}
