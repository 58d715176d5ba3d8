"""What a decision may take is bounded, whatever a record holds, and beyond it a value is unknown."""

from __future__ import annotations

import random
from math import prod
from pathlib import Path
from typing import Any

import pytest

from demur.functions import limits
from demur.functions.regular_expressions import compile_pattern
from demur.functions.values import EvaluationError
from demur.language.compile import compile_file
from demur.runtime.bundle import canonical
from demur.runtime.evaluator import Evaluator
from tests.steps import steps

HEAD = """\
demur: 1
policy: limited
about: A policy that is bounded.
owner: team@example.com
stages:
  request:
    text: string
    other: string
    few: {type: list, of: string, max_size: 10}
    words: {type: list, of: string}
    numbers: {type: list, of: int}
    groups: {type: list, of: {name: string, words: {type: list, of: string}}}
    octets: bytes
"""


def evaluator(
    folder: Path, when: str, define: dict[str, str] | None = None, allowed: str = ""
) -> Evaluator:
    path = folder / "policy.yaml"
    defined = "".join(f"  {name}: '{text}'\n" for name, text in (define or {}).items())
    path.write_text(
        HEAD
        + (f"limits: {{{allowed}}}\n" if allowed else "")
        + (f"define:\n{defined}" if defined else "")
        + f"rules:\n  one:\n    when: '{when}'\n    then: refuse\n"
    )
    return Evaluator(*compile_file(path))


def record(size: int = 1000) -> dict[str, Any]:
    return {
        "request": {
            "text": "ab" * size,
            "other": "c" * size,
            "few": ["x"] * 10,
            "words": [f"w{at}" for at in range(size)],
            "numbers": list(range(size)),
            "groups": [{"name": "n", "words": ["w1"] * 3} for _ in range(size)],
            "octets": "AAAA" * size,
        }
    }


def kinds(made: Evaluator, of: dict[str, Any]) -> set[str]:
    """Why the one rule is open; empty where it is not."""
    ((_, state),) = made.outcomes(of)
    return {one.kind for one in state.reasons} if isinstance(state, EvaluationError) else set()


def grown(first: str, form: str, times: int) -> dict[str, str]:
    """Definitions that each make more of the one before."""
    made = {"d0": first}
    for at in range(times):
        made[f"d{at + 1}"] = form.format(f"d{at}")
    return made


@pytest.mark.parametrize(
    ("first", "form", "times"),
    [
        ("request.text", "{0} + {0}", 11),
        ("request.octets", "{0} + {0}", 11),
        ("request.words", "{0} + {0}", 11),
        ("request.words", "[{0}, {0}]", 11),
        ("request.words", '{{"a": {0}, "b": {0}}}', 10),
        ("request.text", '{0}.replace("", {0})', 2),
        ("request.text", '{0}.replace("a", {0}, 900)', 2),
        ("request.text", "[{0}, {0}, {0}].join({0})", 5),
        ("request.words", "request.numbers.map(n, {0})", 2),
        ("request.text", '"%s%s".format([{0}, {0}])', 10),
        ("request.text", "cel.bind(x, {0}, x + x + x)", 6),
        ("request.text", "strings.quote({0})", 40),
    ],
)  # fmt: skip
def test_a_value_that_grows_becomes_unknown_in_place_of_taking_all_memory(
    first: str, form: str, times: int, tmp_path: Path
) -> None:
    made = evaluator(tmp_path, f"size(d{times}) > 3", grown(first, form, times))
    assert kinds(made, record()) == {"too_large"}
    assert made.decide(record()).action == "abstain"


def test_whatever_is_known_without_the_large_value_decides(tmp_path: Path) -> None:
    large = grown("request.text", "{0} + {0}", 11)
    made = evaluator(tmp_path, "size(request.few) == 10 || size(d11) > 3", large)
    assert made.decide(record()).action == "refuse"
    made = evaluator(tmp_path, "size(d11) > 3 && size(request.few) > 10", large)
    assert made.decide(record()).action == "answer"


@pytest.mark.parametrize("length", [500, 501])
def test_the_limit_of_a_value_is_exact(length: int, tmp_path: Path) -> None:
    made = evaluator(tmp_path, "size(request.text + request.other) > 0", allowed="value: 1000")
    given = record()
    given["request"]["text"], given["request"]["other"] = "é" * length, "y" * 500
    assert kinds(made, given) == ({"too_large"} if length > 500 else set())


