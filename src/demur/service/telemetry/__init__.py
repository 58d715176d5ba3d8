"""What tells of decisions: OpenTelemetry spans and events, and metrics for Prometheus and OpenTelemetry.

Each is given to a guard as `telemetry`. What a decision is counted by has its names in `names`.
"""
