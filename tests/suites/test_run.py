"""A suite run: a record a case, errors unknown, retries, and runs that go on or are not needed."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from demur.gate.run import Sources, run_gate
from demur.measure.records.connecting import connect
from demur.measure.thresholds import gates
from demur.suites import attempts
from demur.suites.codes import SuiteError, TargetError
from demur.suites.manifest import manifest_path, read_manifest
from demur.suites.results import part_path
from tests.suites.systems import PATIENCE, Made, made, python_system

SURE = "def answer(case): return {'answer': {'score': 0.9}}\n"


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "FIRST_PAUSE", 0.001)


def bounds(suite: Made, metric: str) -> tuple[float | None, int]:
    """The metric over the results, unknown records taken as the worst, and how many those are."""
    gate = gates(suite.policy)["ship"]
    result = run_gate(suite.policy, gate, Sources((str(suite.results),)), connect(None))
    (found,) = [one for one in result.requirements if one.metric == metric]
    return found.overall.measured.value, found.overall.measured.unknown


def test_each_case_becomes_a_record_with_its_own_fields_and_the_systems_signals(
    tmp_path: Path,
) -> None:
    cases = [
        {"id": "b", "question": "Ça va? 👋", "request": {"text": "x"}, "outcome": {"good": True}},
        {"id": 7, "request": {"text": "y"}},
    ]
    suite = made(tmp_path, python_system(tmp_path, SURE), cases)
    outcome = suite.run()
    first, second = suite.records()
    assert list(first) == ["id", "question", "request", "outcome", "answer", "run"]
    assert first["question"] == "Ça va? 👋"
    assert first["outcome"] == {"good": True}
    assert first["answer"] == {"score": 0.9}
    assert (second["id"], second["request"]) == ("7", {"text": "y"})
    assert (outcome.ran, outcome.kept, outcome.errors, outcome.attempts) == (2, 0, {}, 2)
    assert bounds(suite, "low_rate") == (0.0, 0)


def test_results_are_in_the_cases_order_however_they_end(tmp_path: Path) -> None:
    code = "import time\ndef answer(case):\n time.sleep(0.05 * (case['id'] == 'c0'))\n" + (
        " return {'answer': {'score': 0.9}}\n"
    )
    suite = made(tmp_path, python_system(tmp_path, code), 20)
    suite.run(concurrency=10)
    assert [one["id"] for one in suite.records()] == [f"c{at}" for at in range(20)]


def test_the_manifest_says_what_was_run(tmp_path: Path) -> None:
    target = python_system(tmp_path, SURE)
    suite = made(tmp_path, target, 3, "fingerprint: {model: m-1}")
    outcome = suite.run()
    manifest = json.loads(manifest_path(suite.results).read_text("utf-8"))
    assert manifest_path(suite.results).name == "golden.run.json"
    assert manifest["format"] == "demur.run/1"
    assert (manifest["policy"], manifest["suite"]) == ("echo", "golden")
    assert (manifest["target"], manifest["digest"]) == (target, suite.policy.digest)
    assert (manifest["cases"], manifest["errors"]) == (3, 0)
    assert manifest["fingerprint"]["model"] == "m-1"
    assert set(manifest["fingerprint"]) == {"code", "data", "model", "settings"}
    assert manifest["started"] < manifest["finished"]
    assert outcome.manifest == read_manifest(suite.results)
    assert not part_path(suite.results).exists()


def test_an_exception_is_an_error_of_its_case_and_unknown_to_a_gate(tmp_path: Path) -> None:
    code = "def answer(case):\n assert case['id'] != 'c1', 'no'\n" + (
        " return {'answer': {'score': 0.9}}\n"
    )
    suite = made(tmp_path, python_system(tmp_path, code), 4)
    outcome = suite.run()
    record = suite.records()[1]
    assert record["request"] == {"text": "text 1"}
    assert record["error"] == {
        "kind": "exception",
        "message": "AssertionError: no",
        "summary": "AssertionError",
        "attempts": 1,
    }
    assert outcome.errors == {"exception": 1}
    assert bounds(suite, "low_rate") == (0.25, 1)


def test_an_optional_signal_of_a_case_without_an_answer_is_unknown_not_rightly_absent(
    tmp_path: Path,
) -> None:
    suite = made(tmp_path, python_system(tmp_path, "def answer(case): raise ValueError\n"), 2)
    path = tmp_path / "policy.yaml"
    path.write_text(path.read_text("utf-8").replace("[low_rate <= 0.5]", "[noted_badly <= 0.5]"))
    import demur

    suite = Made(tmp_path, demur.load(path))
    suite.run()
    assert bounds(suite, "noted_badly") == (1.0, 2)


def test_signals_that_a_case_brings_never_stand_for_the_systems(tmp_path: Path) -> None:
    case = {"id": "a", "request": {"text": "x"}, "answer": {"score": 0.9}, "error": "old"}
    code = "def answer(case):\n assert case['answer']\n raise ValueError('off')\n"
    suite = made(tmp_path, python_system(tmp_path, code), [case])
    suite.run()
    (record,) = suite.records()
    assert "score" not in record["answer"]
    assert record["error"]["message"] == "ValueError: off"


def test_a_label_of_the_case_goes_before_the_systems(tmp_path: Path) -> None:
    code = "def answer(case): return {'answer': {'score': 1.0}, 'outcome': {'good': True}}\n"
    cases = [{"id": "a", "outcome": {"good": False}}, {"id": "b"}]
    suite = made(tmp_path, python_system(tmp_path, code), cases)
    suite.run()
    assert [one["outcome"] for one in suite.records()] == [{"good": False}, {"good": True}]


@pytest.mark.parametrize(
    ("returned", "said"),
    [
        ("None", "The answer is NoneType, where an object of stages was expected."),
        ("'yes'", "The answer is str"),
        ("{}", "The answer has no signals"),
        ("{'id': 'other', 'answer': {}}", "The answer is of the case 'other', and `c0` was asked."),
        ("{'anwser': {'score': 1}}", "`anwser` is no stage of the policy. Did you mean `answer`?"),
        ("{'answer': [1]}", "`answer` is list, where an object of signals was expected."),
        ("{'request': {'score': 1}}", "`score` stands in `request`, and is a signal of `answer`."),
        ("{'answer': {}, 'error': {}}", "`error` is what the run writes"),
        ("{'answer': {'note': object()}}", "The answer is not JSON: it holds object."),
        ("{'answer': {'note': {1, 2}}}", "The answer is not JSON: it holds set."),
        ("{'answer': {1: 1, '1': 2}}", "stands twice"),
        ("{'answer': {'note': 'x' * 17_000_000}}", "more than 16 MiB"),
        ("{'answer': {'note': deep(500)}}", "nested more than 64 deep"),
        ("{'answer': {'note': deep(100_000)}}", "The answer is not JSON"),
        ("{'answer': {'note': loop()}}", "The answer is not JSON: Circular reference detected."),
    ],
)
def test_an_answer_that_is_no_record_of_the_policy_is_an_error(
    tmp_path: Path, returned: str, said: str
) -> None:
    code = (
        "def deep(n):\n found = []\n for _ in range(n): found = [found]\n return found\n"
        "def loop():\n found = []\n found.append(found)\n return found\n"
        f"def answer(case): return {returned}\n"
    )
    suite = made(tmp_path, python_system(tmp_path, code), 1)
    outcome = suite.run()
    (record,) = suite.records()
    assert outcome.errors == {"invalid": 1}
    assert said in record["error"]["message"]
    assert "score" not in record["answer"]
    assert len(json.dumps(record)) < 6_000


def test_what_an_invalid_answer_was_is_kept_beside_the_signals(tmp_path: Path) -> None:
    code = "def answer(case): return {'answr': {'score': 0.9}}\n"
    suite = made(tmp_path, python_system(tmp_path, code), 1)
    suite.run()
    assert suite.records()[0]["error"]["returned"] == '{"answr": {"score": 0.9}}'


def test_numbers_of_numpy_times_nan_and_lone_surrogates_are_written(tmp_path: Path) -> None:
    code = (
        "import datetime, numpy\n"
        "def answer(case): return {'answer': {'score': numpy.float32(0.5), 'note': '\\ud800', "
        "'at': datetime.datetime(2026, 11, 26), 'latency_ms': float('nan')}}\n"
    )
    suite = made(tmp_path, python_system(tmp_path, code), 1)
    suite.run()
    answer = suite.records()[0]["answer"]
    assert (answer["score"], answer["note"]) == (0.5, "\ud800")
    assert answer["at"] == "2026-11-26T00:00:00"
    assert answer["latency_ms"] != answer["latency_ms"]


def test_what_passes_is_tried_again_and_counted(tmp_path: Path) -> None:
    code = (
        "import time\nseen = {}\n"
        "def answer(case):\n"
        " seen[case['id']] = seen.get(case['id'], 0) + 1\n"
        " if seen[case['id']] < 3: time.sleep(60)\n"
        " return {'answer': {'score': 0.9}}\n"
    )
    suite = made(tmp_path, python_system(tmp_path, code), 2)
    outcome = suite.run(timeout=PATIENCE)
    assert (outcome.errors, outcome.attempts) == ({}, 6)
    assert [one["run"]["attempts"] for one in suite.records()] == [3, 3]


@pytest.mark.parametrize(("more", "attempts"), [("", 1), ("retry_on: [exception]", 3)])
def test_an_exception_is_tried_again_only_where_the_suite_says_so(
    tmp_path: Path, more: str, attempts: int
) -> None:
    suite = made(tmp_path, python_system(tmp_path, "def answer(case): 1 / 0\n"), 1, more)
    assert suite.run().attempts == attempts
    assert suite.records()[0]["error"]["attempts"] == attempts


def test_a_callable_that_hangs_is_timed_out_and_holds_up_nothing(tmp_path: Path) -> None:
    released = tmp_path / "released"
    code = (
        "import time\nfrom pathlib import Path\n"
        "def answer(case):\n"
        f" while case['id'] == 'c0' and not Path({str(released)!r}).exists(): time.sleep(0.01)\n"
        " return {'answer': {'score': 0.9}}\n"
    )
    suite = made(tmp_path, python_system(tmp_path, code), 20)
    # That it ends at all shows that it waits for no thread that hangs.
    outcome = suite.run(timeout=PATIENCE, retries=0, concurrency=2)
    released.touch()
    assert outcome.errors == {"timeout": 1}
    message = suite.records()[0]["error"]["message"]
    assert message == f"There was no answer within {PATIENCE:g} s."


ASYNC = """\
import asyncio, time
class System:
    async def __call__(self, case):
        if case['id'] == 'c0': time.sleep(0.5)
        if case['id'] == 'c1': raise asyncio.CancelledError
        if case['id'] == 'c2': raise SystemExit(3)
        if case['id'] == 'c3': await asyncio.sleep(60)
        await asyncio.sleep(0)
        return {'answer': {'score': 0.9}}
