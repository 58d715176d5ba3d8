"""Which requests are guarded, whatever path the server and the application see in them."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import pytest
import uvicorn
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Mount, Route

from demur.service.guard import Guard
from demur.service.middleware import GuardMiddleware
from demur.service.paths import Paths
from tests.service.guard.policies import watched

SECRET = "the answer"


def answering(guard: Guard) -> Any:
    async def answer(request: Request) -> PlainTextResponse:
        return PlainTextResponse(SECRET)

    return answer


def inner(guard: Guard, *middleware: Middleware) -> Starlette:
    """An application that answers at `/ask` and below, and never checks anything."""
    return Starlette(
        routes=[
            Route("/ask", answering(guard), methods=["GET", "POST"]),
            Route("/ask/{rest:path}", answering(guard)),
            Route("/health", answering(guard)),
        ],
        middleware=list(middleware),
    )


def guarding(guard: Guard) -> Middleware:
    return Middleware(GuardMiddleware, guard=guard, paths=["/ask"])


SPELLINGS = [
    "/ask",
    "/ask/",
    "/ask/more",
    "//ask",
    "/ask//",
    "/ASK",
    "/%61sk",
    "/%2561sk",
    "/ask%0A",
    "/ask%20",
    "/ask%2F",
    "/ask%3Bx",
    "/ask;x=1",
    "/ask%00",
    "/./ask",
    "/x/../ask",
    "/x/%2e%2e/ask",
    "/%5Cask",
    "/ask?x=1",
    "/ask/../health",
]


async def served(app: Any, path: str, root: str, old: bool) -> list[Any]:
    """What an application sends for a path as uvicorn tells it, or as servers did before ASGI 2.4."""
    from urllib.parse import unquote

    raw, _, query = path.partition("?")
    full = raw if old else root + raw
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": unquote(full),
        "raw_path": full.encode(),
        "query_string": query.encode(),
        "root_path": root,
        "headers": [],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 2),
    }
    try:
        await app(scope, receive, send)
    except Exception:
        return sent
    return sent


PLACES = {
    "within": lambda guard: inner(guard, guarding(guard)),
    "around": lambda guard: GuardMiddleware(inner(guard), guard, paths=["/ask"]),
    "within a mount": lambda guard: Starlette(
        routes=[
            Mount("/api", app=inner(guard, guarding(guard))),
            Mount("/", app=inner(guard, guarding(guard))),
        ]
    ),
    "around what is mounted": lambda guard: Starlette(
        routes=[
            Mount("/api", app=GuardMiddleware(inner(guard), guard, paths=["/ask"])),
            Mount("/", app=GuardMiddleware(inner(guard), guard, paths=["/ask"])),
        ]
    ),
    "around a mount": lambda guard: GuardMiddleware(
        Starlette(routes=[Mount("/api", app=inner(guard)), Mount("/", app=inner(guard))]),
        guard,
        paths=["/ask"],
    ),
}


@pytest.mark.parametrize("old", [False, True], ids=["with the root path", "without it"])
@pytest.mark.parametrize("root", ["", "/api", "/api/v1", "/ask"])
@pytest.mark.parametrize("place", PLACES)
def test_no_spelling_of_a_guarded_path_gets_the_answer(place: str, root: str, old: bool) -> None:
    guard, _ = watched()
    app = PLACES[place](guard)
    for prefix in ("", "/api"):
        for path in SPELLINGS:
            sent = asyncio.run(served(app, prefix + path, root, old))
            found = b"".join(one.get("body", b"") for one in sent)
            assert SECRET.encode() not in found, prefix + path


@given(st.text(st.sampled_from("/aAsSkK%2561.;\\ \n\tx"), max_size=12))
def test_no_path_that_a_router_takes_for_a_guarded_one_gets_the_answer(path: str) -> None:
    guard, _ = watched()
    app = PLACES["around"](guard)
    for one in (f"/{path}", f"/{quote(path)}", f"/ask{path}"):
        sent = asyncio.run(served(app, one, "", False))
        assert SECRET.encode() not in b"".join(each.get("body", b"") for each in sent)


@pytest.mark.parametrize("place", PLACES)
def test_other_paths_are_left_alone(place: str) -> None:
    guard, checks = watched()
    sent = asyncio.run(served(PLACES[place](guard), "/health", "", False))
    assert sent[0]["status"] == 200
    assert checks == []


def test_an_application_with_a_root_path_of_its_own_is_not_let_by() -> None:
    """FastAPI tells its `root_path` only once it is called; the middleware around it sees it then."""
    from fastapi import FastAPI

    guard, _ = watched()
    app = FastAPI()
    app.root_path = "/api"
    app.get("/ask")(lambda: SECRET)
    app.get("/health")(lambda: "well")
    around = GuardMiddleware(app, guard, paths=["/ask"])
    assert asyncio.run(served(around, "/api/ask", "", False)) == []
    assert asyncio.run(served(around, "/api/health", "", False))[0]["status"] == 200
    named = GuardMiddleware(app, guard, paths=["/api/ask"])
    assert asyncio.run(served(named, "/api/ask", "", False)) == []


def test_an_application_that_changes_the_path_is_not_let_by() -> None:
    guard, _ = watched()
    app = inner(guard)

    async def rewriting(scope: Any, receive: Any, send: Any) -> None:
        scope["path"] = scope["path"].replace("/old", "/ask")
        await app(scope, receive, send)

    around = GuardMiddleware(rewriting, guard, paths=["/ask"])
    assert asyncio.run(served(around, "/old", "", False)) == []
    assert asyncio.run(served(around, "/health", "", False))[0]["status"] == 200


@pytest.mark.parametrize("root", ["/api/v1", "/v1", "/api/v1/", "/x/api/v1"])
def test_any_part_of_the_root_path_may_have_been_taken_off(root: str) -> None:
    covered = Paths(["/ask"])
    for path in ("/api/v1/ask", "/v1/ask", "/ask"):
        if path.removesuffix("/ask") in root:
            assert covered.cover({"path": path, "root_path": root})
        assert not covered.cover({"path": path.replace("/ask", "/health"), "root_path": root})


@pytest.mark.parametrize(
    ("paths", "match"),
    [
        ([], "no path to guard"),
        (["/ask/{id}"], "is no path"),
        (["/ask/*"], "is no path"),
        (["https://example.com/ask"], "is no path"),
        (["/ask?x=1"], "is no path"),
    ],
)
def test_what_would_guard_nothing_is_refused(paths: list[str], match: str) -> None:
    with pytest.raises(ValueError, match=f"DM962.*{match}"):
        Paths(paths)


@pytest.mark.parametrize("paths", ["/ask", ["ask"], ["/ask/"], ["/Ask"], ["/"], [""]])
def test_a_path_may_be_written_in_several_ways(paths: Any) -> None:
    covered = Paths(paths)
    assert covered.cover({"path": "/ask"})
    assert covered.cover({"path": "/ask/more", "root_path": "/elsewhere"})
    assert covered.cover({"path": "/asks"}) == (paths in (["/"], [""]))


@contextmanager
def serving(app: Any, **options: Any) -> Iterator[str]:
    """A real server on this machine."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        one.listen()
        config = uvicorn.Config(app, log_level="critical", lifespan="off", **options)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [one]})
        thread.start()
        try:
            while not server.started:
                time.sleep(0.005)
            yield f"http://127.0.0.1:{one.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


