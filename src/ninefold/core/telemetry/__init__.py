"""Telemetry: logs as JSON lines on standard error, and metrics for Prometheus. Not here: traces, alerts."""