answer = System()
"""


def test_a_coroutine_can_block_cancel_exit_and_hang_without_losing_a_case(tmp_path: Path) -> None:
    suite = made(tmp_path, python_system(tmp_path, ASYNC), 12)
    outcome = suite.run(timeout=PATIENCE, retries=0, concurrency=4)
    records = suite.records()
    kinds = {one["id"]: one["error"]["message"] for one in records if "error" in one}
    assert len(records) == 12
    assert outcome.errors == {"exception": 2, "timeout": 1}
    assert kinds["c1"].startswith("CancelledError")
    assert kinds["c2"] == "SystemExit: 3"
    assert kinds["c3"] == f"There was no answer within {PATIENCE:g} s."


def test_a_case_that_the_system_changes_is_recorded_as_it_was(tmp_path: Path) -> None:
    code = "def answer(case):\n case['request']['text'] = 'no'\n case.clear()\n" + (
        " return {'answer': {'score': 0.9}}\n"
    )
    suite = made(tmp_path, python_system(tmp_path, code), 1)
    suite.run()
    assert suite.records()[0]["request"] == {"text": "text 0"}


def test_the_suite_measures_the_signals_that_it_names(tmp_path: Path) -> None:
    code = "import time\ndef answer(case):\n time.sleep(0.05)\n" + (
        " return {'answer': {'score': 0.9, 'latency_ms': 1.0}}\n"
    )
    suite = made(
        tmp_path, python_system(tmp_path, code), 1, "measure: {answer.latency_ms: latency}"
    )
    suite.run()
    (record,) = suite.records()
    assert 50 <= record["answer"]["latency_ms"] < 10_000
    assert record["run"]["latency_ms"] == round(record["answer"]["latency_ms"], 3)


COUNTING = "calls = []\ndef answer(case):\n calls.append(1)\n return {'answer': {'score': 0.9}}\n"


def test_an_unchanged_suite_is_not_run_again(tmp_path: Path) -> None:
    suite = made(tmp_path, python_system(tmp_path, COUNTING), 3, "fingerprint: {model: m}")
    first, second = suite.run(), suite.run()
    assert (first.is_unchanged, second.is_unchanged) == (False, True)
    assert (second.ran, second.attempts, second.manifest) == (0, 0, first.manifest)
    assert suite.run(fresh=True).ran == 3


@pytest.mark.parametrize("kept", [0, 1, 2])
def test_results_that_lost_a_line_are_not_taken_as_unchanged(tmp_path: Path, kept: int) -> None:
    suite = made(tmp_path, python_system(tmp_path, COUNTING), 3, "fingerprint: {model: m}")
    suite.run()
    lines = suite.results.read_bytes().splitlines(keepends=True)
    suite.results.write_bytes(b"".join(lines[:kept]))
    assert suite.run().ran == 3
    suite.results.write_bytes(b"".join([*lines, lines[0]]))
    assert suite.run().ran == 3


def test_a_suite_that_says_not_what_it_depends_on_is_run_again(tmp_path: Path) -> None:
    suite = made(tmp_path, python_system(tmp_path, COUNTING), 3)
    assert [suite.run().ran, suite.run().ran] == [3, 3]


def test_what_changed_is_said_by_part(tmp_path: Path) -> None:
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts" / "system.md").write_text("Be brief.", "utf-8")
    target = python_system(tmp_path, COUNTING)
    more = "fingerprint: {prompt: ['prompts/*.md'], retrieval: [index.json], model: MODEL}"
    (tmp_path / "index.json").write_text("{}", "utf-8")
    made(tmp_path, target, 3, more).run()
    (tmp_path / "prompts" / "system.md").write_text("Be kind.", "utf-8")
    again = made(tmp_path, target, 4, more.replace("MODEL", "m-2")).run()
    assert again.changed == ("data", "model", "prompt")
    assert again.ran == 4


def test_the_rules_are_no_part_of_what_results_depend_on_but_the_signals_are(
    tmp_path: Path,
) -> None:
    import demur

    suite = made(tmp_path, python_system(tmp_path, COUNTING), 2, "fingerprint: {model: m}")
    suite.run()
    path = tmp_path / "policy.yaml"
    text = path.read_text("utf-8")
    path.write_text(text.replace("score < 0.5", "score < 0.7"), "utf-8")
    other = Made(tmp_path, demur.load(path))
    assert other.policy.digest != suite.policy.digest
    assert other.run().is_unchanged
    path.write_text(text.replace("note: {type: string", "note: {type: dyn"), "utf-8")
    assert Made(tmp_path, demur.load(path)).run().changed == ("settings",)


def test_failed_cases_are_run_again_where_that_is_asked(tmp_path: Path) -> None:
    code = COUNTING.replace(" calls", " assert case['id'] != 'c1' or len(calls) > 5\n calls")
    suite = made(tmp_path, python_system(tmp_path, code), 4, "fingerprint: {model: m}")
    assert suite.run().errors == {"exception": 1}
    assert suite.run().is_unchanged
    (tmp_path / "again.py").write_text("", "utf-8")
    again = suite.run(failed=True)
    assert (again.ran, again.kept) == (1, 3)
    assert [one["id"] for one in suite.records()] == ["c0", "c1", "c2", "c3"]


def test_a_suite_of_which_every_case_failed_is_run_again(tmp_path: Path) -> None:
    code = "def answer(case): raise OSError('down')\n"
    suite = made(tmp_path, python_system(tmp_path, code), 2, "fingerprint: {model: m}")
    assert [suite.run().ran, suite.run().ran] == [2, 2]


def test_some_of_the_cases_are_a_sample_beside_the_results(tmp_path: Path) -> None:
    suite = made(tmp_path, python_system(tmp_path, SURE), 5)
    suite.run()
    whole = suite.results.read_bytes()
    outcome = suite.run(limit=2)
    assert outcome.results == tmp_path / ".demur" / "samples" / "golden.jsonl"
    assert outcome.manifest.selection == {"limit": 2}
    assert suite.run(only=("c3", "c1")).manifest.cases == 2
    assert [json.loads(one)["id"] for one in outcome.results.read_text().splitlines()] == [
        "c1", "c3",
    ]  # fmt: skip
    assert suite.results.read_bytes() == whole


def interrupted(suite: Made, lines: int, cut: bytes = b"") -> None:
    """Leaves what a run that was killed after so many cases leaves."""
    suite.run()
    manifest = json.loads(manifest_path(suite.results).read_text("utf-8"))
    del manifest["finished"]
    kept = suite.results.read_bytes().splitlines(keepends=True)[:lines]
    first = json.dumps(manifest, separators=(",", ":")).encode() + b"\n"
    part_path(suite.results).write_bytes(first + b"".join(kept) + cut)
    suite.results.unlink()
    manifest_path(suite.results).unlink()


@pytest.mark.parametrize(
    "cut", [b"", b'{"id": "c3", "requ', b'{"id": "c3"}', b"\x00\x00\x00\n", b"\xff\n"]
)
def test_an_interrupted_run_goes_on_and_heals_its_last_line(tmp_path: Path, cut: bytes) -> None:
    suite = made(tmp_path, python_system(tmp_path, SURE), 6)
    interrupted(suite, 3, cut)
    outcome = suite.run()
    assert (outcome.kept, outcome.ran) == (3, 3)
    assert [one["id"] for one in suite.records()] == [f"c{at}" for at in range(6)]


@pytest.mark.parametrize("length", [0, 1, 20, 23, 60])
def test_a_run_killed_while_it_wrote_its_first_line_begins_anew(
    tmp_path: Path, length: int
) -> None:
    suite = made(tmp_path, python_system(tmp_path, SURE), 2)
    interrupted(suite, 2)
    part = part_path(suite.results)
    part.write_bytes(part.read_bytes()[:length])
    assert suite.run().ran == 2
    assert len(suite.records()) == 2


def test_an_interrupted_run_of_something_else_begins_anew_and_says_why(tmp_path: Path) -> None:
    target = python_system(tmp_path, SURE)
    suite = made(tmp_path, target, 6, "fingerprint: {model: m}")
    interrupted(suite, 3)
    outcome = made(tmp_path, target, 6, "fingerprint: {model: n}").run()
    assert outcome.restarted == ("model",)
    assert (outcome.kept, outcome.ran) == (0, 6)


def test_a_file_that_no_run_wrote_is_not_overwritten(tmp_path: Path) -> None:
    suite = made(tmp_path, python_system(tmp_path, SURE), 2)
    part = part_path(suite.results)
    part.parent.mkdir(parents=True)
    part.write_text("my notes\n", "utf-8")
    with pytest.raises(SuiteError, match="was not written by `demur run`") as refused:
        suite.run()
    assert refused.value.code == "DM859"
    assert part.read_text("utf-8") == "my notes\n"


def test_results_that_stood_there_stay_until_the_new_ones_are_complete(tmp_path: Path) -> None:
    suite = made(tmp_path, python_system(tmp_path, SURE), 2)
    suite.run()
    before = suite.results.read_bytes()
    with pytest.raises(TargetError):
        suite.run(target="python:there_is_no_such_module:answer")
    assert suite.results.read_bytes() == before


def test_two_runs_do_not_write_the_same_results(tmp_path: Path) -> None:
    code = (
        "import demur, pathlib\n"
        "from demur.suites import run_suite\n"
        "def answer(case):\n"
        " folder = pathlib.Path(__file__).parent\n"
        " run_suite(demur.load(folder / 'policy.yaml'), 'golden', folder)\n"
    )
    suite = made(tmp_path, python_system(tmp_path, code), 1)
    suite.run()
    assert "Another run is writing" in suite.records()[0]["error"]["message"]


@pytest.mark.parametrize(
    ("cases", "code", "said"),
    [
        ([{"request": {"text": "x"}}], "DM851", "cases.jsonl:1: the case has no `id`"),
        ([{"id": True}], "DM851", "no text and no whole number"),
        ([{"id": "a"}, {"id": "b"}, {"id": "a"}], "DM852", "cases.jsonl:3: the case `a` stands at"),
        ([{"id": 1}, {"id": "1"}], "DM852", "the case `1` stands at cases.jsonl:1"),
        ([], "DM853", "has no cases"),
    ],
)
def test_cases_that_cannot_be_told_apart_stop_the_run_before_it_begins(
    tmp_path: Path, cases: list[dict[str, object]], code: str, said: str
) -> None:
    suite = made(tmp_path, python_system(tmp_path, COUNTING), cases)
    with pytest.raises(SuiteError) as refused:
        suite.run()
    assert refused.value.code == code
    assert said in refused.value.message
    assert not suite.results.parent.exists()


def test_a_broken_line_of_the_cases_is_not_left_out(tmp_path: Path) -> None:
    suite = made(tmp_path, python_system(tmp_path, COUNTING), 2)
    (tmp_path / "cases.jsonl").write_text('{"id": "a"}\n{"id": \n', "utf-8")
    with pytest.raises(SuiteError, match=r"cases\.jsonl:2:\d+: error\[DM721\]"):
        suite.run()


@pytest.mark.parametrize("pattern", ["nothing/*.md", "/etc/*", "[", "../*.none"])
def test_a_pattern_that_matches_no_file_is_an_error(tmp_path: Path, pattern: str) -> None:
    more = f"fingerprint: {{prompt: ['{pattern}']}}"
    suite = made(tmp_path, python_system(tmp_path, COUNTING), 2, more)
    with pytest.raises(SuiteError) as refused:
        suite.run()
    assert refused.value.code == "DM855"


@pytest.mark.parametrize(
    ("code", "name", "said"),
    [
        ("import there_is_no_such_thing", "answer", "ModuleNotFoundError: No module named"),
        ("raise SystemExit(1)", "answer", "cannot be imported: SystemExit: 1."),
        ("def (", "answer", "cannot be imported: SyntaxError"),
        ("x = 1", "answer", "has no `answer`"),
        ("answer = 1", "answer", "`answer` of the module"),
    ],
)
def test_a_module_that_cannot_be_used_is_said(
    tmp_path: Path, code: str, name: str, said: str
) -> None:
    suite = made(tmp_path, python_system(tmp_path, code), 1)
    with pytest.raises(TargetError) as refused:
        suite.run()
    assert said in refused.value.message


def test_a_module_of_the_folder_is_not_exchanged_for_another_of_its_name(tmp_path: Path) -> None:
    (tmp_path / "email.py").write_text(SURE, "utf-8")
    with pytest.raises(TargetError, match="Another module `email` is loaded in place of"):
        made(tmp_path, "python:email:answer", 1).run()


def test_pauses_double_and_hold_to_what_the_system_asks_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(attempts, "FIRST_PAUSE", 0.5)
    found = {at: [attempts.pause(at, None) for _ in range(200)] for at in (1, 2, 3, 12)}
    for at, longest in {1: 0.5, 2: 1.0, 3: 2.0, 12: 30.0}.items():
        assert longest / 2 <= min(found[at]) < max(found[at]) <= longest
    assert len(Counter(found[1])) > 100
    assert 7.25 <= attempts.pause(1, 7.0) <= 7.5
    assert attempts.pause(1, 1e9) <= 120.5
