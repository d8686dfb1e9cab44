"""Alerts: what an operator must hear of, stored, listed, and sent to a webhook."""
