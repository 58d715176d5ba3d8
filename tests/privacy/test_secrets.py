"""Passwords and tokens of addresses and headers stand in no message, no file and no repr."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from demur.cli import cli
from demur.measure.records.connecting import connect, engine_error
from demur.measure.records.relation import UnreadableTable
from demur.monitor.deliver import Receiver, deliver
from demur.monitor.memory import Memory, read_memory, write_memory
from demur.service.addresses import host, secrets_of, shown, subject, without_secrets
from demur.service.http_source import HttpSource
from demur.service.refusal import ReloadError
from demur.suites.settings import Options

SECRET = "s3cr3tZQ"
PLACES = (
    f"postgres://ana:{SECRET}@127.0.0.1:9/db",
    f"postgres://ana:{SECRET}%2Fx@127.0.0.1:9/db?sslmode=disable&password={SECRET}",
    f"postgres://ana:{SECRET}/x@127.0.0.1:9/db",
    f"mysql://127.0.0.1:9/db?user=ana&password={SECRET}",
)


@pytest.mark.parametrize(
    ("address", "as_shown", "as_host"),
    [
        ("https://h.example/p", "https://h.example/p", "https://h.example/…"),
        ("https://h.example", "https://h.example", "https://h.example"),
        (f"https://ana:{SECRET}@h:8443/p", "https://h:8443/p", "https://h:8443/…"),
        (f"https://{SECRET}@h/p", "https://h/p", "https://h/…"),
        (f"https://h/p?key={SECRET}&b#{SECRET}", "https://h/p?key=…&b#…", "https://h/…"),
        (f"postgres://ana:{SECRET}@h/db", "postgres://ana@h/db", "postgres://h/…"),
        (f"postgres://ana:{SECRET}/x@h/db", "postgres://ana@h/db", "postgres://h/…"),
        ("duckdb", "duckdb", "duckdb://"),
    ],
)
def test_what_is_shown_of_an_address(address: str, as_shown: str, as_host: str) -> None:
    assert shown(address) == as_shown
    assert host(address) == as_host


def test_what_tells_a_target_from_another_is_kept_and_what_is_secret_is_not() -> None:
    found = subject(f"https://ana:{SECRET}@h/p?model=a&api_key={SECRET}&X-Signature={SECRET}")
    assert found == "https://h/p?model=a&api_key=…&X-Signature=…"
    assert subject("command:./run --url https://h?key=1") == "command:./run --url https://h?key=1"


_WORDS = st.text("abcXYZ019%+-_~", min_size=4, max_size=12).map(lambda text: f"Q{text}")


@given(_WORDS, _WORDS, st.sampled_from(["https", "postgres"]))
def test_no_secret_survives_in_any_form(password: str, value: str, scheme: str) -> None:
    address = f"{scheme}://u:{password}@h.example/p?t={value}#{value}"
    for text in (shown(address), host(address), without_secrets(f"no: {address!r}", address)):
        assert password not in text
        assert value not in text


def test_headers_are_in_no_text_and_no_repr() -> None:
    headers = {"Authorization": f"Bearer {SECRET}", "X-Key": SECRET}
    assert SECRET not in without_secrets(f"Illegal {SECRET.encode()}", also=secrets_of(headers))
    assert SECRET not in repr(Options(headers=headers))
    assert SECRET not in repr(Receiver("webhook", f"https://h/{SECRET}"))


@pytest.mark.parametrize("url", PLACES)
def test_an_engine_that_cannot_be_reached_is_named_without_its_password(url: str) -> None:
    with pytest.raises(UnreadableTable) as raised:
        connect(url)
    assert SECRET not in str(raised.value)
    assert raised.value.__suppress_context__


def test_what_an_engine_quotes_is_not_passed_on_save_what_is_known() -> None:
    failure = ValueError("""Could not convert string 'ada's 'x'' of "request.age" to INT64""")
    assert "ada" not in engine_error(failure, ["request.age"])
    other = ValueError('relation "decisions" does not exist, "ada" neither')
    assert engine_error(other, ["decisions"]) == 'relation "decisions" does not exist, "…" neither'


def test_a_receiver_that_is_away_is_named_by_its_host(tmp_path: Path) -> None:
    receiver = Receiver("webhook", f"http://127.0.0.1:9/services/{SECRET}?token={SECRET}")
    message = {"a": 1}
    pending = {f"{receiver.kind}={receiver.target}": [message]}
    quiet = SimpleNamespace(statuses=(), newly_unreadable=0)
    memory = Memory()
    found = deliver(quiet, None, [receiver], pending, 60.0, key=memory.key)  # pyright: ignore
    assert found.problems
    assert SECRET not in "".join(found.problems)
    assert list(found.unsent.values()) == [(message,)]
    assert SECRET not in str(list(found.unsent))
    path = tmp_path / "state.json"
    write_memory(path, Memory(1.0, 0, {}, found.unsent, key=memory.key))
    assert SECRET not in path.read_text("utf-8")
    assert path.stat().st_mode & 0o077 == 0
    again = read_memory(path)
    told = deliver(quiet, None, [receiver], again.unsent, 60.0, key=again.key)  # pyright: ignore
    assert told.unsent == found.unsent


@pytest.mark.parametrize("scheme", ["ftp", "http"])
def test_an_address_that_is_refused_is_named_without_its_token(scheme: str) -> None:
    with pytest.raises(ValueError, match="h\\.example") as raised:
        HttpSource(f"{scheme}://ana:{SECRET}@h.example/p?token={SECRET}")
    assert SECRET not in str(raised.value)


def test_why_a_server_gave_no_policy_has_no_token() -> None:
    url = f"http://127.0.0.1:9/p?token={SECRET} x"
    source = HttpSource(url, headers={"Authorization": f"Bearer {SECRET}\n"})
    with pytest.raises(ReloadError) as raised:
        source.poll()
    assert SECRET not in str(raised.value)
    assert SECRET not in source.place


SUITE = """\
demur: 1
policy: asked
about: A policy.
owner: team@example.com
runbook: runbook.md
stages:
  answer: {confidence: {type: double, min: 0, max: 1}}
suites:
  golden: {cases: cases.jsonl, target: "http://ana:SECRET@127.0.0.1:9/p?api_key=SECRET", retries: 0}
"""


def test_a_run_of_a_suite_keeps_no_secret_of_its_target(tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text(SUITE.replace("SECRET", SECRET), "utf-8")
    (tmp_path / "cases.jsonl").write_text(json.dumps({"id": "1"}) + "\n", "utf-8")
    header = f"Authorization: Bearer {SECRET}"
    refused = CliRunner().invoke(cli, ["run", str(policy), "--header", f"{header}\u00e9"])
    assert refused.exit_code == 2
    assert SECRET not in refused.output
    done = CliRunner().invoke(cli, ["run", str(policy), "--header", header, "--show-errors"])
    assert done.exit_code == 4, done.output
    texts = [one.read_text("utf-8") for one in (tmp_path / ".demur").rglob("*") if one.is_file()]
    assert len(texts) == 2
    assert SECRET not in done.output + "".join(texts)
