"""Reload over HTTP, from a real server on this machine that does all that servers do."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import Message
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.request import Request

import pytest

from demur.diagnostics import Diagnostic, InvalidSource, Severity
from demur.runtime.bundle import BundleError
from demur.runtime.signatures import new_key, read_private_key, sign
from demur.service.http_source import HttpSource, SafeRedirects
from demur.service.refusal import ReloadError, refusal
from demur.service.reload import LivePolicies, watch
from tests.service.rollout.policies import bundle, text


@dataclass
class Served:
    """What the server answers, and what it was asked."""

    body: bytes = b""
    status: int = 200
    has_etag: bool = True
    answer: Callable[[BaseHTTPRequestHandler], None] | None = None
    address: str = ""
    server: Any = None
    asked: list[Message] = field(default_factory=list)
    answered: list[int] = field(default_factory=list)


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    monkeypatch.setenv("no_proxy", "127.0.0.1,localhost")
    state = Served()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.asked.append(self.headers)
            if state.answer is not None:
                state.answer(self)
                return
            etag = f'"{sha256(state.body).hexdigest()}"'
            is_known = state.has_etag and self.headers.get("If-None-Match") == etag
            status = 304 if is_known and state.status == 200 else state.status
            state.answered.append(status)
            self.send_response(status)
            if state.has_etag:
                self.send_header("ETag", etag)
            self.send_header("Content-Length", "0" if status == 304 else str(len(state.body)))
            self.end_headers()
            if status != 304:
                self.wfile.write(state.body)

        def log_message(self, format: str, *arguments: Any) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    state.server = server
    state.address = f"http://127.0.0.1:{server.server_address[1]}/live.demur"
    yield state
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def live(served: Served) -> Iterator[Callable[..., LivePolicies]]:
    made: list[LivePolicies] = []

    def live(**options: Any) -> LivePolicies:
        served.body = served.body or bundle("1.0.0")
        made.append(watch(served.address, **{"interval": 0, "timeout": 60.0, **options}))
        return made[-1]

    yield live
    for policies in made:
        policies.close()


Live = Callable[..., LivePolicies]


def eventually(holds: Callable[[], bool]) -> bool:
    until = time.monotonic() + 120
    while time.monotonic() < until and not holds():
        time.sleep(0.002)
    return holds()


def refused(policies: LivePolicies) -> str:
    status = policies.reload()
    assert status.is_refusing
    assert status.version == "1.0.0"
    assert status.refusal is not None
    return f"{status.refusal.code} {status.refusal.message}"


def test_a_changed_bundle_is_fetched_and_an_unchanged_one_is_not(
    served: Served, live: Live
) -> None:
    policies = live(interval=0.005)
    assert eventually(lambda: served.answered.count(304) >= 3)
    assert served.answered.count(200) == 1
    served.body = bundle("1.1.0")
    assert eventually(lambda: policies.status().version == "1.1.0")
    assert eventually(lambda: served.answered[-3:] == [304, 304, 304])
    assert served.answered.count(200) == 2
    assert policies.status().changes == 1


def test_a_server_without_etags_does_as_well(served: Served, live: Live) -> None:
    served.has_etag = False
    policies = live(interval=0.005)
    assert eventually(lambda: served.answered.count(200) >= 3)
    served.body = bundle("1.1.0")
    assert eventually(lambda: policies.status().version == "1.1.0")
    assert policies.status().changes == 1
    assert policies.status().refusals == 0


def test_the_same_content_is_offered_once_with_and_without_etags(served: Served) -> None:
    served.body = bundle()
    for served.has_etag in (True, False):
        source = HttpSource(served.address)
        assert source.poll() is not None
        assert source.poll() is None
        assert source.poll(at_once=True) is not None


@pytest.mark.parametrize("status", [204, 400, 401, 403, 404, 429, 500, 502, 503])
def test_an_answer_that_is_an_error_is_refused_and_asked_again(
    status: int, served: Served, live: Live
) -> None:
    policies = live()
    served.status = status
    assert (
        refused(policies) == f"DM932 The server gave no policy: it answered with status {status}."
    )
    served.status = 200
    assert not policies.reload().is_refusing


def test_a_server_that_recovers_with_the_same_policy_ends_the_refusal(
    served: Served, live: Live
) -> None:
    policies = live(interval=0.005)
    served.status = 503
    assert eventually(lambda: policies.status().is_refusing)
    served.status = 200
    assert eventually(lambda: not policies.status().is_refusing)
    assert (policies.status().changes, policies.status().refusals) == (0, 1)


def test_a_server_that_is_down_is_refused(served: Served, live: Live) -> None:
    policies = live()
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    with pytest.raises(ReloadError, match="DM932"):
        watch(f"http://127.0.0.1:{port}/x", interval=0)
    served.answer = lambda handler: handler.connection.close()
    assert refused(policies).startswith("DM932")


def test_what_a_server_says_is_one_line_of_a_log_and_commands_nothing(
    served: Served, live: Live, caplog: pytest.LogCaptureFixture
) -> None:
    policies = live()
    served.answer = lambda handler: handler.wfile.write(b"HTTP/9 \x1b[2J\x9b1m ::error::x\r\n\r\n")
    said = refused(policies)
    assert "::error::x" in said
    assert said.isprintable()
    assert all(one.getMessage().isprintable() for one in caplog.records)
    assert caplog.records
    with pytest.raises(ReloadError, match="DM932") as at_first:
        watch(served.address, interval=0)
    assert str(at_first.value).isprintable()


@pytest.mark.parametrize(
    "error",
    [
        BundleError("DM1", "a\nb\x1b[2J", "c\rd\u2028"),
        InvalidSource([Diagnostic("DM1", "x", Severity.ERROR, "a\nb\x1b", help="c\x07")]),
        OSError(5, "a\nb\x1b"),
    ],
)
def test_why_a_policy_was_refused_is_one_line(error: Exception) -> None:
    assert str(refusal("active", "p.yaml", error)).isprintable()


DRIPS = {
    "in the status line": b"",
    "in the headers": b"HTTP/1.1 200 OK\r\nX: ",
    "in the body": b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n",
    "in a chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFF\r\n",
    "in a chunk's line": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;",
    "in the trailers": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: ",
    "before the answer": b"HTTP/1.1 100 Continue\r\nX: ",
}
"""Where a server may take its time, with what it sent before."""


@pytest.mark.parametrize("drips", [False, True], ids=["hangs", "drips"])
@pytest.mark.parametrize("part", DRIPS)
def test_a_server_that_hangs_or_drips_is_left_after_the_time_out(
    part: str, drips: bool, served: Served, live: Live
) -> None:
    policies = live(timeout=1.0)
    left = threading.Event()

    def takes_its_time(handler: BaseHTTPRequestHandler) -> None:
        try:
            handler.wfile.write(DRIPS[part])
            for _ in range(6000):  # longer by far than anybody should wait, and not for ever
                if left.wait(0.005):
                    return
                if drips:
                    handler.wfile.write(b"1")
        except OSError:
            pass

    served.answer = takes_its_time
    try:
        assert refused(policies) == "DM932 The server gave no policy: it took longer than 1 s."
    finally:
        left.set()


def test_redirects_have_one_deadline_together(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Time is counted in requests here: each takes a second of the five that there are."""
    monkeypatch.setattr("demur.service.deadline.monotonic", lambda: float(len(served.asked)))

    def redirects(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(302)
        handler.send_header("Location", f"/{len(served.asked)}")
        handler.end_headers()

    served.answer = redirects
    with pytest.raises(ReloadError, match="took longer than 5 s"):
        HttpSource(served.address, timeout=5.0).poll()
    assert len(served.asked) == 5


def test_a_look_up_that_hangs_is_left_after_the_time_out(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = threading.Event()
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: left.wait(30) and [])
    try:
        with pytest.raises(ReloadError, match=r"took longer than 0\.5 s"):
            HttpSource(served.address, timeout=0.5).poll()
    finally:
        left.set()


def test_a_host_without_an_address_is_refused() -> None:
    with pytest.raises(ReloadError, match="DM932"):
        HttpSource("https://nowhere.invalid/live.demur").poll()


@pytest.mark.parametrize("kept", [0, 1, 500, -1])
def test_a_body_that_is_cut_is_refused(kept: int, served: Served, live: Live) -> None:
    policies = live()
    new = bundle("1.1.0")

    def cuts(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(new)))
        handler.end_headers()
        handler.wfile.write(new[:kept])

    served.answer = cuts
    assert refused(policies).startswith(f"DM933 The server's answer has {len(new[:kept])} bytes of")
    served.answer, served.body = None, new
    assert policies.reload().version == "1.1.0"


