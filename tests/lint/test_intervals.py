"""What is called always true or always false is so, for every record tried."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from demur.functions.values import EvaluationError
from demur.language.compile import assemble, check_source
from demur.language.source import parse_source
from demur.lint.intervals import Ranges
from demur.runtime.bundle import digest
from demur.runtime.evaluator import Evaluator

HEADER = """\
demur: 1
policy: example
about: An example.
owner: team@example.com
stages:
  request:
    intent: {type: string, enum: [a, b, c]}
    count: {type: int, min: -2, max: 5}
    score: {type: double, min: 0, max: 1}
    words: {type: list, of: string, max_size: 3}
rules:
  rule:
    when: '%s'
    then: flag
"""

numbers = st.sampled_from(["-3", "-2", "0", "1", "5", "6"])
doubles = st.sampled_from(["-0.5", "0.0", "0.5", "1.0", "1.5"])
orders = st.sampled_from(["<", "<=", ">", ">="])
letters = st.lists(st.sampled_from(["a", "b", "c", "x"]), max_size=4)
atoms = st.one_of(
    st.builds("request.count {} {}".format, orders, numbers),
    st.builds("{} {} request.count".format, numbers, orders),
    st.builds("request.score {} {}".format, orders, doubles),
    st.builds("request.count + {} {} {}".format, numbers, orders, numbers),
    st.builds("request.score - {} {} {}".format, doubles, orders, doubles),
    st.builds("size(request.words) {} {}".format, orders, numbers),
    st.builds('request.intent == "{}"'.format, st.sampled_from("abcx")),
    st.builds('request.intent != "{}"'.format, st.sampled_from("abcx")),
    st.builds("request.count == {}".format, numbers),
    letters.map(lambda some: "request.intent in [" + ", ".join(f'"{one}"' for one in some) + "]"),
)
conditions = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.builds("({} && {})".format, inner, inner),
        st.builds("({} || {})".format, inner, inner),
        st.builds("!({})".format, inner),
    ),
    max_leaves=5,
)
records = st.fixed_dictionaries(
    {
        "request": st.fixed_dictionaries(
            {
                "intent": st.sampled_from("abc"),
                "count": st.integers(-2, 5),
                "score": st.sampled_from([0.0, 0.25, 0.5, 1.0]),
                "words": st.lists(st.just("w"), max_size=3),
            }
        )
    }
)


@settings(max_examples=300)
@given(conditions, st.lists(records, min_size=1, max_size=8))
def test_a_claimed_truth_holds_for_every_record(condition: str, samples: list[dict]) -> None:
    source = parse_source(HEADER % condition, "policy.yaml")
    _, checked, diagnostics = check_source(source, Path())
    assert checked is not None, diagnostics
    claim = Ranges(checked).truth(checked.rules[0].condition.tree)
    if claim is None:
        return
    policy = assemble(checked)
    evaluator = Evaluator(policy, digest(policy))
    for record in samples:
        ((_, state),) = evaluator.outcomes(record)
        assert isinstance(state, EvaluationError) or state is claim
