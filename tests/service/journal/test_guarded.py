"""A guard's journal: one final line a trace, and every decision the same again."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context
from pathlib import Path
from threading import Thread

import pytest

import demur
from demur.service.journal import Journal
from demur.service.journal.reading import records
from demur.service.journal.replay import Replay
from demur.service.journal.writer import Writer
from tests.service.journal.checks import compiled, lines, record


def test_each_trace_has_one_final_line_and_replays_whichever_thread_or_task_it_was_in(
    tmp_path: Path,
) -> None:
    policy = compiled()
    with demur.Guard(policy, journal=Journal(tmp_path, maximum_bytes=20_000)) as guard:

        def serve(at: int) -> None:
            given = record(confidence=(at % 10) / 10)
            with guard.trace(f"t{at}", bypass="incident 12" if at % 7 == 0 else None) as trace:
                trace.check(request=given["request"])
                if at % 5:
                    trace.check(retrieval=given["retrieval"], answer=given["answer"])
            guard.outcome(f"t{at}", correct=at % 2 == 0)

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(serve, range(200)))

        async def tasks() -> None:
            async def one(at: int) -> None:
                async with guard.trace(f"t{at}") as trace:
                    trace.check(request=record()["request"])
                    await asyncio.sleep(0)
                    trace.check(answer=record()["answer"])

            await asyncio.gather(*(one(at) for at in range(200, 400)))

        asyncio.run(tasks())
        assert guard.status().journal_lost == {}
    finals = Counter(one.trace_id for one in lines(tmp_path) if one.is_final)
    assert finals == {f"t{at}": 1 for at in range(400)}
    replay = Replay(policy)
    decided = [replay.decide(one) for one in lines(tmp_path) if one.kind == "decision"]
    assert {one.verdict for one in decided} == {"same"}
    joined = [one for one in records(tmp_path) if "outcome" in one]
    assert len(joined) == 200
    incomplete = [one for one in records(tmp_path) if one["demur"]["incomplete"]]
    assert len(incomplete) == 40
    assert {one["decision"]["answered"] for one in incomplete} <= {False, None}


def test_a_trace_that_is_collected_while_a_lock_is_held_is_recorded_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python collects a generator in the middle of whatever needs memory; here, of the queue's lock."""

    def holding() -> Iterator[None]:
        with guard.trace("abandoned") as trace:
            trace.check(request=record()["request"])
            yield

    original = Writer._start
    with demur.Guard(compiled()) as guard:
        steps = holding()
        Context().run(next, steps)
        guard.journal = Journal(tmp_path)
        guard._observers = (guard.journal.observe,)

        def collecting(writer: Writer) -> None:
            assert writer._lock.locked()
            steps.close()
            original(writer)

        monkeypatch.setattr(Writer, "_start", collecting)

        def serve() -> None:
            with guard.trace("mine") as trace:
                trace.check(request=record()["request"])

        thread = Thread(target=serve, daemon=True)
        thread.start()
        thread.join(60)
        assert not thread.is_alive(), "it waits for the lock that it holds"
    finals = [one.trace_id for one in lines(tmp_path) if one.is_final]
    assert sorted(finals) == ["abandoned", "mine"]
