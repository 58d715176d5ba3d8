"""Reload from files: a good policy is taken up whole, and nothing else is."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import demur
from demur.diagnostics import InvalidSource
from demur.runtime.bundle import BundleError
from demur.runtime.signatures import new_key, read_private_key, sign
from demur.service import file_source
from demur.service.file_source import FileSource
from demur.service.refusal import Refusal, ReloadError
from demur.service.reload import Change, LivePolicies, watch
from tests.service.rollout.policies import RECORD, bundle, evaluator, put, text

QUICK = 0.005


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Callable[..., LivePolicies]]:
    """Policies that look only when told to, unless an interval is given; closed in the end."""
    made: list[LivePolicies] = []

    def live(path: Path, **options: object) -> LivePolicies:
        policies = watch(path, **{"interval": 0, **options})  # type: ignore[arg-type]
        made.append(policies)
        return policies

    yield live
    for policies in made:
        policies.close()


Live = Callable[..., LivePolicies]


def eventually(holds: Callable[[], bool], seconds: float = 120.0) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if holds():
            return True
        time.sleep(0.002)
    return holds()


def says(policies: LivePolicies) -> str | None:
    return policies.deployment.active.decide(RECORD).message


@pytest.mark.parametrize("ending", ["yaml", "demur"])
def test_a_changed_policy_is_taken_up_by_itself(live: Live, tmp_path: Path, ending: str) -> None:
    def content(version: str) -> bytes:
        return bundle(version) if ending == "demur" else text(version).encode()

    path = put(tmp_path / f"live.{ending}", content("1.0.0"))
    changes: list[Change] = []
    policies = live(path, interval=QUICK, on_change=changes.append)
    assert says(policies) == "unsure 1.0.0"
    put(path, content("1.1.0"))
    assert eventually(lambda: says(policies) == "unsure 1.1.0")
    (change,) = changes
    assert (change.role, change.reason) == ("active", "reload")
    assert change.previous is not None
    assert change.previous.digest == evaluator("1.0.0").digest
    assert policies.status().digest == evaluator("1.1.0").digest


def test_a_changed_fragment_is_taken_up(live: Live, tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    fragment = tmp_path / "parts" / "say.yaml"
    rule = 'demur: 1\nrules:\n  late: {{when: answer.confidence < 0.3, then: refuse, say: "{}"}}\n'
    put(fragment, rule.format("first"))
    path = put(tmp_path / "live.yaml", text() + "include: [parts/say.yaml]\n")
    policies = live(path, interval=QUICK)
    assert says(policies) == "first"
    put(fragment, rule.format("second"))
    assert eventually(lambda: says(policies) == "second")


def test_a_fragment_that_was_missing_is_found_when_it_comes(live: Live, tmp_path: Path) -> None:
    path = put(tmp_path / "live.yaml", text("1.0.0"))
    policies = live(path, interval=QUICK)
    put(path, text("1.1.0") + "include: [say.yaml]\n")
    assert eventually(lambda: policies.status().is_refusing)
    put(tmp_path / "say.yaml", "demur: 1\nparams:\n  other: {type: int, default: 1}\n")
    assert eventually(lambda: policies.status().version == "1.1.0")
    assert not policies.status().is_refusing
    assert policies.status().refusals == 1


def broken() -> dict[str, bytes]:
    good = bundle("1.1.0")
    flipped = bytearray(good)
    flipped[len(good) // 2] ^= 1
    return {
        "empty": b"",
        "cut": good[: len(good) // 2],
        "one byte changed": bytes(flipped),
        "garbage": os.urandom(500),
        "no policy": b"hello: world\n",
        "a policy cut short": text("1.1.0").encode()[:-40],
        "an error in an expression": text("1.1.0").replace("least\n", "most\n").encode(),
        "older": bundle("0.9.9"),
        "without a version": bundle(None),
        "another policy": bundle("1.1.0", name="other"),
        "other stages": bundle("1.1.0", stage="reply"),
    }


CODES = {
    "older": "DM926",
    "without a version": "DM926",
    "another policy": "DM927",
    "other stages": "DM928",
    "one byte changed": "DM704",
}


@pytest.mark.parametrize("kind", broken())
def test_what_is_no_good_policy_is_refused_loudly_and_the_last_good_one_goes_on(
    kind: str, live: Live, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = put(tmp_path / "live.demur", bundle("1.0.0"))
    refusals: list[Refusal] = []
    policies = live(path, on_refusal=refusals.append)
    put(path, broken()[kind])
    with caplog.at_level(logging.ERROR, "demur.reload"):
        status = policies.reload()
        policies.reload()
    assert says(policies) == "unsure 1.0.0"
    assert (status.version, status.changes, status.refusals) == ("1.0.0", 0, 1)
    assert status.is_refusing
    (refusal,) = refusals
    assert status.refusal == refusal
    assert refusal.code == CODES.get(kind, refusal.code)
    (logged,) = caplog.records
    assert refusal.code in logged.getMessage()
    assert path.name in logged.getMessage()
    put(path, bundle("1.2.0"))
    status = policies.reload()
    assert (status.version, status.is_refusing, status.refusal) == ("1.2.0", False, refusal)
    assert says(policies) == "unsure 1.2.0"


def test_a_good_policy_that_returns_ends_the_refusal(live: Live, tmp_path: Path) -> None:
    path = put(tmp_path / "live.demur", bundle())
    policies = live(path, interval=QUICK)
    path.unlink()
    assert eventually(lambda: policies.status().is_refusing)
    assert policies.status().refusal is not None
    assert policies.status().refusal.code == "DM930"  # type: ignore[union-attr]
    assert says(policies) == "unsure 1.0.0"
    put(path, bundle())
    assert eventually(lambda: not policies.status().is_refusing)
    assert policies.status().changes == 0


def test_a_file_that_is_being_written_is_left_alone(tmp_path: Path) -> None:
    """Cut at the end of a line a policy file may be a valid policy that asks for less."""
    path = put(tmp_path / "live.yaml", text("1.0.0"))
    source = FileSource(path)
    source.poll(at_once=True)
    new = text("1.1.0")
    for end in range(0, len(new), 20):
        path.write_text(new[:end])
        assert source.poll() is None
    path.write_text(new[: new.index("rules:")])
    assert demur.load(path).decide(RECORD).action == "answer"
    assert source.poll() is None
    path.write_text(new)
    assert source.poll() is None
    found = source.poll()
    assert found is not None
    assert found.decide(RECORD).message == "unsure 1.1.0"
    assert source.poll() is None


def test_files_that_change_while_they_are_read_are_never_mixed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule = 'demur: 1\nrules:\n  late: {{when: answer.confidence < 0.3, then: refuse, say: "{}"}}\n'
    path, fragment = tmp_path / "live.yaml", tmp_path / "say.yaml"

    def write(version: str) -> None:
        put(path, text(version) + "include: [say.yaml]\n")
        put(fragment, rule.format(version))

    write("1.0.0")
    source = FileSource(path)
    read, reads = file_source._read, 0

    def changing(file: Path) -> bytes | OSError:
        nonlocal reads
        content = read(file)
        reads += 1
        if file == path and reads == 1:
            write("1.1.0")
        return content

    monkeypatch.setattr(file_source, "_read", changing)
    found = source.poll(at_once=True)
    assert found is not None
    assert (found.policy.version, found.decide(RECORD).message) == ("1.1.0", "1.1.0")


def test_files_that_never_stand_still_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = put(tmp_path / "live.yaml", text("1.0.0"))
    source = FileSource(path)
    source.poll(at_once=True)
    read, minor = file_source._read, 0

    def changing(file: Path) -> bytes | OSError:
        nonlocal minor
        minor += 1
        put(path, text(f"1.{minor}.0"))
        return read(file)

    monkeypatch.setattr(file_source, "_read", changing)
    with pytest.raises(ReloadError, match="DM931"):
        source.poll(at_once=True)
    assert source.poll() is None


def _with_fixed_dates(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As two writes within one tick of the file system's clock leave them."""
    whole, fixed = Path.stat, path.stat()

    def stat(self: Path, **options: bool) -> os.stat_result:
        return fixed if self == path else whole(self, **options)

    monkeypatch.setattr(Path, "stat", stat)