def enforced(guard: Guard) -> Starlette:
    """Stops a request in every way that an application can be stopped."""
    refused = {"intent": "other", "tenant": "a"}

    async def raises(request: Request) -> PlainTextResponse:
        guard.current.enforce(request=refused)
        return PlainTextResponse(SECRET)

    async def streams(request: Request) -> StreamingResponse:
        async def pieces() -> Any:
            yield SECRET
            guard.current.enforce(request=refused)
            yield SECRET

        return StreamingResponse(pieces())

    async def ignores(request: Request) -> PlainTextResponse:
        guard.current.check(request=refused)
        return PlainTextResponse(SECRET)

    return Starlette(routes=[Route(f"/{one.__name__}", one) for one in (raises, streams, ignores)])


@pytest.mark.parametrize("root", ["", "/api"])
def test_a_real_server_gets_the_refusal_whatever_the_application_does(root: str) -> None:
    import httpx

    guard, checks = watched()
    app = GuardMiddleware(enforced(guard), guard)
    with serving(app, root_path=root) as address, httpx.Client(trust_env=False) as client:
        for way in ("raises", "streams", "ignores"):
            found = client.get(f"{address}/{way}", timeout=120)
            assert found.status_code == 200
            assert json.loads(found.text) == {
                "message": "Only billing.",
                "action": "refuse",
                "trace_id": checks[-1].trace_id,
            }


def test_a_real_server_answers_an_unchecked_answer_with_an_error() -> None:
    import httpx

    guard, _ = watched()
    app = GuardMiddleware(inner(guard), guard, paths=["/ask"])
    with (
        serving(app, root_path="/api") as address,
        httpx.Client(trust_env=False, timeout=120) as client,
    ):
        assert client.get(f"{address}/health").text == SECRET
        for method in ("GET", "POST", "HEAD"):
            found = client.request(method, f"{address}/ask")
            assert (found.status_code, SECRET in found.text) == (500, False)
        assert client.get(f"{address}/ask%0A").status_code == 500
        assert client.delete(f"{address}/ask").status_code == 405
