"""The FastAPI example on a real server, under load."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import ROOT

EXAMPLE = ROOT / "examples" / "fastapi_service"
ASKED = [
    ({"shop": "harbour", "question": "When do you open?"}, "answer"),
    ({"shop": "station", "question": "Are you open on a holiday?"}, "escalate"),
    ({"shop": "market", "question": "Tell me a joke."}, "refuse"),
    ({"shop": "moon", "question": "When do you open?"}, "abstain"),
]
REQUESTS = 2000


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    command = [sys.executable, "-m", "uvicorn", "app:app", "--port", str(port)]
    process = subprocess.Popen(
        [*command, "--log-level", "warning"],
        cwd=EXAMPLE,
        env={
            **os.environ,
            "JOURNAL": str(tmp_path / "journal"),
            "PYTHONPATH": str(ROOT / "src"),
            "PYTHONDONTWRITEBYTECODE": "1",
        },
    )
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            assert process.poll() is None, "the server has ended"
            try:
                httpx.get(f"{address}/metrics")
                break
            except httpx.TransportError:
                time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.wait(60)


async def _ask_many(address: str) -> list[tuple[str, dict[str, Any]]]:
    limit = asyncio.Semaphore(40)

    async with httpx.AsyncClient(timeout=120) as client:

        async def one(at: int) -> tuple[str, dict[str, Any]]:
            body, expected = ASKED[at % len(ASKED)]
            # As many requests as like may say that they are part of the same trace.
            headers = {"traceparent": f"00-{at % 10 + 1:032x}-{at + 1:016x}-01"}
            async with limit:
                response = await client.post(f"{address}/ask", json=body, headers=headers)
            assert response.status_code == 200
            return expected, response.json()

        return await asyncio.gather(*map(one, range(REQUESTS)))


def test_under_load_every_request_is_decided_answered_journaled_and_counted(
    server: str, tmp_path: Path
) -> None:
    answers = asyncio.run(_ask_many(server))
    for expected, answer in answers:
        assert answer["action"] == expected
        assert ("is open from" in answer["message"]) == (expected == "answer")
    known = answers[0][1]["trace_id"]
    told = httpx.post(f"{server}/outcomes/{known}", json={"correct": True}, timeout=120)
    assert told.status_code == 204
    text = httpx.get(f"{server}/metrics", timeout=120).text
    decisions = [line for line in text.splitlines() if line.startswith("demur_decisions_total{")]
    assert sum(float(line.rsplit(" ", 1)[1]) for line in decisions) == REQUESTS
    assert "joke" not in text
    for _ in range(600):
        lines = [
            json.loads(line)
            for file in (tmp_path / "journal").glob("*.jsonl")
            for line in file.read_bytes().splitlines(keepends=True)
            if line.endswith(b"\n")
        ]
        finals = [line for line in lines if line["demur"].get("final")]
        outcomes = [line for line in lines if line["demur"].get("kind") == "outcome"]
        if len(finals) == REQUESTS and outcomes:
            break
        time.sleep(0.1)
    assert len({line["trace_id"] for line in finals}) == len(finals) == REQUESTS
    assert {line["id"] for line in finals} == {answer["trace_id"] for _, answer in answers}
    assert Counter(line["demur"]["parent_trace_id"] for line in finals) == {
        f"{at + 1:032x}": REQUESTS // 10 for at in range(10)
    }
    assert Counter(line["decision"]["action"] for line in finals) == Counter(
        expected for expected, _ in answers
    )
    assert not any(line["demur"]["incomplete"] for line in finals)
    assert [(one["id"], one["outcome"]) for one in outcomes] == [(known, {"correct": True})]
    assert "joke" not in json.dumps(lines)
