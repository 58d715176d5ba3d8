"""Alerts: a policy's thresholds over windows of its recorded decisions, and who is told."""
