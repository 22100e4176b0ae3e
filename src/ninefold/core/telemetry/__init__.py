"""Telemetry: logs as JSON lines on standard error, and metrics for Prometheus. There are no traces and no alerts."""
