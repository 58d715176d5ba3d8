"""What a service counts for one aggregate, and the increase of it over a window."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf


@dataclass(frozen=True, slots=True)
class Counters:
    """The series of one aggregate, as `demur.service.telemetry.names` says.

    `rows` counts records by their label `result`; `sums` and `divisors` are a counter of what is
    positive, and perhaps one of what is negative. `low` and `high` bound an unknown value; `share` is
    a quantile's, `has_where` says whether some records may not count.
    """

    kind: str
    policy: str
    rows: str
    sums: tuple[str, ...] = ()
    divisors: tuple[str, ...] = ()
    histogram: str | None = None
    low: float = -inf
    high: float = inf
    share: float = 0.0
    has_where: bool = False


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of time in Prometheus' words: `1h`, and perhaps ended `offset` ago."""

    length: str
    offset: str = ""

    @property
    def name(self) -> str:
        """The operation of a recorded series over it: `increase7d_offset1h`."""
        return f"increase{self.length}" + (f"_offset{self.offset}" if self.offset else "")

    @property
    def range(self) -> str:
        """The selector's range."""
        return f"[{self.length}]" + (f" offset {self.offset}" if self.offset else "")


@dataclass(frozen=True, slots=True)
class Recorder:
    """Recorded series of one window and slicing, each computed once.

    `labels` are those that series are summed up by, the policy's first; `records` is added to: the
    expression by the name of the series.
    """

    window: Window
    labels: tuple[str, ...]
    records: dict[str, str] = field(default_factory=dict[str, str])

    def increase(self, part: str, counters: Counters, *series: str, results: str = "") -> str:
        """The recorded increase of the first series, less that of others, as an expression.

        `part` names it; `results` chooses among records by how they count.
        """
        by = f"sum by ({', '.join(self.labels)})"
        chosen = f'policy="{counters.policy}"' + (f', result=~"{results}"' if results else "")
        whole, *less = (f"{by} (increase({one}{{{chosen}}}{self.window.range}))" for one in series)
        return self.record(part, counters, " - ".join([whole, *less]))

    def bucket(self, part: str, counters: Counters, bound: float) -> str:
        """The recorded increase of a histogram's bucket."""
        chosen = f'policy="{counters.policy}", le="{bound!r}"'
        by = f"sum by ({', '.join(self.labels)})"
        selected = f"{counters.histogram}_bucket{{{chosen}}}{self.window.range}"
        return self.record(part, counters, f"{by} (increase({selected}))")

    def record(self, part: str, counters: Counters, expression: str) -> str:
        """Records an expression; returns the selector of the recorded series."""
        base = counters.rows.removesuffix("_rows_total")
        name = f"{'_'.join(self.labels)}:{base}_{part}:{self.window.name}"
        self.records[name] = expression
        return f'{name}{{policy="{counters.policy}"}}'


def named(number: float) -> str:
    """A number as part of a series' name: `0_25`, `minus_1`."""
    written = repr(number).removesuffix(".0").replace("e-", "_by_10_to_the_")
    return written.replace("e+", "e").replace("-", "minus_").replace(".", "_")
