"""A system behind HTTP, on loopback: what it answers, refuses, breaks off, and asks for."""

from __future__ import annotations

import json
import threading
import time
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest

from demur.suites import attempts
from demur.suites.codes import TargetError
from demur.suites.targets import http
from tests.suites.systems import PATIENCE, Reply, http_system, json_reply, made

SURE = {"answer": {"score": 0.9}}


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "FIRST_PAUSE", 0.001)


def test_a_case_is_posted_whole_and_the_answer_becomes_its_record(tmp_path: Path) -> None:
    case = {"id": "a", "question": "Ça va? 👋", "request": {"text": "x"}}
    with http_system(lambda case: json_reply({"id": case["id"], **SURE})) as system:
        suite = made(tmp_path, system.url, [case])
        outcome = suite.run(headers={"Authorization": "Bearer secret"})
    assert outcome.errors == {}
    assert system.asked == [case]
    assert system.headers[0]["Authorization"] == "Bearer secret"
    assert system.headers[0]["Content-Type"] == "application/json"
    assert suite.records()[0]["answer"] == {"score": 0.9}
    assert "secret" not in (tmp_path / ".demur/results/golden.run.json").read_text("utf-8")


def test_an_answer_may_stand_on_several_lines(tmp_path: Path) -> None:
    body = json.dumps(SURE, indent=2).replace("\n", "\r\n").encode()
    with http_system(lambda case: (200, {}, body)) as system:
        suite = made(tmp_path, system.url, 1)
        assert suite.run().errors == {}


@pytest.mark.parametrize(
    ("status", "attempts"), [(429, 3), (500, 3), (503, 3), (408, 3), (400, 1), (404, 1), (302, 1)]
)
def test_only_a_refusal_that_passes_is_tried_again(
    tmp_path: Path, status: int, attempts: int
) -> None:
    with http_system(lambda case: json_reply({"detail": "not now"}, status)) as system:
        suite = made(tmp_path, system.url, 1)
        outcome = suite.run()
    assert outcome.attempts == len(system.asked) == attempts
    error = suite.records()[0]["error"]
    assert error["kind"] == "http"
    assert error["message"].startswith(f"It answered {status} ")
    assert '{"detail": "not now"}' in error["message"]


def test_a_system_that_asks_for_time_is_given_it(tmp_path: Path) -> None:
    times: list[float] = []

    def reply(case: dict[str, Any]) -> Reply:
        times.append(time.monotonic())
        return json_reply({}, 429, Retry_After="1") if len(times) == 1 else json_reply(SURE)

    with http_system(reply) as system:
        suite = made(tmp_path, system.url, 1)
        assert suite.run().errors == {}
    assert times[1] - times[0] >= 1


@pytest.mark.parametrize(
    ("value", "seconds"),
    [(None, None), ("12", 12.0), ("soon", None), ("-3", None), ("²", None), ("", None)],
)
def test_retry_after_is_a_number_of_seconds(value: str | None, seconds: float | None) -> None:
    assert http._retry_after(value) == seconds  # pyright: ignore[reportPrivateUsage]


def test_retry_after_may_be_a_date() -> None:
    # An hour from now, as however slow a machine says.
    found = http._retry_after(formatdate(time.time() + 3600, usegmt=True))  # pyright: ignore[reportPrivateUsage]
    assert found is not None
    assert 1800 < found <= 3600
    assert http._retry_after(formatdate(0, usegmt=True)) == 0  # pyright: ignore[reportPrivateUsage]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "The answer is empty."),
        (b"<html>busy</html>", "No JSON value begins with `<`."),
        (b'{"answer": {"score": 0.9}', "The line ends before its JSON does."),
        (b"[1]", "A record is an object, not a list."),
        (b'{"answer": {"score": 0.9, "score": 0.1}}', "stands twice"),
        (b"\xff\xfe", "begins no character of UTF-8"),
        (b'{"answer": {"note": "' + b"x" * 17_000_000 + b'"}}', "more than 16 MiB"),
    ],
)
def test_an_answer_that_is_no_object_is_an_error_of_its_case(
    tmp_path: Path, body: bytes, said: str
) -> None:
    with http_system(lambda case: (200, {}, body)) as system:
        suite = made(tmp_path, system.url, 1)
        outcome = suite.run()
    assert outcome.errors == {"invalid": 1}
    assert len(system.asked) == 1
    assert said in suite.records()[0]["error"]["message"]


def test_a_system_that_hangs_is_timed_out_and_others_go_on(tmp_path: Path) -> None:
    ended = threading.Event()

    def reply(case: dict[str, Any]) -> Reply:
        if case["id"] == "c0":
            ended.wait(600)
        return json_reply(SURE)

    with http_system(reply) as system:
        suite = made(tmp_path, system.url, 12)
        try:
            outcome = suite.run(timeout=PATIENCE, retries=0, concurrency=3)
        finally:
            ended.set()
    assert outcome.errors == {"timeout": 1}
    assert "error" in suite.records()[0]


def test_a_system_that_is_not_there_is_a_connection_error(tmp_path: Path) -> None:
    with http_system(lambda case: json_reply(SURE)) as system:
        url = system.url
    suite = made(tmp_path, url, 2)
    outcome = suite.run()
    assert outcome.errors == {"connection": 2}
    assert outcome.attempts == 6


def test_a_connection_that_breaks_off_is_tried_again(tmp_path: Path) -> None:
    seen: list[str] = []

    def reply(case: dict[str, Any]) -> Reply:
        seen.append(case["id"])
        if len(seen) == 1:
            raise ConnectionAbortedError
        return json_reply(SURE)

    with http_system(reply) as system:
        suite = made(tmp_path, system.url, 1)
        outcome = suite.run()
    assert (outcome.errors, outcome.attempts) == ({}, 2)


def test_the_password_of_a_url_is_used_and_not_written_down(tmp_path: Path) -> None:
    with http_system(lambda case: json_reply(SURE)) as system:
        suite = made(tmp_path, system.url.replace("//", "//user:secret@"), 1)
        outcome = suite.run()
    assert system.headers[0]["Authorization"].startswith("Basic ")
    assert outcome.manifest.target == system.url


def test_a_url_without_a_host_is_said(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match="names no host"):
        made(tmp_path, "http:///answer", 1).run()
