"""Mutation, counted by hand: the policy `SINGLE` has one rule, one comparison and seven mutants."""

from __future__ import annotations

from pathlib import Path

import pytest

from demur import testing
from demur.language.compile import compile_file
from demur.policy import ACTIONS
from demur.runtime.bundle import digest
from demur.runtime.evaluator import Evaluator
from demur.testing.mutants import mutants
from demur.testing.mutation import Mutation
from tests.conftest import ROOT
from tests.testing.files import HEAD, POLICY, SINGLE, one_test, only_problem, write

AROUND = """\
tests:
  - name: t
    given: {answer: {confidence: 0.69}}
    cases:
      - {name: under, expect: {action: escalate}}
      - {name: over, with: {answer: {confidence: 0.71}}, expect: {action: answer}}
"""
EXACTLY = "      - {name: exactly, with: {answer: {confidence: 0.7}}, expect: {action: answer}}\n"
NONE = "      - {name: none, without: [answer.confidence], expect: {action: abstain}}\n"


def changes(path: Path) -> list[str]:
    """The mutants of a policy, in words."""
    policy, _ = compile_file(path.with_name("policy.yaml"))
    return [f"{one.place}: {one.change}" for one in mutants(policy)]


def mutated(path: Path, limit: int = 500, seed: int = 0) -> Mutation:
    report = testing.run([path], with_mutation=True, mutants=limit, seed=seed)
    assert report.mutation is not None
    return report.mutation


def test_the_mutants_of_one_comparison(tmp_path: Path) -> None:
    assert changes(write(tmp_path, AROUND, SINGLE)) == [
        "rule not-sure: was left out",
        "rule not-sure: `escalate` became `fallback`",
        "rule not-sure: `answer.confidence < 0.7` became `answer.confidence <= 0.7`",
        "rule not-sure: `answer.confidence < 0.7` became `answer.confidence > 0.7`",
        "rule not-sure: `answer.confidence < 0.7` became `answer.confidence < 0.8`",
        "rule not-sure: `answer.confidence < 0.7` became `answer.confidence < 0.6`",
        "rule not-sure: for the unknown, `abstain` became `escalate`",
    ]


def test_the_survivors_are_what_no_test_notices(tmp_path: Path) -> None:
    path = write(tmp_path, AROUND, SINGLE)
    mutation = mutated(path)
    assert (mutation.killed, mutation.run, mutation.possible, mutation.percent) == (5, 7, 7, 71.4)
    assert [one.change for one in mutation.survivors] == [
        "`answer.confidence < 0.7` became `answer.confidence <= 0.7`",
        "for the unknown, `abstain` became `escalate`",
    ]
    first = mutation.survivors[0]
    assert first.span is not None
    line = SINGLE.splitlines()[first.span.start.line - 1]
    assert (first.place, first.rules, line.strip()) == ("rule not-sure", ("not-sure",), "not-sure:")


def test_a_test_at_the_boundary_and_one_without_the_signal_leave_none(tmp_path: Path) -> None:
    mutation = mutated(write(tmp_path, AROUND + EXACTLY + NONE, SINGLE))
    assert (mutation.percent, mutation.survivors) == (100.0, ())


def test_every_kind_of_change_is_made(tmp_path: Path) -> None:
    path = write(tmp_path, one_test("{action: answer}"), POLICY)
    found = changes(path)
    whole = "answer.confidence < params.floor || request.urgent && answer.claims > 2"
    below, urgent, many = "answer.confidence < params.floor", "request.urgent", "answer.claims > 2"
    assert [one.partition(": ")[2] for one in found if one.startswith("rule not-sure")] == [
        "was left out",
        "`escalate` became `fallback`",
        f"`{whole}` became `!({whole})`",
        f"`{whole}` became `{below} && ({urgent} && {many})`",
        f"`{below}` became `answer.confidence <= params.floor`",
        f"`{below}` became `answer.confidence > params.floor`",
        f"`{urgent} && {many}` became `{urgent} || {many}`",
        f"`{urgent} && {many}` became `!{urgent} && {many}`",
        f"`{many}` became `answer.claims >= 2`",
        f"`{many}` became `answer.claims < 2`",
        f"`{many}` became `answer.claims > 3`",
        f"`{many}` became `answer.claims > 1`",
    ]
    assert [one for one in found if "not-sure" not in one] == [
        "params floor: `0.7` became `0.8`",
        "params floor: `0.7` became `0.6`",
        "rule off-topic: was left out",
        "rule off-topic: `refuse` became `abstain`",
        'rule off-topic: `request.topic == "politics"` became `request.topic != "politics"`',
        "on_unknown: `abstain` became `escalate`",
    ]


