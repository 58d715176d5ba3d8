"""The decision of every record as columns: the strictest response of the first stage that stops."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce

import ibis
from ibis.expr import datatypes as dt

from demur.backends.ibis.functions import Column, negated
from demur.backends.ibis.lowering import Unsupported
from demur.policy import INCOMPLETE, STRICTNESS, Response, Rule


@dataclass(frozen=True)
class Spoken:
    """A rule's response in one state, and whether it was given: by a rule that was asked, or would be."""

    rule: Rule
    response: Response
    given: Column


@dataclass(frozen=True)
class Line:
    """What a journal says of how far each request went: the stage it was asked at, by its number, and
    whether it broke off there.
    """

    asked: Column
    is_incomplete: Column


class DecisionColumns:
    """What `decision` says of each record.

    `conditions` are the rules' conditions in file order, NULL where unknown. All responses are in one
    order, and the last that was given decides: those that let the request go on come first, by
    strictness, then those that stop it, of later stages first. So of the responses that stop, those of
    the first stage decide, among them the strictest, and among equals the first in the file.
    """

    def __init__(
        self,
        rules: Iterable[Rule],
        conditions: Iterable[Column],
        stages: Sequence[str],
        line: Line | None = None,
    ) -> None:
        self._stages = stages
        self._line = line
        self._spoken: list[Spoken] = []
        for rule, condition in zip(rules, conditions, strict=True):
            self._add(rule, rule.response, condition.fill_null(False))
            if rule.on_unknown is not None:
                self._add(rule, rule.on_unknown, condition.isnull())
        places = range(len(self._spoken))
        self._ordered = [self._spoken[at] for at in sorted(places, key=self._strength)]
        self._milder = sum(not one.response.stops for one in self._spoken)

    def _add(self, rule: Rule, response: Response, given: Column) -> None:
        if self._line is not None and rule.stage > 0:
            given = given & (self._line.asked >= rule.stage)
        self._spoken.append(Spoken(rule, response, given))

    def _strength(self, place: int) -> tuple[int, int, int]:
        one = self._spoken[place]
        stage = self._last - one.rule.stage if one.response.stops else -1
        return stage, STRICTNESS[one.response.action], -place

    @property
    def _last(self) -> int:
        return max(len(self._stages) - 1, 0)

    def rank(self) -> Column:
        """The deciding response's place in the order; -1 where no rule spoke."""
        nothing = ibis.literal(-1, dt.int16)
        strongest = [*enumerate(self._ordered)][::-1]
        branches = [(one.given, ibis.literal(at, dt.int16)) for at, one in strongest]
        return ibis.cases(*branches, else_=nothing) if branches else nothing

    def column(self, name: str, rank: Column) -> Column:
        """`decision.NAME`, given the column of ranks. Raises `Unsupported`."""
        match name:
            case "action":
                action = self._by_rank(
                    rank, [one.response.action for one in self._ordered], "answer"
                )
                return self._unless_broken_off(rank, action, ibis.literal(INCOMPLETE))
            case "answered" | "declined":
                answered = rank < self._milder
                found = answered if name == "answered" else negated(answered)
                return self._unless_broken_off(rank, found, ibis.null(dt.boolean))
            case "rule":
                return self._by_rank(rank, [one.rule.name for one in self._ordered], "")
            case "failure":
                return self._by_rank(
                    rank, [one.response.failure or "" for one in self._ordered], ""
                )
            case "failures":
                return self._list(self._failures(rank))
            case "rules":
                return self._list((one.rule.name, self._given(one, rank)) for one in self._spoken)
            case "stage":
                return self._stage(rank)
            case "further":
                return self._further(rank)
            case _:
                raise Unsupported(f"decision.{name}: the reasons are known to Python alone")

    def has_member(self, name: str, value: str, rank: Column) -> Column | None:
        """Whether a failure or rule is among the decision's, without making their list."""
        if name not in ("failures", "rules"):
            return None
        given = [
            self._given(one, rank)
            for one in self._spoken
            if value == (one.rule.name if name == "rules" else one.response.failure)
        ]
        return reduce(lambda left, right: left | right, given, ibis.literal(False))

    def reached(self, stage: int, rank: Column) -> Column:
        """Whether the record came to the stage: none before it stopped it, and it did not break off."""
        found = self._passed(stage, rank)
        if self._line is not None and stage > 0:
            found = found & (self._line.asked >= stage)
        return found

    def _passed(self, stage: int, rank: Column) -> Column:
        """Whether no stage before this one stopped the record."""
        earlier = [at for at, one in enumerate(self._ordered) if self._stops_before(one, stage)]
        return rank < min(earlier) if earlier else ibis.literal(True)

    def _stops_before(self, one: Spoken, stage: int) -> bool:
        return one.response.stops and one.rule.stage < stage

    def _given(self, one: Spoken, rank: Column) -> Column:
        """Whether the response was given, by a rule of a stage that the record came to."""
        earlier = any(self._stops_before(other, one.rule.stage) for other in self._ordered)
        return one.given & self._passed(one.rule.stage, rank) if earlier else one.given

    def _stage(self, rank: Column) -> Column:
        """The stage that stopped the record, else the last that was asked."""
        names = self._stages or [""]
        last = ibis.literal(names[-1])
        if self._line is not None and len(names) > 1:
            branches = [(self._line.asked == at, name) for at, name in enumerate(names[:-1])]
            last = ibis.cases(*branches, else_=names[-1])
        if self._milder == len(self._ordered):
            return last
        stops = self._by_rank(
            rank, [names[one.rule.stage] if one.response.stops else "" for one in self._ordered], ""
        )
        return ibis.cases((rank < self._milder, last), else_=stops)

    def _further(self, rank: Column) -> Column:
        """Whether a record that was not served was stopped by what is unknown alone."""
        if self._line is not None or self._milder == len(self._ordered):
            return ibis.literal(False)
        held = [
            self._given(one, rank)
            for one in self._spoken
            if one.response.stops and one.response is one.rule.response
        ]
        return negated(reduce(lambda left, right: left | right, held, rank < self._milder))

    def _unless_broken_off(self, rank: Column, value: Column, otherwise: Column) -> Column:
        if self._line is None:
            return value
        broke_off = self._line.is_incomplete & (rank < self._milder)
        return ibis.cases((broke_off, otherwise), else_=value)

    def _by_rank(self, rank: Column, values: Sequence[str], otherwise: str) -> Column:
        """A text by the deciding response; equal neighbours are one comparison."""
        branches: list[tuple[Column, str]] = []
        last: str | None = None
        for at in reversed(range(len(values))):
            if values[at] == last and branches:
                branches.pop()
            branches.append((rank >= at, values[at]))
            last = values[at]
        return ibis.cases(*branches, else_=otherwise) if branches else ibis.literal(otherwise)

    def _failures(self, rank: Column) -> Iterable[tuple[str, Column]]:
        """Each failure with when it is listed at this place: where no earlier response has it."""
        earlier: dict[str, Column] = {}
        for one in self._spoken:
            failure = one.response.failure
            if failure is None:
                continue
            before, given = earlier.get(failure), self._given(one, rank)
            yield failure, given if before is None else given & ~before
            earlier[failure] = given if before is None else before | given

    def _list(self, members: Iterable[tuple[str, Column]]) -> Column:
        parts = [ibis.cases((given, name), else_=ibis.null(dt.string)) for name, given in members]
        if not parts:
            return ibis.literal([], dt.Array(value_type=dt.string))
        return ibis.array(parts).filter(lambda part: part.notnull())
