"""Decisions of a journal made again: they must come out the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from demur.policy import Shape
from demur.runtime.evaluator import Evaluator
from demur.runtime.personal import without_personal_keys
from demur.service.journal.forms import restored
from demur.service.journal.reading import Line
from demur.service.journal.withheld import WITHHELD, noted, withhold

COMPARED = ("action", "stage", "rule", "rules", "failure", "failures", "unknown")
"""What of a decision must be the same."""
Verdict = Literal["same", "different", "withheld", "other_policy"]


@dataclass(frozen=True, slots=True)
class Replayed:
    """A line decided again.

    `withheld` where the rules turn on a signal that the journal masks, `signals`, so that nothing can
    be said; `other_policy` where another policy decided, and it was not asked for. `before` and
    `after` are the decision as it stands there and as it comes out; `after` is empty where the policy
    has not the stage. `is_other_policy` says that the digests differ.
    """

    line: Line
    verdict: Verdict
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    signals: tuple[str, ...] = ()
    is_other_policy: bool = False


class Replay:
    """Decides lines of a journal by one policy, those of other digests only with `any_digest`."""

    def __init__(self, evaluator: Evaluator, *, any_digest: bool = False) -> None:
        self._evaluator = evaluator
        self._any_digest = any_digest
        self._shapes = evaluator.policy.stages

    def decide(self, line: Line) -> Replayed:
        """The line's decision made again.

        A personal signal that was masked is unknown here. A decision that is known all the same would
        be the same whatever the value was, since unknown only ever leaves open; any other is withheld.
        """
        demur = line.value["demur"]
        is_other = demur.get("digest") != self._evaluator.digest
        before = recorded(line)
        if is_other and not self._any_digest:
            return Replayed(line, "other_policy", before, {}, is_other_policy=True)
        record = {
            stage: _signals(line.value[stage], shapes)
            for stage, shapes in self._shapes.items()
            if stage in line.value
        }
        for path in noted(demur):
            withhold(record, path, WITHHELD)
        stage = demur.get("stage")
        try:
            # What is no text names no stage either, and cannot be looked up.
            decision = self._evaluator.decide(record, stage if stage is None else str(stage))
        except ValueError:
            return Replayed(line, "different", before, {}, is_other_policy=is_other)
        is_bypassed = demur.get("bypass") is not None
        is_incomplete = demur.get("incomplete") is True and not is_bypassed
        signals = decision.signals(is_incomplete=is_incomplete)
        after = {name: signals[name] for name in COMPARED}
        if is_bypassed:
            # The line has the stage that it went on to, whatever would have stopped it before.
            after["stage"] = before["stage"]
        after["unknown"] = list(dict.fromkeys(map(self._path, after["unknown"])))
        withheld = tuple(
            dict.fromkeys(one.signal for one in decision.unknown if one.kind == WITHHELD.kind)
        )
        if withheld:
            return Replayed(line, "withheld", before, after, withheld, is_other)
        verdict: Verdict = "same" if before == after else "different"
        return Replayed(line, verdict, before, after, (), is_other)

    def _path(self, path: str) -> str:
        return without_personal_keys(path, self._shapes)


def recorded(line: Line) -> dict[str, Any]:
    """The decision that stands in the line, as it was before any bypass."""
    decision = line.value.get("decision")
    decision = decision if isinstance(decision, dict) else {}
    before = {name: decision.get(name) for name in COMPARED}
    if before["action"] == "bypass":
        before["action"] = line.value["demur"].get("bypassed_action")
    return before


def _signals(value: Any, shapes: Mapping[str, Shape]) -> Any:
    """A stage's signals as they were."""
    if not isinstance(value, dict):
        return value
    return {name: restored(part, shapes.get(name)) for name, part in value.items()}
