"""What watches the hub from outside: metrics for Prometheus, health checks, the newest lines of the log.

hub_metrics   the metrics of the shared parts
exposition    families of metrics as text
readiness     whether the hub can do its work now
rest          /metrics, /healthz, /readyz, /api/log
"""
