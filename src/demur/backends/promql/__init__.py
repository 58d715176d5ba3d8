"""Prometheus' query language: aggregates over windows of counters, as a table of lowerings."""