def test_a_cut_body_that_does_not_say_how_long_it_is_is_refused(served: Served, live: Live) -> None:
    policies = live()

    def cuts(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(bundle("1.1.0")[:1000])

    served.answer = cuts
    assert refused(policies).startswith("DM703")


def test_a_body_without_end_is_refused(
    served: Served, live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    policies = live()
    monkeypatch.setattr("demur.service.http_source._LONGEST", 100_000)

    def pours(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        try:
            while True:
                handler.wfile.write(bundle("1.1.0"))
        except OSError:
            pass

    served.answer = pours
    assert refused(policies).startswith("DM933")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"<html>Please log in</html>", "DM934"),
        (b"", "DM934"),
        (text("1.1.0").encode(), "DM934"),
        (bundle("1.1.0").replace(b"unsure", b"unsUre"), "DM704"),
        (bundle("0.9.0"), "DM926"),
    ],
    ids=["a page", "nothing", "a policy file", "a changed bundle", "an older one"],
)
def test_wrong_content_is_refused_once_and_not_fetched_again(
    body: bytes, code: str, served: Served, live: Live
) -> None:
    policies = live(interval=0.005)
    served.body = body
    assert eventually(lambda: policies.status().is_refusing)
    assert eventually(lambda: served.answered[-3:] == [304, 304, 304])
    status = policies.status()
    assert status.refusal is not None
    assert (status.refusal.code, status.refusals, status.version) == (code, 1, "1.0.0")
    assert served.answered.count(200) == 2


