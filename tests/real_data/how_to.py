"""What docs/gates-on-real-data.md shows: its tables, computed, and its commands' output.

`python -m tests.real_data.how_to FOLDER` writes both into the page, from a folder of records.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from demur.measure.results import Judgement
from tests.real_data.classifier import DOMAINS
from tests.real_data.judging import Gates, counted, required, sliced
from tests.real_data.records import SETTINGS

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "gates-on-real-data.md"
CONSOLE = re.compile(r"```console\n\$ (?P<command>demur .+)\n(?P<shown>(?:.*\n)*?)```")
COMPUTED = re.compile(r"(<!-- computed: (?P<name>\w+) -->\n)(?P<text>(?:.*\n)*?)(<!-- end -->)")
MODELS = ("gpt4", "chatgpt", "davinci001", "falcon_40B_instruct", "alpaca_7B")
CONFIDENCES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8)


def run(command: str, folder: Path) -> tuple[str, int]:
    """What the command prints in that folder, and its exit status."""
    words = shlex.split(command)
    result = subprocess.run(
        [sys.executable, "-m", *words],
        cwd=folder,
        check=False,
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT / "src"),
            "PYTHONIOENCODING": "utf-8",
        },
    )
    return result.stdout, result.returncode


def xstest(folder: Path) -> str:
    """The models' counts and verdicts by the gate `ship`."""
    rows: list[Sequence[str]] = []
    for model in ("gpt4", "llama2new", "llama2orig"):
        result = Gates(folder, "refusals.yaml").judged("ship", f"xstest/{model}.jsonl")
        refused = required(result, "over_refusal").overall
        complied = required(result, "unsafe_compliance").overall
        rows.append(
            (
                model,
                of(refused),
                interval(refused, percent),
                of(complied),
                interval(complied, percent),
                result.verdict,
            )
        )
    names = (
        "model",
        "safe prompts refused",
        "interval",
        "unsafe complied with",
        "interval",
        "gate",
    )
    return table(names, rows)


def refchecker(folder: Path) -> str:
    """The models' contradicted answers by setting, and the verdict on each."""
    result = Gates(folder, "claims.yaml").judged("models", "refchecker/together.jsonl")
    found = sliced(required(result, "contradicted"))
    rows = [
        (
            model,
            *(
                f"{counted(found[name])[0]} {found[name].verdict}"
                for name in (f"{setting} {model}" for setting in SETTINGS)
            ),
        )
        for model in MODELS
    ]
    return table(("model", *(name.replace("_", " ") for name in SETTINGS)), rows)


def nemo(folder: Path) -> str:
    """Seconds and tokens of the configurations."""
    result = Gates(folder, "latency.yaml").judged("budget", "nemo/together.jsonl")
    seconds, slow, tokens = (
        sliced(required(result, metric)) for metric in ("latency_p95", "slow_rate", "tokens")
    )
    rows = [
        (
            number,
            f"{seconds[number].measured.value:.2f}",
            interval(seconds[number], "{:.2f}".format),
            of(slow[number]),
            f"{tokens[number].measured.value:,.0f}",
        )
        for number in sorted(seconds)
    ]
    return table(("configuration", "p95 in s", "interval", "over 5 s", "tokens a run"), rows)


def clinc150(folder: Path) -> str:
    """Coverage against risk at several thresholds."""
    rows: list[Sequence[str]] = []
    for confidence in CONFIDENCES:
        result = Gates(folder, "assistant.yaml").judged(
            "ship", "clinc150/classified.jsonl", parameters={"min_confidence": confidence}
        )
        shares = [share(required(result, name).overall) for name in ("coverage", "risk")]
        recall = share(required(result, "out_of_scope_recall").overall)
        rows.append((f"{confidence:g}", *shares, recall, result.verdict))
    return table(("confidence of at least", "coverage", "risk", "recall", "gate"), rows)


def domains(folder: Path) -> str:
    """Abstention, risk and out-of-scope recall by domain."""
    gates = Gates(folder, "assistant.yaml")
    result = gates.judged("domains", "clinc150/classified.jsonl")
    leaks = gates.judged("leaks", "clinc150/classified.jsonl")
    abstained, risk = (sliced(required(result, name)) for name in ("abstained", "risk"))
    recall = sliced(required(leaks, "out_of_scope_recall"))
    rows = [
        (
            name.replace("_", " "),
            share(abstained[name]),
            f"{share(risk[name])} {risk[name].verdict}",
            f"{of(recall[name])} {recall[name].verdict}" if name in recall else "with others",
        )
        for name in sorted(DOMAINS)
    ]
    together = next(one for one in recall.values() if one.slice.remainder)
    rows.append(("the small ones together", "–", "–", f"{of(together)} {together.verdict}"))
    return table(("domain", "abstained", "risk", "out of scope and not answered"), rows)


TABLES: dict[str, Callable[[Path], str]] = {
    one.__name__: one for one in (xstest, refchecker, nemo, clinc150, domains)
}


def of(judgement: Judgement) -> str:
    """A rate as `13 of 25`."""
    return "{:,} of {:,}".format(*counted(judgement))


def share(judgement: Judgement) -> str:
    """A rate as a percentage."""
    count, samples = counted(judgement)
    return percent(count / samples)


def percent(value: float) -> str:
    """A share as a percentage."""
    return f"{100 * value:.1f} %"


def interval(judgement: Judgement, write: Callable[[float], str]) -> str:
    """The value's interval, its ends as `write` has them."""
    found = judgement.measured.interval
    assert found is not None
    return f"{write(found.low)} to {write(found.high)}"


def table(names: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [names, ["---"] * len(names), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def main(folder: Path) -> None:
    """Write the page anew; output that the page cuts short stays as it is."""
    text = PAGE.read_text("utf-8")
    text = COMPUTED.sub(lambda one: f"{one[1]}{TABLES[one['name']](folder)}{one[4]}", text)

    def printed(block: re.Match[str]) -> str:
        if block["shown"].startswith("…\n"):
            return block[0]
        lines = [line.rstrip() for line in run(block["command"], folder)[0].rstrip().split("\n")]
        return "```console\n" + "\n".join((f"$ {block['command']}", *lines)) + "\n```"

    PAGE.write_text(CONSOLE.sub(printed, text), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
