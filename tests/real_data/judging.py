"""Gates over records, as tests ask of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import demur
from demur.gate.run import PolicyFile, Sources, run_gate
from demur.measure.records.connecting import connect
from demur.measure.results import GateResult, Judgement, Requirement
from demur.measure.thresholds import gates


@dataclass(frozen=True)
class Gates:
    """The gates of a policy in a folder that has records too."""

    folder: Path
    policy: str

    def judged(
        self,
        gate: str,
        results: str,
        baseline: str | None = None,
        parameters: Mapping[str, float] | None = None,
    ) -> GateResult:
        """What the gate finds over these files of the folder."""
        path = self.folder / self.policy
        evaluator = demur.load(path, parameters=parameters)
        before = () if baseline is None else (str(self.folder / baseline),)
        return run_gate(
            evaluator,
            gates(evaluator)[gate],
            Sources((str(self.folder / results),), before),
            connect(None),
            file=PolicyFile(path.as_posix(), path.read_text("utf-8"), self.folder, {}),
        )


def required(result: GateResult, metric: str) -> Requirement:
    """The result's one requirement of the metric."""
    (found,) = [one for one in result.requirements if one.metric == metric]
    return found


def counted(judgement: Judgement) -> tuple[int, int]:
    """A rate as whole numbers: in how many records it holds, and of how many. None is unknown."""
    measured = judgement.measured
    assert measured.unknown == 0
    assert measured.value is not None
    count = round(measured.value * measured.samples)
    assert measured.value == count / measured.samples
    return count, measured.samples


def sliced(requirement: Requirement) -> dict[str, Judgement]:
    """The judgements of the slices, by the slice's values."""
    return {
        " ".join(value for _, value in one.slice.of).strip() or str(one.slice): one
        for one in requirement.judgements[1:]
    }
