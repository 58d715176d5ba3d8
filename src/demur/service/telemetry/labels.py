"""Labels of bounded cardinality: what is beyond counts as `(other)`, and how often is counted."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from threading import Lock

from demur.service.telemetry.names import OTHER
from demur.service.telemetry.policy_metrics import Labels

_LOG = logging.getLogger("demur.telemetry")
LENGTH = 120
"""Characters of a label's value; longer ones count as `(other)`."""


class LabelLimit:
    """Lets each label of a metric have at most `values` values, and a metric `series` slices.

    The first ones that come keep their place as long as the process lives, so that no series ends
    without need. Safe among threads.
    """

    def __init__(self, values: int = 100, series: int = 2000) -> None:
        if values < 1 or series < 1:
            raise ValueError("a limit of labels must be 1 or more")
        self.values = values
        self._series = series
        self._known: dict[tuple[str, str], set[str]] = {}
        self._slices: dict[str, set[Labels]] = {}
        self._lock = Lock()
        self.overflow: Counter[str] = Counter()
        """How often a metric's labels were counted as `(other)`."""

    def bounded(self, metric: str, labels: Labels) -> Labels:
        """The labels as they are counted."""
        if labels in self._slices.get(metric, ()):
            return labels
        with self._lock:
            kept = tuple((name, self._value(metric, name, value)) for name, value in labels)
            slices = self._slices.setdefault(metric, set())
            if kept not in slices and len(slices) >= self._series:
                kept = tuple((name, OTHER) for name, _ in kept)
            else:
                slices.add(kept)
            if kept != labels:
                self.overflow[metric] += 1
                if self.overflow[metric] == 1:
                    _LOG.warning(
                        "DM911: %s has too many values of a label; further ones count as %s",
                        metric,
                        OTHER,
                    )
            return kept

    def _value(self, metric: str, name: str, value: str) -> str:
        known = self._known.setdefault((metric, name), set())
        if value not in known:
            if len(value) > LENGTH or len(known) >= self.values:
                return OTHER
            known.add(value)
        return value

    def counts(self) -> Sequence[tuple[str, int]]:
        """How often each metric's labels overflowed."""
        with self._lock:
            return list(self.overflow.items())