def test_dates_that_stand_still_do_not_hide_a_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = put(tmp_path / "live.demur", bundle("1.0.0"))
    _with_fixed_dates(path, monkeypatch)
    source = FileSource(path)
    source.poll(at_once=True)
    assert source.poll() is None
    path.write_bytes(bundle("1.0.1"))
    assert source.poll() is None
    found = source.poll()
    assert found is not None
    assert found.policy.version == "1.0.1"


def test_a_file_that_has_long_been_the_same_is_not_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = put(tmp_path / "live.demur", bundle("1.0.0"))
    source = FileSource(path)
    source.poll(at_once=True)
    monkeypatch.setattr(file_source, "_TRUSTED_AFTER", 0.0)
    for _ in range(3):
        assert source.poll() is None

    def fails(file: Path) -> bytes:
        raise AssertionError("read again")

    monkeypatch.setattr(file_source, "_read", fails)
    assert source.poll() is None


@pytest.mark.parametrize("kind", ["folder", "pipe"])
def test_what_is_no_file_is_refused_and_blocks_nothing(
    kind: str, live: Live, tmp_path: Path
) -> None:
    if kind == "pipe" and not hasattr(os, "mkfifo"):
        pytest.skip("this system has no named pipes")
    path = put(tmp_path / "live.demur", bundle())
    policies = live(path)
    path.unlink()
    path.mkdir() if kind == "folder" else os.mkfifo(path)
    status = policies.reload()
    assert status.refusal is not None
    assert status.refusal.code == "DM930"
    assert "not a file" in status.refusal.message


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
def test_an_unreadable_folder_is_refused_until_it_can_be_read(
    live: Live, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "policies"
    folder.mkdir()
    path = put(folder / "live.demur", bundle("1.0.0"))
    policies = live(path)
    put(path, bundle("1.1.0"))
    folder.chmod(0)
    is_almighty = os.access(path, os.R_OK)
    if is_almighty:  # root may read what nobody may: the system's refusal is made here
        whole = os.open

        def opened(name: str, *rest: int, **options: int) -> int:
            if name == str(path):
                raise PermissionError(13, "Permission denied")
            return whole(name, *rest, **options)

        monkeypatch.setattr(os, "open", opened)
    status = policies.reload()
    assert status.refusal is not None
    assert "permission denied" in status.refusal.message
    assert says(policies) == "unsure 1.0.0"
    monkeypatch.undo()
    folder.chmod(0o700)
    assert policies.reload().version == "1.1.0"


def test_a_read_only_folder_is_no_obstacle(live: Live, tmp_path: Path) -> None:
    folder = tmp_path / "policies"
    folder.mkdir()
    path = put(folder / "live.demur", bundle("1.0.0"))
    folder.chmod(0o500)
    try:
        assert live(path).reload().version == "1.0.0"
        assert [one.name for one in folder.iterdir()] == ["live.demur"]
    finally:
        folder.chmod(0o700)


def test_a_clock_that_is_set_back_or_forth_matters_to_nothing(
    live: Live, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = put(tmp_path / "live.demur", bundle("1.0.0"))
    policies = live(path, interval=QUICK)
    for at, hours in enumerate((-20, 400, -10_000), start=1):
        now = time.time()
        monkeypatch.setattr(time, "time", lambda now=now, hours=hours: now + hours * 3600)
        put(path, bundle(f"1.{at}.0"))
        os.utime(path, (now + hours * 3600, now + hours * 3600))
        assert eventually(lambda at=at: policies.status().version == f"1.{at}.0")
        assert 0 <= policies.status().active_for < 60
        assert 0 <= policies.status().checked < 60


@pytest.mark.skipif(os.name == "nt", reason="Windows lets few users make links")
def test_swapped_links_are_followed(live: Live, tmp_path: Path) -> None:
    """As Kubernetes replaces a mounted ConfigMap: the folder's link is exchanged."""
    for version in ("1.0.0", "1.1.0"):
        (tmp_path / version).mkdir()
        put(tmp_path / version / "live.yaml", text(version))
    data = tmp_path / "data"
    data.symlink_to("1.0.0")
    policies = live(data / "live.yaml", interval=QUICK)
    beside = tmp_path / "beside"
    beside.symlink_to("1.1.0")
    beside.replace(data)
    assert eventually(lambda: says(policies) == "unsure 1.1.0")


def test_signed_where_a_key_is_set(live: Live, tmp_path: Path) -> None:
    private, public, _ = new_key()
    key, other = read_private_key(private), read_private_key(new_key()[0])

    def signed(version: str, by: object = key) -> bytes:
        return bundle(version) + sign(bundle(version), by)  # type: ignore[arg-type]

    path = put(tmp_path / "live.demur", signed("1.0.0"))
    policies = live(path, keys=[public])
    for content, code in (
        (bundle("1.1.0"), "DM920"),
        (text("1.1.0").encode(), "DM920"),
        (signed("1.1.0", other), "DM922"),
        (bundle("1.1.0") + sign(bundle("1.0.0"), key), "DM923"),
        (signed("0.9.0"), "DM926"),
    ):
        put(path, content)
        status = policies.reload()
        assert status.refusal is not None
        assert (status.refusal.code, status.version) == (code, "1.0.0")
    put(path, signed("1.1.0"))
    assert policies.reload().version == "1.1.0"


def test_a_detached_signature_may_come_after_its_bundle(live: Live, tmp_path: Path) -> None:
    private, public, _ = new_key()
    key = read_private_key(private)
    path = tmp_path / "live.demur"
    put(tmp_path / "live.demur.sig", sign(bundle("1.0.0"), key))
    put(path, bundle("1.0.0"))
    policies = live(path, keys=[public], interval=QUICK)
    put(path, bundle("1.1.0"))
    assert eventually(lambda: policies.status().is_refusing)
    put(tmp_path / "live.demur.sig", sign(bundle("1.1.0"), key))
    assert eventually(lambda: policies.status().version == "1.1.0")


def test_going_back_must_be_allowed_in_so_many_words(live: Live, tmp_path: Path) -> None:
    path = put(tmp_path / "live.demur", bundle("1.1.0"))
    policies = live(path, allow_older=True, minimum_version="1.0.0")
    put(path, bundle("1.0.0"))
    assert policies.reload().version == "1.0.0"
    put(path, bundle("0.9.0"))
    status = policies.reload()
    assert (status.version, status.is_refusing) == ("1.0.0", True)


def test_a_minimum_version_holds_from_the_start(live: Live, tmp_path: Path) -> None:
    path = put(tmp_path / "live.demur", bundle("1.0.0"))
    with pytest.raises(ReloadError, match="DM926"):
        live(path, minimum_version="1.0.1")


def test_a_service_does_not_start_without_a_good_policy(live: Live, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        live(tmp_path / "none.demur")
    with pytest.raises(BundleError, match="DM70"):
        live(put(tmp_path / "cut.demur", bundle()[:100]))
    with pytest.raises(InvalidSource):
        live(put(tmp_path / "bad.yaml", "demur: 1\n"))
    with pytest.raises(BundleError, match="DM920"):
        live(put(tmp_path / "live.demur", bundle()), keys=[new_key()[1]])
    with pytest.raises(ValueError, match="keys is empty"):
        live(tmp_path / "live.demur", keys=[])
    for options in ({"share": 1.5}, {"share": float("nan")}, {"interval": -1}):
        with pytest.raises(ValueError, match="must be"):
            live(tmp_path / "live.demur", **options)


def test_parameters_are_replaced_in_every_version_and_must_fit(live: Live, tmp_path: Path) -> None:
    path = put(tmp_path / "live.demur", bundle("1.0.0"))
    policies = live(path, parameters={"least": 0.1})
    assert policies.deployment.active.decide(RECORD).action == "answer"
    put(path, bundle("1.1.0"))
    assert policies.reload().version == "1.1.0"
    assert policies.deployment.active.decide(RECORD).action == "answer"
    put(path, text("1.2.0").replace("least", "lowest"))
    status = policies.reload()
    assert status.refusal is not None
    assert (status.refusal.code, status.version) == ("DM936", "1.1.0")


def test_hooks_that_raise_are_passed_over(
    live: Live, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(told: object) -> None:
        raise RuntimeError("no")

    path = put(tmp_path / "live.demur", bundle("1.0.0"))
    policies = live(path, on_change=fails, on_refusal=fails)
    put(path, b"")
    policies.reload()
    put(path, bundle("1.1.0"))
    assert policies.reload().version == "1.1.0"
    assert caplog.text.count("RuntimeError at test_reload_files.py:") == 2
    assert "RuntimeError: no" not in caplog.text


def test_whatever_goes_wrong_inside_is_a_refusal(
    live: Live, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = put(tmp_path / "live.demur", bundle("1.0.0"))
    policies = live(path, interval=QUICK)

    def fails(data: bytes) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("demur.service.file_source.decode", fails)
    put(path, bundle("1.1.0"))
    assert eventually(lambda: policies.status().is_refusing)
    assert policies.status().refusal.code == "DM938"  # type: ignore[union-attr]
    monkeypatch.undo()
    put(path, bundle("1.2.0"))
    assert eventually(lambda: policies.status().version == "1.2.0")


def test_closing_ends_the_thread(tmp_path: Path) -> None:
    path = put(tmp_path / "live.demur", bundle("1.0.0"))
    policies = watch(path, interval=QUICK)
    thread = policies._thread
    assert thread is not None
    assert thread.is_alive()
    policies.close()
    assert not thread.is_alive()
    put(path, bundle("1.1.0"))
    time.sleep(10 * QUICK)
    assert says(policies) == "unsure 1.0.0"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_forked_worker_keeps_looking(tmp_path: Path) -> None:
    """As gunicorn does with --preload; a thread does not survive a fork."""
    path = put(tmp_path / "live.demur", bundle("1.0.0"))
    policies = watch(path, interval=QUICK)
    child = os.fork()
    if child == 0:
        found = eventually(lambda: policies.status().version == "1.1.0")
        os._exit(0 if found else 1)
    put(path, bundle("1.1.0"))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    policies.close()


def test_the_first_request_after_a_reload_compiles_nothing(
    live: Live, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    policies = live(put(tmp_path / "live.demur", bundle()))

    def fails(*arguments: object) -> None:
        raise AssertionError("compiled on the request path")

    monkeypatch.setattr("demur.runtime.evaluator._generated", fails)
    active = policies.deployment.active
    assert active.decide({"request": {"intent": "other"}}, "request").action == "refuse"
    assert active.decide({"answer": {}}).action == "abstain"
    assert active.decide(RECORD).action == "abstain"


def test_watch_is_on_the_librarys_face(tmp_path: Path) -> None:
    policies = demur.watch(put(tmp_path / "live.yaml", text()), interval=0)
    assert policies.status().name == "live"
    assert policies.status().digest == demur.load(tmp_path / "live.yaml").digest
    policies.close()


def test_watching_a_bundle_imports_the_standard_library_only(tmp_path: Path) -> None:
    path = put(tmp_path / "live.demur", bundle())
    code = (
        f"import sys, demur; policies = demur.watch({str(path)!r}, interval=0);"
        "policies.reload(); print(*sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    foreign = {name.split(".")[0] for name in run.stdout.split()} - sys.stdlib_module_names
    assert "demur" in foreign
    plain = subprocess.run(
        [sys.executable, "-c", "import sys; print(*sys.modules)"],
        check=True,
        capture_output=True,
        text=True,
    )
    assert foreign - {name.split(".")[0] for name in plain.stdout.split()} == {"demur"}


def test_a_refusal_of_a_policy_file_says_where_and_what_to_write(
    live: Live, tmp_path: Path
) -> None:
    path = put(tmp_path / "live.yaml", text("1.0.0"))
    policies = live(path)
    put(path, text("1.1.0").replace("when: answer.confidence", "when: answer.confidense"))
    refusal = policies.reload().refusal
    assert refusal is not None
    assert (refusal.code, refusal.place) == ("DM304", path.as_posix())
    assert refusal.message.startswith("line ")
    assert refusal.help == "Did you mean `answer.confidence`?"
