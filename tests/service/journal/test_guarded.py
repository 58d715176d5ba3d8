"""A guard's journal: one final line a trace, and every decision the same again."""

from __future__ import annotations

import asyncio
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import demur
from demur.service.journal import Journal
from demur.service.journal.reading import records
from demur.service.journal.replay import Replay
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
