"""A command that reads cases and writes answers: it may die, hang, babble and start others."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from demur.suites import attempts
from demur.suites.codes import TargetError
from tests.suites.systems import PATIENCE, command_system, made

SURE = "for case in cases: say(case)\n"


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "FIRST_PAUSE", 0.001)


def test_each_process_is_asked_one_case_after_another(tmp_path: Path) -> None:
    code = "import os\nfor case in cases: say(case, answer={'score': 0.9, 'pid': os.getpid()})\n"
    suite = made(tmp_path, command_system(tmp_path, code), 30)
    outcome = suite.run(concurrency=3)
    assert outcome.errors == {}
    assert [one["id"] for one in suite.records()] == [f"c{at}" for at in range(30)]
    assert 1 <= len({one["answer"]["pid"] for one in suite.records()}) <= 3


def test_text_of_any_kind_goes_through(tmp_path: Path) -> None:
    text = 'Ça va? 👋 \u2028 \x00 \\ " \n'
    code = "for case in cases: say(case, answer={'score': 1, 'note': case['request']['text']})\n"
    suite = made(tmp_path, command_system(tmp_path, code), [{"id": "é", "request": {"text": text}}])
    assert suite.run().errors == {}
    (record,) = suite.records()
    assert (record["id"], record["answer"]["note"]) == ("é", text)


def test_a_command_that_ends_is_started_again_and_its_last_words_are_kept(tmp_path: Path) -> None:
    code = (
        "for case in cases:\n    if case['id'] == 'c1': sys.exit('out of memory')\n    say(case)\n"
    )
    suite = made(tmp_path, command_system(tmp_path, code), 4)
    outcome = suite.run(concurrency=1)
    assert outcome.errors == {"connection": 1}
    error = suite.records()[1]["error"]
    assert error["attempts"] == 3
    assert error["message"] == (
        "The command ended before it answered, with status 1: out of memory"
    )


@pytest.mark.parametrize(
    ("answer", "kind", "said"),
    [
        ("print('ready', flush=True)", "invalid", "No JSON value begins with `r`."),
        ("print('{}', flush=True)", "invalid", "The answer has no `id`."),
        ("say({'id': 'c9'})", "invalid", "The answer is of the case 'c9', and `c0` was asked."),
        ("print('x' * 17_000_000, flush=True)", "invalid", "more than 16 MiB"),
        ("print('{\"id\"', end='', flush=True); sys.exit()", "connection", "with status 0"),
        ("sys.stderr.write('x' * 1_000_000); sys.exit(7)", "connection", "with status 7: xxx"),
        ("time.sleep(600)", "timeout", f"There was no answer within {PATIENCE:g} s."),
    ],
)
def test_an_answer_out_of_turn_is_an_error_and_the_next_case_is_asked_afresh(
    tmp_path: Path, answer: str, kind: str, said: str
) -> None:
    code = f"for case in cases:\n    if case['id'] == 'c0': {answer}\n    else: say(case)\n"
    suite = made(tmp_path, command_system(tmp_path, code), 3)
    # Only what hangs may run out of time, however long Python takes to start.
    outcome = suite.run(concurrency=1, retries=0, timeout=PATIENCE if kind == "timeout" else 60.0)
    assert outcome.errors == {kind: 1}
    assert said in suite.records()[0]["error"]["message"]


@pytest.mark.skipif(sys.platform == "win32", reason="there are no groups of processes")
def test_what_a_command_started_ends_with_it(tmp_path: Path) -> None:
    code = (
        "import subprocess\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "open('child', 'w').write(str(child.pid))\n"
        "for case in cases: print('no answer', flush=True)\n"
    )
    suite = made(tmp_path, command_system(tmp_path, code), 1)
    # A command that answers out of turn is ended, as one that hangs is.
    assert suite.run(retries=0).errors == {"invalid": 1}
    child = int((tmp_path / "child").read_text())
    until = time.monotonic() + 60
    while _runs(child) and time.monotonic() < until:
        time.sleep(0.05)
    assert not _runs(child)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{process}/stat")
    return not stat.exists() or " Z " not in stat.read_text()


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("command:there-is-no-such-program --x", "`there-is-no-such-program` cannot be started"),
        ("command:'unclosed", "The command cannot be read"),
        ("command:  ", "The target names no command."),
    ],
)
def test_a_command_that_is_not_there_stops_the_run(tmp_path: Path, target: str, said: str) -> None:
    suite = made(tmp_path, target, 2)
    with pytest.raises(TargetError) as refused:
        suite.run()
    assert said in refused.value.message


def test_a_command_is_left_to_end_by_itself(tmp_path: Path) -> None:
    code = "for case in cases: say(case)\nopen('ended', 'w').write('x')\n"
    suite = made(tmp_path, command_system(tmp_path, code), 2)
    suite.run(concurrency=1)
    assert (tmp_path / "ended").exists()
