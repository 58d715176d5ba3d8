"""What `demur gate` cannot judge: each error with its code and exit status 4, never a pass."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from demur.cli import cli
from tests.gate.running import policy, record, records, with_metrics, write

Rows = Sequence[Mapping[str, Any]]


def judged(path: Path, rows: Rows, baseline: Rows | None = None) -> Result:
    arguments = ["gate", str(path), "--results", write(path.with_name("now.jsonl"), rows)]
    if baseline is not None:
        arguments += ["--baseline", write(path.with_name("before.jsonl"), baseline)]
    return CliRunner().invoke(cli, arguments)


def without(rows: Rows, stage: str) -> list[dict[str, Any]]:
    return [{key: value for key, value in row.items() if key != stage} for row in rows]


@pytest.mark.parametrize("confidence", ["", "confidence: 0.95"])
@pytest.mark.parametrize(
    ("code", "requirement", "rows", "baseline"),
    [
        ("DM810", "wrong_answers <= 1", records(9, score=0.1), None),
        ("DM810", "tagged <= 1", records(9, tags=None), None),
        ("DM811", "wrong <= 1", [*records(5), *records(1)], None),
        ("DM811", "wrong <= baseline", records(5), [*records(5), *records(1)]),
        ("DM812", "wrong <= baseline", records(4), records(5)),
        ("DM812", "wrong <= 1", records(4), records(5)),
        ("DM814", "wrong <= baseline", records(5), None),
        ("DM816", "cost <= 1", [*records(9), record("odd", cost=None)], None),
        ("DM816", "cost <= 1", [*records(9), record("odd", cost=float("nan"))], None),
        ("DM816", "cost <= 1", [*records(9), record("odd", cost=float("inf"))], None),
        ("DM816", "cost <= 1", [*records(9), record("odd", cost="0.1")], None),
        ("DM816", "per_answer <= 9", [*records(9), record("odd", cost=None)], None),
        ("DM817", "per_point <= 1", records(9, judged=0.0), None),
        ("DM817", "per_wrong <= 1", records(9), None),
        ("DM818", "wrong <= baseline", [*records(5), record(None)], records(5)),
        ("DM819", "cost <= baseline", records(9), records(9, cost=None)),
        ("DM819", "wrong_answers <= baseline", records(9), records(9, score=0.1)),
        ("DM819", "tagged <= baseline", records(9), records(9, tags=None)),
        ("DM820", "wrong <= 1", [], None),
    ],
)
def test_an_error_has_its_code_and_status_4(
    tmp_path: Path, confidence: str, code: str, requirement: str, rows: Rows, baseline: Rows | None
) -> None:
    path = with_metrics(
        policy(tmp_path, confidence, requirement),
        "tagged: rate(outcome.correct == false, size(request.tags) > 0)",
        "per_wrong: mean(answer.cost) / rate(outcome.correct == false)",
        "per_answer: sum(answer.cost) / count(decision.answered)",
    )
    found = judged(path, rows, baseline)
    assert found.exit_code == 4, found.output
    assert code in found.output


@pytest.mark.parametrize("confidence", ["", "confidence: 0.95"])
def test_a_slice_that_the_baseline_had_and_this_run_lost_is_dm815(
    tmp_path: Path, confidence: str
) -> None:
    path = policy(tmp_path, f"by: [request.tenant]\n{confidence}", "wrong <= baseline + 1")
    before = [*records(10), *records(5, start=10, tenant="b")]
    found = judged(path, records(15), before)
    assert found.exit_code == 4, found.output
    assert "DM815" in found.output


def test_a_baseline_of_other_cases_with_an_empty_file_is_an_error(tmp_path: Path) -> None:
    found = judged(policy(tmp_path, "", "wrong <= baseline"), records(5), [])
    assert found.exit_code == 4
    assert "DM820" in found.output


def test_a_suite_case_without_a_result_is_dm813(tmp_path: Path) -> None:
    (tmp_path / "cases.jsonl").write_text('{"id": "c0000"}\n{"id": "c0007"}\n', "utf-8")
    found = judged(policy(tmp_path, "", "wrong <= 1"), records(5))
    assert found.exit_code == 4
    assert "DM813" in found.output
    assert "c0007" in found.output


# Files from outside.

GOOD = [json.dumps(one) for one in records(3)]
DEEP = '{"id": "deep", "answer": {"score": ' + "[" * 5000 + "]" * 5000 + "}}"


@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xfe\x00\x01 not text",
        "\n".join([*GOOD, '{"id": "cut", "answer": {"sco']).encode(),
        "\n".join([*GOOD, "[1, 2]"]).encode(),
        "\n".join([*GOOD, '"text"']).encode(),
        "\n".join([*GOOD, '{"id": "d", "id": "e"}']).encode(),
        b"\x1f\x8b\x08\x00garbage",
        b"",
        b"\n\n\n",
    ],
    ids=["bytes", "cut", "list", "text", "twice", "gzip", "empty", "blank"],
)
def test_results_that_are_no_records_are_an_error_without_a_traceback(
    tmp_path: Path, content: bytes
) -> None:
    path = policy(tmp_path, "", "wrong <= 0.9", "low <= 0.9")
    (tmp_path / "r.jsonl").write_bytes(content)
    found = CliRunner().invoke(cli, ["gate", str(path), "--results", str(tmp_path / "r.jsonl")])
    assert found.exit_code == 4, found.output
    assert "Internal error" not in found.output


@pytest.mark.parametrize(
    "value", ["1e999", "-1e999", "9" * 400, "1" + "0" * 30, '"\\ud800"', "{}", "[[]]", "NaN"]
)
def test_an_odd_value_is_unknown_and_counts_as_the_worst(tmp_path: Path, value: str) -> None:
    path = policy(tmp_path, "", "grade >= 3.0", "low <= 0.1")
    odd = f'{{"id": "odd", "answer": {{"score": {value}, "cost": 1, "judged": {value}}}}}'
    (tmp_path / "r.jsonl").write_text("\n".join([*GOOD, odd]), "utf-8")
    arguments = ["gate", str(path), "--results", str(tmp_path / "r.jsonl"), "--format", "json"]
    found = CliRunner().invoke(cli, arguments)
    assert found.exit_code in (0, 1), found.output
    grade, _ = json.loads(found.output)["requirements"]
    measured = grade["judgements"][0]["measured"]
    assert (measured["unknown"], measured["value"]) == (1, 3.0)


@pytest.mark.parametrize(
    ("start", "ends"), [(b"\xef\xbb\xbf", b"\n"), (b"", b"\r\n"), (b"", b"\n\n")]
)
def test_marks_of_other_systems_change_nothing(tmp_path: Path, start: bytes, ends: bytes) -> None:
    path = policy(tmp_path, "", "wrong <= 0.4")
    lines = [json.dumps(one).encode() for one in records(10, wrong=3)]
    (tmp_path / "r.jsonl").write_bytes(start + ends.join(lines) + ends)
    arguments = ["gate", str(path), "--results", str(tmp_path / "r.jsonl"), "--format", "json"]
    found = CliRunner().invoke(cli, arguments)
    assert found.exit_code == 0, found.output
    assert json.loads(found.output)["records"] == 10


def test_slices_of_any_text_are_kept_apart(tmp_path: Path) -> None:
    names = [
        "ü",
        "u\u0308",
        " ",
        "",
        "日本",
        "a = b, c",
        "(none)",
        "x" * 500,
        "\u202e",
        "\t",
        "'; --",
    ]
    path = policy(tmp_path, "by: [request.tenant]", "wrong <= 1")
    rows = [record(f"c{at}", tenant=name) for at, name in enumerate(names)]
    arguments = ["gate", str(path), "--results", write(tmp_path / "r.jsonl", rows)]
    formats = ("text", "json", "junit", "sarif", "github", "markdown", "html")
    for one in formats:
        found = CliRunner().invoke(cli, [*arguments, "--format", one])
        assert found.exit_code == 0, (one, found.output)
        if one == "json":
            (requirement,) = json.loads(found.output)["requirements"]
            assert len(requirement["judgements"]) == 1 + len(names)


@pytest.mark.parametrize(
    "costs",
    [
        [2**53 + 1, 2**53 + 3],
        [2**62, 2**62],
        [1e300, 1e300 * (1 + 1e-15)],
        [-1.7e308, 1.7e308],
        [0.0, 5e-324],
    ],
)
def test_numbers_at_the_ends_of_what_doubles_tell_apart_are_reported(
    tmp_path: Path, costs: list[float]
) -> None:
    path = policy(tmp_path, "confidence: 0.9", "cost <= 1e308", "cost_p90 <= 1e308")
    text = path.read_text("utf-8")
    if isinstance(costs[0], int):
        path.write_text(text.replace("cost: {type: double,", "cost: {type: int,"), "utf-8")
        text = path.read_text("utf-8")
        path.write_text(
            text.replace("ratio(answer.cost, answer.judged)", "mean(answer.cost)"), "utf-8"
        )
    rows = [record(f"c{at}", cost=costs[at % 2]) for at in range(60)]
    results = write(tmp_path / "r.jsonl", rows)
    for name in ("text", "html", "json"):
        found = CliRunner().invoke(cli, ["gate", str(path), "--results", results, "--format", name])
        assert found.exit_code in (0, 1, 3, 4), found.output
        assert "Internal error" not in found.output