DEFINED = f"""\
{HEAD}
stages:
  request: {{tokens: int, kind: string}}
params:
  unread: {{type: int, default: 3}}
  most:   {{type: int, default: 5, max: 5}}
define:
  long: request.tokens > params.most
rules:
  too-long:
    when: long
    then: flag
  long-chat:
    when: long && !(request.kind in ["mail", "letter"])
    then: fallback
    on_unknown: ignore
"""


def test_changes_of_definitions_and_parameters_say_which_rules_they_reach(tmp_path: Path) -> None:
    path = write(tmp_path, one_test("{action: answer}", "{request: {tokens: 1}}"), DEFINED)
    policy, _ = compile_file(path.with_name("policy.yaml"))
    reach = {f"{one.place}: {one.change}": one.rules for one in mutants(policy)}
    both = ("too-long", "long-chat")
    assert {words: rules for words, rules in reach.items() if not words.startswith("rule")} == {
        "params most: `5` became `4`": both,
        "define long: `request.tokens > params.most` became `request.tokens >= params.most`": both,
        "define long: `request.tokens > params.most` became `request.tokens < params.most`": both,
    }


def test_a_parameter_that_every_file_sets_is_not_changed(tmp_path: Path) -> None:
    tests = f"params: {{most: 4}}\n{one_test('{action: answer}', '{request: {tokens: 1}}')}"
    mutation = mutated(write(tmp_path, tests, DEFINED))
    assert all(one.place != "params most" for one in mutation.survivors)
    assert mutation.possible == len(changes(tmp_path / "policy.test.yaml")) - 1


@pytest.mark.parametrize(
    ("number", "steps"),
    [("0.55", ("0.56", "0.54")), ("100.0", ("101.0", "99.0")), ("3.0", ("4.0", "2.0"))],
)
def test_a_number_changes_in_its_last_place(
    tmp_path: Path, number: str, steps: tuple[str, str]
) -> None:
    policy = SINGLE.replace(", min: 0, max: 1", "").replace("0.7", number)
    found = changes(write(tmp_path, AROUND, policy))
    for step in steps:
        expected = f"`answer.confidence < {number}` became `answer.confidence < {step}`"
        assert f"rule not-sure: {expected}" in found


LITERALS = f"""\
{HEAD}
stages:
  request: {{tokens: int, kind: string}}
define:
  most: '{{"mail": 3, "chat": 9}}'
rules:
  too-long:
    when: request.tokens > most[request.kind]
    then: flag
  odd:
    when: request.tokens in [1, 7]
    then: flag
"""


def test_a_changed_number_in_a_map_or_list_says_which(tmp_path: Path) -> None:
    given = "{request: {tokens: 2, kind: mail}}"
    found = changes(write(tmp_path, one_test("{action: answer}", given), LITERALS))
    assert [one for one in found if " at " in one] == [
        'define most: `3` became `4` at `"mail"`',
        'define most: `3` became `2` at `"mail"`',
        'define most: `9` became `10` at `"chat"`',
        'define most: `9` became `8` at `"chat"`',
        "rule odd: `1` became `2` at index 0",
        "rule odd: `1` became `0` at index 0",
        "rule odd: `7` became `8` at index 1",
        "rule odd: `7` became `6` at index 1",
    ]


def test_a_limit_draws_mutants_by_the_seed(tmp_path: Path) -> None:
    path = write(tmp_path, AROUND, SINGLE)
    drawn = mutated(path, limit=3, seed=1)
    assert (drawn.run, drawn.possible, drawn.seed) == (3, 7, 1)
    assert drawn == mutated(path, limit=3, seed=1)
    assert len({mutated(path, limit=3, seed=seed).survivors for seed in range(20)}) > 1


def test_no_mutants_run_where_a_test_fails(tmp_path: Path) -> None:
    path = write(tmp_path, AROUND.replace("action: escalate", "action: refuse"), SINGLE)
    assert testing.run([path], with_mutation=True).mutation is None


def test_too_many_survivors_fail(tmp_path: Path) -> None:
    path = write(tmp_path, AROUND, SINGLE)
    assert testing.run([path], minimum_mutation=71.4).passed
    report = testing.run([path], minimum_mutation=72)
    assert report.outcome is testing.Outcome.FAIL
    problem = only_problem(report)
    assert problem.code == "DM612"
    assert "5 of 7" in problem.message


POLICIES = [
    *(path for path in (ROOT / "policies").glob("*.yaml") if not path.stem.endswith(".test")),
    *(ROOT / "examples").glob("*/policy.yaml"),
]


@pytest.mark.parametrize("path", POLICIES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_mutant_of_the_projects_policies_is_another_policy_that_decides(path: Path) -> None:
    policy, original = compile_file(path)
    everything = mutants(policy)
    digests = [digest(one.policy) for one in everything]
    assert len({*digests, original}) == len(everything) + 1
    for one in everything:
        assert Evaluator(one.policy, "").decide({}).action in ACTIONS
        before, became, after = one.change.partition(" became ")
        assert not became or before != after
