"""What single records add to one aggregate, with whatever is unknown taken for its worst."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from demur.measure.summaries import interpolated

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Contributions:
    """One aggregate's contributions, unknown ones at the worst: numbers, and whether each counts.

    `second` are a ratio's divisors.
    """

    kind: str
    share: float
    values: Numbers
    kept: NDArray[np.bool_]
    second: Numbers | None = None

    def value(self, rows: NDArray[np.intp]) -> float:
        """The aggregate over these rows, some of them several times; NaN where it has no value."""
        kept = rows[self.kept[rows]]
        if self.kind == "count":
            return float(self.values[kept].sum())
        if not len(kept):
            return 0.0 if self.kind == "sum" else float("nan")
        values = self.values[kept]
        match self.kind:
            case "rate" | "mean":
                return float(values.mean())
            case "sum":
                return float(values.sum())
            case "min":
                return float(values.min())
            case "max":
                return float(values.max())
            case "ratio":
                assert self.second is not None
                divisor = float(self.second[kept].sum())
                return float(values.sum()) / divisor if divisor else float("nan")
            case _:
                found = interpolated(values, self.share)
                return float("nan") if found is None else found

    @property
    def adds_up(self) -> bool:
        """Whether the aggregate is a function of sums over the records."""
        return self.kind in ("rate", "mean", "sum", "count", "ratio")

    def within(self, members: NDArray[np.bool_]) -> Contributions:
        """Of these records alone."""
        return replace(self, kept=self.kept & members)

    def terms(self, rows: NDArray[np.intp]) -> Numbers:
        """What each row adds to the sums: above the fraction line, and below it."""
        kept = self.kept[rows]
        above = np.where(kept, self.values[rows], 0.0)
        if self.kind in ("sum", "count"):
            return np.stack([above, np.zeros(len(rows))], axis=1)
        below = kept.astype(float)
        if self.second is not None:
            below = np.where(kept, self.second[rows], 0.0)
        return np.stack([above, below], axis=1)

    def of_sums(self, sums: Numbers) -> float:
        """The aggregate by the two sums."""
        if self.kind in ("sum", "count"):
            return float(sums[0])
        return float(sums[0] / sums[1]) if sums[1] else float("nan")
