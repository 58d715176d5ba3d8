"""Which slices are worst, and how a verdict is shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from demur.measure.results import VERDICTS, Judgement, Requirement, Slice, worst
from demur.report.gates.wording import GLYPHS, beyond
from demur.report.html.element import element

SHOWN = 200
"""Slices that a drawing shows, the worst ones; how many more there are is said."""


@dataclass(frozen=True, slots=True)
class Row:
    """A slice with what each requirement that looks at it found, by the requirement's index."""

    slice: Slice
    cells: Mapping[int, Judgement]


def mark(verdict: str, *, word: bool = True) -> Element:
    """The verdict as a sign and a word; without `word` only a screen reader gets to read that."""
    return element(
        "span",
        element("span", GLYPHS[verdict], class_="glyph", aria_hidden="true"),
        " ",
        element("span", verdict, class_=None if word else "hidden"),
        class_=f"mark {verdict}",
    )


def farthest(requirement: Requirement) -> float:
    """The greatest distance from the limit, on either side, over the slices; at least a trifle."""
    return max(_distances(requirement), default=0.0) or 1.0


def rows_by_damage(requirements: Sequence[Requirement]) -> list[Row]:
    """The slices of all requirements, worst first.

    First counts the worst verdict among requirements that block, then among all, then how far the
    slice lies beyond a limit, as a share of the farthest that any slice lies from it.
    """
    found: dict[Slice, dict[int, Judgement]] = {}
    for index, requirement in enumerate(requirements):
        for one in requirement.judgements[1:]:
            found.setdefault(one.slice, {})[index] = one
    reach = [farthest(one) for one in requirements]

    def key(row: Row) -> tuple[int, int, float]:
        shares = (
            (beyond(requirements[index], one) or 0.0) / reach[index]
            for index, one in row.cells.items()
        )
        blocking = worst(
            one.verdict for index, one in row.cells.items() if requirements[index].level == "fail"
        )
        every = worst(one.verdict for one in row.cells.values())
        return -VERDICTS.index(blocking), -VERDICTS.index(every), -max(shares)

    return sorted((Row(of, cells) for of, cells in found.items()), key=key)


def requirements_by_damage(requirements: Iterable[Requirement]) -> list[Requirement]:
    """What blocks the release first, then what warns, then the rest, each in the policy's order."""
    return sorted(
        requirements,
        key=lambda one: (
            -VERDICTS.index(one.verdict) if one.level == "fail" else 0,
            -VERDICTS.index(one.verdict),
        ),
    )


def _distances(requirement: Requirement) -> Iterable[float]:
    for one in requirement.judgements[1:]:
        far = beyond(requirement, one)
        if far is not None:
            yield abs(far)
