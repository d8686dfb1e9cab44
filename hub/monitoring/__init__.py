"""What watches the hub from outside: metrics for Prometheus, health checks, the newest lines of the log.

hub_metrics   the metrics of the shared parts
deliveries    the webhook and the MQTT broker, for /metrics and /status
exposition    families of metrics as text
history       the last hour in samples, for the plots of the status page
readiness     whether the hub can do its work now
rest          /metrics, /healthz, /readyz, /api/log, /api/status/history
"""
