"""Policies with a suite, and systems under test: Python, a command, and HTTP on loopback."""

from __future__ import annotations

import json
import shlex
import sys
import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import demur
from demur.runtime.evaluator import Evaluator
from demur.suites import Options, Outcome, run_suite

POLICY = """\
demur: 1
policy: echo
about: Says how sure it is.
owner: team@example.com
stages:
  request: {text: string}
  answer:
    score: {type: double, min: 0, max: 1}
    note: {type: string, optional: true}
    latency_ms: {type: double, min: 0, unit: ms, optional: true}
outcome:
  good: {type: bool, optional: true}
metrics:
  low_rate: rate(answer.score < 0.5)
  noted_badly: rate(answer.note == "bad", has(answer.note))
suites:
  golden: {cases: cases.jsonl, MORE}
gates:
  ship: {suites: [golden], require: [low_rate <= 0.5]}
"""

Record = Mapping[str, Any]
PATIENCE = 4.0
"""Seconds that a case which hangs is waited for: far more than any other takes, however busy the machine."""


def write_policy(folder: Path, target: str, more: str = "") -> Path:
    """The policy in the folder; `more` are further keys of its suite, in flow style."""
    keys = f"target: {json.dumps(target)}" + (f", {more}" if more else "")
    path = folder / "policy.yaml"
    path.write_text(POLICY.replace("MORE", keys), "utf-8")
    return path


def write_cases(folder: Path, cases: Sequence[Record] | int) -> None:
    """The suite's cases; of a number, so many that ask for `text N`."""
    if isinstance(cases, int):
        cases = [{"id": f"c{at}", "request": {"text": f"text {at}"}} for at in range(cases)]
    text = "".join(json.dumps(one) + "\n" for one in cases)
    (folder / "cases.jsonl").write_text(text, "utf-8")


@dataclass(frozen=True)
class Made:
    """A policy with its suite, ready to run."""

    folder: Path
    policy: Evaluator

    def run(self, **options: Any) -> Outcome:
        """Runs the suite."""
        return run_suite(self.policy, "golden", self.folder, options=Options(**options))

    @property
    def results(self) -> Path:
        return self.folder / ".demur" / "results" / "golden.jsonl"

    def records(self) -> list[dict[str, Any]]:
        """The results as they stand in the file."""
        return [json.loads(line) for line in self.results.read_text("utf-8").splitlines()]


def made(folder: Path, target: str, cases: Sequence[Record] | int = 4, more: str = "") -> Made:
    """A policy whose suite has these cases and this target."""
    write_cases(folder, cases)
    return Made(folder, demur.load(write_policy(folder, target, more)))


_LOADED = iter(range(10**9))


def python_system(folder: Path, code: str) -> str:
    """A target of a module with this code, under a name that no other test has."""
    name = f"system_{next(_LOADED)}_{abs(hash(folder))}"
    (folder / f"{name}.py").write_text(code, "utf-8")
    return f"python:{name}:answer"


def command_system(folder: Path, code: str) -> str:
    """A target that runs this code, which gets `cases`, an iterator, and `say`, as a command."""
    opening = (
        "import json, sys, time\n"
        "cases = map(json.loads, sys.stdin)\n"
        "def say(case, **more):\n"
        "    print(json.dumps({'id': case['id'], 'answer': {'score': 0.9}, **more}), flush=True)\n"
    )
    (folder / "system.py").write_text(opening + code, "utf-8")
    return f"command:{shlex.quote(sys.executable)} system.py"


Reply = tuple[int, Mapping[str, str], bytes]


def json_reply(content: Any, status: int = 200, **headers: str) -> Reply:
    return status, headers, json.dumps(content).encode()


@dataclass
class System:
    """An HTTP system: `reply` says what it answers to a case, and `asked` are the cases in order."""

    reply: Callable[[dict[str, Any]], Reply]
    url: str = ""
    asked: list[dict[str, Any]] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)


@contextmanager
def http_system(reply: Callable[[dict[str, Any]], Reply]) -> Generator[System]:
    """An HTTP system on loopback."""
    system = System(reply)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            case = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            system.asked.append(case)
            system.headers.append(dict(self.headers))
            status, headers, body = system.reply(case)
            try:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name.replace("_", "-"), value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            except OSError:
                self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    system.url = f"http://127.0.0.1:{server.server_port}/answer"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield system
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