def test_over_http_too_a_signature_is_demanded_where_a_key_is_set(
    served: Served, live: Live
) -> None:
    private, public, _ = new_key()
    key = read_private_key(private)
    served.body = bundle("1.0.0") + sign(bundle("1.0.0"), key)
    policies = live(keys=[public])
    served.body = bundle("1.1.0")
    assert refused(policies).startswith("DM920")
    served.body = bundle("1.1.0") + sign(bundle("1.1.0"), key)
    assert policies.reload().version == "1.1.0"


def test_redirects_are_followed_without_what_the_caller_says_to_the_server(
    served: Served, live: Live
) -> None:
    policies = live(headers={"Authorization": "Bearer secret"})
    assert served.asked[-1]["Authorization"] == "Bearer secret"
    served.body = bundle("1.1.0")

    def redirects(handler: BaseHTTPRequestHandler) -> None:
        served.answer = None
        handler.send_response(302)
        handler.send_header("Location", "/elsewhere.demur")
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    served.answer = redirects
    assert policies.reload().version == "1.1.0"
    assert served.asked[-1]["Authorization"] is None


LOCAL, SAFE, OPEN = "http://127.0.0.1:1/x", "https://example.com/x", "http://example.com/x"


@pytest.mark.parametrize(
    ("first", "has_keys", "target", "is_followed"),
    [
        (SAFE, False, "https://example.com:8443/y", True),
        (SAFE, False, "https://EXAMPLE.com/y", True),
        (SAFE, False, "https://example.org/y", False),
        (SAFE, False, "https://example.com@example.org/y", False),
        (SAFE, False, OPEN, False),
        (SAFE, True, "https://example.org/y", True),
        (SAFE, True, OPEN, False),
        (SAFE, True, "ftp://example.com/y", False),
        (OPEN, True, "http://example.org/y", True),
        (OPEN, True, SAFE, True),
        (OPEN, True, "ftp://example.com/y", False),
        (OPEN, True, "file:///y", False),
        (LOCAL, False, "http://127.0.0.1:2/y", True),
        (LOCAL, False, "https://127.0.0.1/y", True),
        (LOCAL, False, "http://localhost/y", False),
        (LOCAL, False, OPEN, False),
        (LOCAL, False, SAFE, False),
        (LOCAL, False, "ftp://127.0.0.1/y", False),
        (LOCAL, True, OPEN, True),
        (LOCAL, True, "ftp://127.0.0.1/y", False),
    ],
)
def test_a_redirect_is_followed_to_what_is_as_good(
    first: str, has_keys: bool, target: str, is_followed: bool
) -> None:
    redirects = SafeRedirects(first, has_keys)
    arguments: Any = (Request(first), BytesIO(), 302, "", Message(), target)
    if is_followed:
        followed = redirects.redirect_request(*arguments)
        assert followed is not None
        assert followed.full_url == target
    else:
        with pytest.raises(ReloadError, match="DM935"):
            redirects.redirect_request(*arguments)


