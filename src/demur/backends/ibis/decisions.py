"""The decision of every record as columns: the strictest response of the rules that spoke."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import reduce

import ibis
from ibis.expr import datatypes as dt

from demur.backends.ibis.functions import Column, negated
from demur.backends.ibis.lowering import Unsupported
from demur.policy import ANSWERED, STRICTNESS, Response, Rule


@dataclass(frozen=True)
class Spoken:
    """A rule's response in one state, whether it was given, and its rank among all responses."""

    rule: Rule
    response: Response
    given: Column
    rank: int


class DecisionColumns:
    """What `decision` says of each record.

    `conditions` are the rules' conditions in file order, NULL where unknown. A response's rank is
    its action's strictness first and its place in the file second, so the greatest rank decides.
    """

    def __init__(self, rules: Iterable[Rule], conditions: Iterable[Column], stage: str) -> None:
        self._stage = stage
        pairs = list(zip(rules, conditions, strict=True))
        self._size = 2 * len(pairs)
        self._spoken: list[Spoken] = []
        for at, (rule, condition) in enumerate(pairs):
            self._add(rule, rule.response, condition.fill_null(False), 2 * at)
            if rule.on_unknown is not None:
                self._add(rule, rule.on_unknown, condition.isnull(), 2 * at + 1)

    def _add(self, rule: Rule, response: Response, given: Column, place: int) -> None:
        rank = STRICTNESS[response.action] * self._size + self._size - 1 - place
        self._spoken.append(Spoken(rule, response, given, rank))

    def rank(self) -> Column:
        """The deciding response's rank; -1 where no rule spoke."""
        nothing = ibis.literal(-1, dt.int16)
        strictest = sorted(self._spoken, key=lambda one: -one.rank)
        branches = [(one.given, ibis.literal(one.rank, dt.int16)) for one in strictest]
        return ibis.cases(*branches, else_=nothing) if branches else nothing

    def column(self, name: str, rank: Column) -> Column:
        """`decision.NAME`, given the column of ranks. Raises `Unsupported`."""
        match name:
            case "action":
                return self._by_rank(
                    rank, {one.rank: one.response.action for one in self._spoken}, "answer"
                )
            case "answered" | "declined":
                strictest = max(STRICTNESS[action] for action in ANSWERED)
                answered = rank < (strictest + 1) * self._size
                return answered if name == "answered" else negated(answered)
            case "rule":
                return self._by_rank(rank, {one.rank: one.rule.name for one in self._spoken}, "")
            case "failure":
                named = {one.rank: one.response.failure or "" for one in self._spoken}
                return self._by_rank(rank, named, "")
            case "failures":
                return self._list(self._failures())
            case "rules":
                return self._list((one.rule.name, one.given) for one in self._spoken)
            case "stage":
                return ibis.literal(self._stage)
            case _:
                raise Unsupported(f"decision.{name}: the reasons are known to Python alone")

    def has_member(self, name: str, value: str) -> Column | None:
        """Whether a failure or rule is among the decision's, without making their list."""
        if name not in ("failures", "rules"):
            return None
        given = [
            one.given
            for one in self._spoken
            if value == (one.rule.name if name == "rules" else one.response.failure)
        ]
        return reduce(lambda left, right: left | right, given, ibis.literal(False))

    def _by_rank(self, rank: Column, values: Mapping[int, str], otherwise: str) -> Column:
        """A text by the deciding response; equal neighbours are one comparison."""
        branches: list[tuple[Column, str]] = []
        last: str | None = None
        for one in sorted(values, reverse=True):
            if values[one] == last and branches:
                branches.pop()
            branches.append((rank >= one, values[one]))
            last = values[one]
        return ibis.cases(*branches, else_=otherwise) if branches else ibis.literal(otherwise)

    def _failures(self) -> Iterable[tuple[str, Column]]:
        """Each failure with when it is listed at this place: where no earlier response has it."""
        earlier: dict[str, Column] = {}
        for one in self._spoken:
            failure = one.response.failure
            if failure is None:
                continue
            before = earlier.get(failure)
            yield failure, one.given if before is None else one.given & ~before
            earlier[failure] = one.given if before is None else before | one.given

    def _list(self, members: Iterable[tuple[str, Column]]) -> Column:
        parts = [ibis.cases((given, name), else_=ibis.null(dt.string)) for name, given in members]
        if not parts:
            return ibis.literal([], dt.Array(value_type=dt.string))
        return ibis.array(parts).filter(lambda part: part.notnull())