@pytest.mark.parametrize(
    ("when", "factors"),
    [
        ("request.words.exists(a, request.numbers.exists(b, b < 0))", ("words", "numbers")),
        ("request.words.map(a, request.numbers.filter(b, b < 0)).size() < 0", ("words", "numbers")),
        ("request.words.exists(a, a in request.few)", ("words", "few")),
        (
            "request.numbers.exists(n, request.words.exists(a, request.few.exists(b, n < 0)))",
            ("numbers", "words", "few"),
        ),
        (
            "request.groups.exists(g, g.words.exists(w, request.few.exists(f, f == w)))",
            ("groups", "few", "inner"),
        ),
        (
            "request.words.filter(w, true).exists(a, request.words.map(w, w).exists(b, a == a + b))",
            ("words", "words"),
        ),
    ],
)  # fmt: skip
def test_macros_within_macros_cost_the_product_of_their_sizes(
    when: str, factors: tuple[str, ...], tmp_path: Path
) -> None:
    """Against the product as counted here, for sizes by chance around the limit."""
    made = evaluator(tmp_path, when, allowed="steps: 60")
    pick = random.Random(when)
    for _ in range(60):
        sizes = {name: pick.randint(1, 6) for name in factors}
        given = record(1)
        for name in sizes.keys() & {"words", "few"}:
            given["request"][name] = ["w"] * sizes[name]
        given["request"]["numbers"] = [1] * sizes.get("numbers", 1)
        inner = ["none"] * sizes.get("inner", 1)
        given["request"]["groups"] = [{"name": "n", "words": inner}] * sizes.get("groups", 1)
        count = prod(sizes[name] for name in factors)
        assert kinds(made, given) == ({"too_costly"} if count > 60 else set()), sizes


def test_what_is_part_of_an_element_costs_no_more_than_the_record(tmp_path: Path) -> None:
    when = 'request.groups.all(g, g.words.all(w, w.contains("w")) && g.name.size() > 0)'
    made = evaluator(tmp_path, when, allowed="steps: 1")
    assert kinds(made, record()) == set()


def test_an_element_of_a_list_that_was_made_counts_each_time(tmp_path: Path) -> None:
    when = "request.numbers.map(n, request.words).exists(one, one.exists(w, w == one[0]))"
    made = evaluator(tmp_path, when, allowed="steps: 100")
    assert kinds(made, record(20)) == {"too_costly"}


def test_declared_sizes_leave_the_limits_out(tmp_path: Path) -> None:
    plain = "request.few.exists(a, request.few.exists(b, a == b))"
    assert b"limits." not in canonical(evaluator(tmp_path, plain).policy)
    assert b"limits." in canonical(evaluator(tmp_path, plain, allowed="steps: 99").policy)


def test_steps_are_bounded_whatever_the_policy_nests(tmp_path: Path) -> None:
    nested = "request.words.all(a, request.words.all(b, request.words.all(c, a == b || c != b)))"
    made = evaluator(tmp_path, nested, allowed="steps: 10000")
    assert steps(lambda: made.decide(record(90))) < 300_000


def test_a_policy_that_takes_all_memory_or_nests_too_deeply_is_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = evaluator(tmp_path, "request.words.map(w, w + request.other).size() > 3")
    for failure in (MemoryError, RecursionError):

        def fails(*arguments: Any, failure: type[Exception] = failure) -> int:
            raise failure

        monkeypatch.setitem(limits.EXPECTED, "strings.add", fails)
        made = evaluator(tmp_path, "size(request.text + request.other) > 3")
        assert kinds(made, record()) == {"too_costly"}
        assert made.decide(record()).action == "abstain"


@pytest.mark.parametrize(
    "pattern", ["(a{1000}){1000}", r"(\pL{50}){2}", "a" * 20_001, "(((((a{9}){9}){9}){9}){9}){9}"]
)
def test_a_pattern_from_a_record_that_comes_to_too_much_is_unknown(
    pattern: str, tmp_path: Path
) -> None:
    made = evaluator(tmp_path, "request.text.matches(request.other)")
    given = record()
    given["request"]["other"] = pattern
    assert kinds(made, given) == {"error"}
    with pytest.raises(EvaluationError):
        compile_pattern(pattern)


def test_constants_are_folded_only_where_they_stay_short(tmp_path: Path) -> None:
    replaced = f'size("{"a" * 7000}".replace("", "{"b" * 7000}")) > 3'
    made = evaluator(tmp_path, replaced)
    assert kinds(made, record()) == {"too_large"}


@pytest.mark.parametrize("form", ['"%s".format([{0}])', "[{0}][0]", "!({0} == {0} + 1) ? {0} : 1"])
def test_the_longest_chain_that_compiles_decides(form: str, tmp_path: Path) -> None:
    first = "request.text" if "%s" in form else "request.numbers[1]"
    if form.startswith("!"):
        form = "{0} > 1 ? 1 : 2"
    made = evaluator(tmp_path, "d70 == d70", grown(first, form, 70))
    assert made.decide(record()).action == "refuse"
    assert made.decide({"request": {}}).action == "abstain"


def test_a_message_is_bounded_however_often_it_shows_something_long(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    why = "{{request.text}}" * 20
    path.write_text(f'{HEAD}rules:\n  one: {{when: "true", then: refuse, why: "{why}"}}\n')
    decision = Evaluator(*compile_file(path)).decide(record(100_000))
    assert decision.why is not None
    assert len(decision.why) < 1_000_200
    assert decision.why.endswith("unknown")
