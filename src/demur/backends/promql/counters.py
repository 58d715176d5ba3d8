"""What a service counts for one aggregate, and the increase of it over a window."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from math import inf


@dataclass(frozen=True, slots=True)
class Counters:
    """The series of one aggregate, as `demur.service.telemetry.names` says.

    `rows` counts records by their label `result`; `sums` and `divisors` are a counter of what is
    positive, and perhaps one of what is negative. `low` and `high` bound an unknown value; `share` is
    a quantile's, `has_where` says whether some records may not count. `late` are the labels of signals of
    later stages than the first, which a record that did not come there has as `outside`.
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
    late: frozenset[str] = frozenset()
    outside: str = ""

    def of_slices(self, labels: Iterable[str]) -> str:
        """What chooses the series of records that are in a slice of these labels."""
        return "".join(f', {one}!="{self.outside}"' for one in labels if one in self.late)


@dataclass(frozen=True, slots=True)
class Scraped:
    """Gauges of every process that counts: one that is there while it is scraped, and when it began."""

    present: str
    started: str


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of time in Prometheus' words: `1h`, and perhaps ended `offset` ago.

    `beginning` is how long ago it begins, and `age` that in seconds.
    """

    length: str
    beginning: str
    age: float
    offset: str = ""

    @property
    def name(self) -> str:
        """The operation of a recorded series over it: `increase7d_offset1h`."""
        return f"increase{self.length}" + (f"_offset{self.offset}" if self.offset else "")

    @property
    def range(self) -> str:
        """The selector's range."""
        return f"[{self.length}]" + (f" offset {self.offset}" if self.offset else "")

    def increase(self, series: str, scraped: Scraped) -> str:
        """By how much each selected series grew within the window.

        `increase` begins at a series' first sample, and what that counts already is lost: the first
        burst of a slice. A series that was not there when the window began, though its process was
        scraped then, or began to count later, has counted from 0 within the window: what it shows
        at last is by how much it grew. Where nothing was scraped at that time, it may have been
        there before, and where it was reset, its last value is not all: `increase` says what there is.
        """
        return f"""\
  last_over_time({series}{self.range})
    unless {series} offset {self.beginning}
    unless resets({series}{self.range}) > 0
    and on (job, instance) (
      {scraped.present} offset {self.beginning}
      or max_over_time({scraped.started}{self.range}) > time() - {self.age!r}
    )
  or increase({series}{self.range})"""


@dataclass(frozen=True, slots=True)
class Recorder:
    """Recorded series of one window and slicing, each computed once.

    `labels` are those that series are summed up by, the policy's first; `records` is added to: the
    expression by the name of the series.
    """

    window: Window
    labels: tuple[str, ...]
    scraped: Scraped
    records: dict[str, str] = field(default_factory=dict[str, str])

    def increase(self, part: str, counters: Counters, *series: str, results: str = "") -> str:
        """The recorded increase of the first series, less that of others, as an expression.

        `part` names it; `results` chooses among records by how they count.
        """
        chosen = f'policy="{counters.policy}"' + (f', result=~"{results}"' if results else "")
        chosen += counters.of_slices(self.labels)
        whole, *less = (self._summed(f"{one}{{{chosen}}}") for one in series)
        return self.record(part, counters, " - ".join([whole, *less]))

    def bucket(self, part: str, counters: Counters, bound: float) -> str:
        """The recorded increase of a histogram's bucket."""
        chosen = f'policy="{counters.policy}", le="{bound!r}"{counters.of_slices(self.labels)}'
        summed = self._summed(f"{counters.histogram}_bucket{{{chosen}}}")
        return self.record(part, counters, summed)

    def _summed(self, series: str) -> str:
        by = ", ".join(self.labels)
        return f"sum by ({by}) (\n{self.window.increase(series, self.scraped)}\n)"

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
