"""A small FastAPI service under a guard: `uvicorn app:app`, from this folder.

The assistant is a table of opening hours, so that the example needs no language model; where a real
one would call its model and its judge, this one waits a moment.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from pydantic import BaseModel

from demur import Guard
from demur.service.middleware import GuardMiddleware
from demur.service.telemetry.prometheus import PrometheusMetrics

HOURS = {"harbour": "9:00 to 17:00", "market": "8:00 to 20:00", "station": "6:00 to 23:00"}
BUDGET = 0.5
"""Seconds that the judge may take; after that its score is unknown, and the policy abstains."""

registry = CollectorRegistry()
guard = Guard(
    Path(__file__).parent / "policy.yaml",
    journal=os.environ.get("JOURNAL"),  # a folder
    telemetry=PrometheusMetrics(registry),
)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Writes what the journal still holds when the service ends."""
    with guard:
        yield


app = FastAPI(lifespan=lifespan)
app.add_middleware(GuardMiddleware, guard=guard, paths=("/ask",))


class Question(BaseModel):
    """What is asked, and in which shop."""

    shop: str
    question: str


class Outcome(BaseModel):
    """What the user said of an answer."""

    correct: bool


@app.post("/ask")
async def ask(asked: Question) -> dict[str, str]:
    """Answers, or lets the middleware say why not."""
    trace = guard.current
    trace.enforce(request=asked.model_dump())
    text, confidence = await answer(asked)
    judged = await trace.provide_async("answer", budget=BUDGET, grounded=lambda: judge(text))
    trace.enforce(answer={"confidence": confidence, **judged})
    return {"message": text, "action": "answer", "trace_id": trace.trace_id}


@app.post("/outcomes/{trace_id}", status_code=204)
async def outcome(trace_id: str, told: Outcome) -> None:
    """Records whether an answer was right."""
    guard.outcome(trace_id, correct=told.correct)


@app.get("/metrics")
async def metrics() -> Response:
    """What Prometheus scrapes."""
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


async def answer(asked: Question) -> tuple[str, float]:
    """The assistant: a text, and how sure it is of it."""
    await asyncio.sleep(0.001)
    hours = HOURS.get(asked.shop, "noon to midnight")
    certain = "holiday" not in asked.question.lower()
    return f"The {asked.shop} shop is open from {hours}.", 0.9 if certain else 0.3


def judge(text: str) -> float:
    """How well the text is supported: here, whether the table has it."""
    return float(any(hours in text for hours in HOURS.values()))