@pytest.mark.parametrize("target", [OPEN, "ftp://127.0.0.1/x", "//localhost/x"])
def test_a_server_on_this_machine_cannot_send_elsewhere(
    target: str, served: Served, live: Live
) -> None:
    policies = live()

    def redirects(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(302)
        handler.send_header("Location", target)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    served.answer = redirects
    assert refused(policies).startswith("DM935 The server redirects to a")


def test_each_redirect_is_held_against_the_one_before() -> None:
    """By way of https, with keys, nothing leads back to what is not encrypted."""
    redirects = SafeRedirects(OPEN, has_keys=True)
    arguments: Any = (BytesIO(), 302, "", Message())
    second = redirects.redirect_request(Request(OPEN), *arguments, SAFE)
    assert second is not None
    with pytest.raises(ReloadError, match="DM935"):
        redirects.redirect_request(second, *arguments, OPEN)


def test_what_is_on_this_machine_is_not_asked_of_a_proxy(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without keys only this machine is trusted without encryption, and a proxy is another."""
    monkeypatch.delenv("no_proxy")
    monkeypatch.setenv("http_proxy", "http://proxy.invalid:1")
    served.body = bundle()
    assert HttpSource(served.address).poll() is not None


def certificate(folder: Path) -> Path:
    """A certificate for this machine that signs itself, with its key, in one PEM file."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path = folder / "server.pem"
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + secret)
    return path


def test_a_server_is_believed_only_with_a_trusted_certificate(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pem = certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    served.server.socket = context.wrap_socket(served.server.socket, server_side=True)
    served.body = bundle()
    address = f"https://localhost:{served.server.server_address[1]}/live.demur"
    with pytest.raises(ReloadError, match=r"DM932.*certificate"):
        watch(address, interval=0)
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    assert watch(address, interval=0).status().version == "1.0.0"


def test_endless_redirects_are_refused(served: Served, live: Live) -> None:
    policies = live()

    def redirects(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(302)
        handler.send_header("Location", "/again")
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    served.answer = redirects
    assert refused(policies).startswith("DM932")


def test_only_safe_addresses_are_taken() -> None:
    for address in ("ftp://example.com/x", "file:///x.demur", "http://"):
        with pytest.raises(ValueError, match="no http or https address"):
            HttpSource(address)
    with pytest.raises(ValueError, match="not encrypted"):
        HttpSource("http://example.com/live.demur")
    HttpSource("http://example.com/live.demur", read_keys())
    HttpSource("https://example.com/live.demur")


def read_keys() -> dict[str, Any]:
    from demur.runtime.signatures import read_public_keys

    return dict(read_public_keys([new_key()[1]]))


def test_secrets_in_an_address_are_not_logged() -> None:
    source = HttpSource("https://name:secret@example.com/live.demur?token=secret")
    assert source.place == "https://example.com/live.demur"
