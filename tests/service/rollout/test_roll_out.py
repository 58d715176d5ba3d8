"""A candidate in the shadow and as a canary, and how it becomes active or ends."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from random import Random
from threading import Thread
from typing import Any

import pytest

from demur.runtime import evaluator as evaluator_module
from demur.service.check import Check
from demur.service.deployment import Deployment, checked_key
from demur.service.reload import Change, LivePolicies, watch
from demur.service.rollout import Differences, Shadow, choose, drawn
from tests.service.rollout.policies import RECORD, bundle, evaluator, put

OLD, NEW = evaluator("1.0.0"), evaluator("1.1.0", action="escalate")


def trace_ids(count: int, seed: int = 1) -> list[str]:
    pick = Random(seed)
    return [f"{pick.getrandbits(128):032x}" for _ in range(count)]


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5, 0.9])
def test_a_canary_serves_its_share_of_the_traces(share: float) -> None:
    deployment = Deployment(OLD, NEW, share)
    count = 20_000
    served = sum(choose(deployment, one) == (NEW, "canary") for one in trace_ids(count))
    deviation = (share * (1 - share) / count) ** 0.5
    assert abs(served / count - share) < 5 * deviation


def test_a_trace_gets_the_same_policy_each_time_and_keeps_it_as_the_share_grows() -> None:
    before: set[str] = set()
    for share in (0.0, 0.05, 0.2, 0.7, 1.0):
        now = {
            one for one in trace_ids(2_000) if choose(Deployment(OLD, NEW, share), one)[0] is NEW
        }
        assert before <= now
        before = now
    assert len(before) == 2_000


def test_the_draw_is_the_same_in_every_process_and_release_that_has_the_key() -> None:
    """It is by a fixed hash; another one would exchange the policies of running experiments."""
    key = checked_key(b"a secret of sixteen or more bytes")
    drawn_ids = [at for at in range(40) if drawn(f"trace-{at}", 0.2, key)]
    assert drawn_ids == [5, 19, 23, 29, 34, 36]


DRAW = """
import sys
from demur.service.deployment import checked_key
from demur.service.rollout import drawn
key = checked_key(None)
print(*[one for one in sys.stdin.read().split() if drawn(one, float(sys.argv[1]), key)])
"""


def test_who_does_not_know_the_key_cannot_tell_who_is_drawn() -> None:
    """Another process's draw says nothing of ours: what both draw is what two coins would."""
    ids, share = trace_ids(20_000), 0.2
    found = subprocess.run(
        [sys.executable, "-c", DRAW, str(share)],
        input="\n".join(ids),
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    ours = Deployment(OLD, NEW, share)
    both = sum(choose(ours, one)[1] == "canary" for one in found)
    deviation = (len(found) * share * (1 - share)) ** 0.5
    assert abs(both - len(found) * share) < 5 * deviation


def test_processes_with_the_same_key_draw_alike(files: tuple[Path, Path]) -> None:
    made = [begun(files, share=0.5, share_key=b"sixteen bytes or more") for _ in range(2)]
    other = begun(files, share=0.5, share_key=b"another secret, as long")
    chosen = [
        [choose(policies.deployment, one)[1] for one in trace_ids(200)]
        for policies in (*made, other)
    ]
    assert chosen[0] == chosen[1] != chosen[2]
    made[0].set_share(0.9)
    made[0].promote()
    assert made[0].deployment.key == made[1].deployment.key
    with pytest.raises(ValueError, match="at least 16 bytes"):
        begun(files, share_key=b"short")
    assert "key" not in repr(made[0].deployment)


def test_a_deployment_is_ready_before_it_decides_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    """The code of every stage, in both forms, is generated when the deployment is made."""
    generated: list[object] = []
    original = evaluator_module._generated

    def counting(write: Any, policy: Any, parts: Any) -> Any:
        generated.append(write)
        return original(write, policy, parts)

    monkeypatch.setattr(evaluator_module, "_generated", counting)
    active, candidate = evaluator("1.0.0"), evaluator("1.1.0", action="escalate")
    deployment = Deployment(active, candidate)
    before = len(generated)
    malformed = {"request": {"intent": 1}, "answer": {"confidence": "high"}}
    for record in (RECORD, malformed, {}):
        for stage in (*active.stages, None):
            assert Shadow().decide(deployment, record, stage) is not None
            active.decide(record, stage)
    assert before > 0
    assert len(generated) == before


@pytest.mark.parametrize("name", ["", "\ud800", "ü" * 10_000, "\0"])
def test_any_text_is_a_trace_id(name: str) -> None:
    assert choose(Deployment(OLD, NEW, 1.0), name) == (NEW, "canary")
    assert choose(Deployment(OLD, NEW, 0.0), name) == (OLD, "active")
    assert choose(Deployment(OLD, None, 1.0), name) == (OLD, "active")


def test_a_shadow_decides_beside_the_active_policy() -> None:
    shadow = Shadow()
    decision = shadow.decide(Deployment(OLD, NEW), RECORD, None)
    assert decision is not None
    assert (decision.action, decision.digest) == ("escalate", NEW.digest)
    assert shadow.decide(Deployment(OLD), RECORD, None) is None
    assert shadow.decide(Deployment(OLD, NEW, 0.5), RECORD, None) is None
    assert (shadow.skipped, shadow.failed) == (0, 0)


def test_a_shadow_over_its_budget_rests() -> None:
    shadow = Shadow(budget=0.0)
    deployment = Deployment(OLD, NEW)
    found = [shadow.decide(deployment, RECORD, None) for _ in range(5)]
    assert found[0] is not None
    assert found[1:] == [None] * 4
    assert shadow.skipped == 4


def test_a_candidate_that_cannot_decide_hurts_no_request(caplog: pytest.LogCaptureFixture) -> None:
    shadow = Shadow()
    for _ in range(3):
        assert shadow.decide(Deployment(OLD, NEW), RECORD, "no such stage") is None
    assert shadow.failed == 3
    assert len([one for one in caplog.records if "DM939" in one.getMessage()]) == 1


def check(trace_id: str, record: dict[str, Any], candidate: object = NEW) -> Check:
    shadow = None if candidate is None else candidate.decide(record)  # type: ignore[attr-defined]
    decision = OLD.decide(record)
    return Check(0.0, trace_id, None, "answer", record, decision, OLD, 0.0, 0.0, shadow=shadow)


SURE = {"request": {"intent": "billing"}, "answer": {"confidence": 0.9}}


def test_differences_are_counted_by_action_and_rule_with_examples() -> None:
    differences = Differences(examples=3)
    for at in range(10):
        differences(check(f"unsure {at}", RECORD))
        differences(check(f"sure {at}", SURE))
        differences(check("not compared", RECORD, None))
    found = differences.comparison()
    assert found.digests == (OLD.digest, NEW.digest)
    assert (found.compared, found.same) == (20, 10)
    (difference,) = found.differences
    assert (difference.action, difference.shadow_action) == ("abstain", "escalate")
    assert (difference.rule, difference.shadow_rule) == ("unsure", "unsure")
    assert difference.count == 10
    assert difference.trace_ids == ("unsure 7", "unsure 8", "unsure 9")


def test_a_reload_starts_the_comparison_anew() -> None:
    differences = Differences()
    differences(check("a", RECORD))
    differences(check("b", RECORD, evaluator("1.2.0")))
    found = differences.comparison()
    assert found.digests[1] == evaluator("1.2.0").digest
    assert (found.compared, found.same, found.differences) == (1, 1, ())


def test_kinds_of_differences_are_bounded() -> None:
    differences = Differences(kinds=0)
    for at in range(5):
        differences(check(f"trace {at}", RECORD))
    (other,) = differences.comparison().differences
    assert (other.action, other.count) == ("(other)", 5)


def test_nothing_is_lost_among_threads() -> None:
    differences = Differences()
    one = check("trace", RECORD)

    def observe() -> None:
        for _ in range(2_000):
            differences(one)

    threads = [Thread(target=observe) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = differences.comparison()
    assert (found.compared, found.same, found.differences[0].count) == (8_000, 0, 8_000)


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    active = put(tmp_path / "active.demur", bundle("1.0.0"))
    return active, put(tmp_path / "candidate.demur", bundle("1.1.0"))


def begun(files: tuple[Path, Path], **options: Any) -> LivePolicies:
    return watch(files[0], candidate=files[1], interval=0, **options)


def test_a_candidate_is_loaded_reloaded_and_promoted(files: tuple[Path, Path]) -> None:
    changes: list[Change] = []
    policies = begun(files, on_change=changes.append)
    status = policies.status()
    assert (status.version, status.candidate_version, status.share) == ("1.0.0", "1.1.0", 0.0)
    put(files[1], bundle("1.2.0"))
    assert policies.reload().candidate_version == "1.2.0"
    policies.set_share(0.25)
    assert policies.deployment.share == 0.25
    status = policies.promote()
    assert (status.version, status.candidate_version, status.share) == ("1.2.0", None, 0.0)
    told = [(one.role, one.reason) for one in changes]
    assert told == [("candidate", "start"), ("candidate", "reload"), ("active", "promote")]
    # The active policy's place still holds the version before: it does not come back.
    status = policies.reload()
    assert (status.version, status.candidate_version, status.is_refusing) == ("1.2.0", None, True)
    put(files[0], bundle("1.2.0"))
    assert not policies.reload().is_refusing


def test_a_candidate_put_in_the_active_policys_place_is_promoted(files: tuple[Path, Path]) -> None:
    policies = begun(files, share=0.1)
    put(files[0], bundle("1.1.0"))
    status = policies.reload()
    assert (status.version, status.candidate_version, status.is_refusing) == ("1.1.0", None, False)


def test_a_withdrawn_candidate_does_not_return(files: tuple[Path, Path]) -> None:
    policies = begun(files, share=0.5)
    policies.set_share(0.9)
    assert policies.withdraw().candidate_digest is None
    status = policies.reload()
    assert status.candidate_digest is None
    assert status.refusal is not None
    assert status.refusal.code == "DM937"
    put(files[1], bundle("1.1.1"))
    status = policies.reload()
    assert (status.candidate_version, status.share, status.is_refusing) == ("1.1.1", 0.5, False)


def test_a_roll_back_goes_back_and_the_bad_policy_stays_away(files: tuple[Path, Path]) -> None:
    policies = watch(files[0], interval=0)
    put(files[0], bundle("1.5.0"))
    assert policies.reload().version == "1.5.0"
    assert policies.roll_back().version == "1.0.0"
    assert policies.reload().version == "1.0.0"
    put(files[0], bundle("1.6.0"))
    assert policies.reload().version == "1.6.0"


def test_a_bad_candidate_hinders_nothing(files: tuple[Path, Path], tmp_path: Path) -> None:
    for content in (b"", bundle("0.9.0"), bundle("1.1.0", name="other")):
        put(files[1], content)
        policies = begun(files)
        status = policies.status()
        assert (status.version, status.candidate_digest, status.is_refusing) == (
            "1.0.0",
            None,
            True,
        )
        assert status.refusal is not None
        assert status.refusal.role == "candidate"
        put(files[1], bundle("1.1.0"))
        assert policies.reload().candidate_version == "1.1.0"
    files[1].unlink()
    policies = begun(files)
    assert policies.status().refusal.code == "DM930"  # type: ignore[union-attr]
    assert policies.status().version == "1.0.0"


def test_what_there_is_not_cannot_be_promoted_withdrawn_or_gone_back_to(
    files: tuple[Path, Path],
) -> None:
    policies = watch(files[0], interval=0)
    for call in (policies.promote, policies.withdraw, policies.roll_back):
        with pytest.raises(ValueError, match=r"there is no|no other"):
            call()
    with pytest.raises(ValueError, match="share must be"):
        policies.set_share(2)


@pytest.mark.parametrize("seed", range(4))
def test_whatever_is_done_in_whatever_order_a_good_policy_is_active(
    seed: int, tmp_path: Path
) -> None:
    pick = Random(seed)
    files = (put(tmp_path / "active.demur", bundle("1.0.0")), tmp_path / "candidate.demur")
    policies = begun(files)
    good = {evaluator(f"1.{at}.0").digest: at for at in range(12)}
    withdrawn: set[str] = set()
    seen: set[str] = set()
    for _ in range(150):
        before = policies.deployment
        went_back = False
        match pick.choice(["put", "put", "reload", "promote", "withdraw", "roll back", "share"]):
            case "put":
                broken = [b"", bundle("1.3.0")[:99], bundle("2.0.0", name="other")]
                content = bundle(f"1.{pick.randrange(12)}.0")
                put(pick.choice(files), pick.choice([*broken, content, content, content]))
            case "reload":
                policies.reload()
            case "promote" if before.candidate is not None:
                policies.promote()
                assert policies.deployment.active is before.candidate
            case "withdraw" if before.candidate is not None:
                policies.withdraw()
                withdrawn.add(before.candidate.digest)
                assert policies.deployment.candidate is None
            case "roll back":
                try:
                    policies.roll_back()
                except ValueError:
                    assert policies.deployment is before
                else:
                    went_back = True
                    withdrawn.add(before.active.digest)
            case "share":
                policies.set_share(pick.random())
            case _:
                pass
        after = policies.deployment
        old, new = good[before.active.digest], good[after.active.digest]
        assert new >= old or went_back
        assert after.active.digest not in withdrawn or after.active is before.active
        if after.candidate is not None:
            assert after.candidate.digest in good
            assert after.candidate.digest not in withdrawn
            assert after.candidate.digest != after.active.digest
        assert 0 <= after.share <= 1
        seen.add(after.active.digest)
    assert len(seen) > 2
