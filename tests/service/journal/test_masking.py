"""Nothing personal leaves the process, whatever the policy, the record and the mode."""

from __future__ import annotations

import hmac
import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demur.functions.values import Unavailable
from demur.runtime.personal import DROPPED, masked, without_personal_keys
from demur.service.journal import Journal, Masking
from demur.service.journal.line import Layout
from tests.service.journal.checks import check, compiled, line_of, record, values

KEY = b"sixteen bytes or more"
MODES = [Masking(), Masking("hash", key=KEY), Masking("partial"), Masking("partial", keep=4)]


def test_by_default_personal_values_are_left_out_and_their_places_named() -> None:
    line = line_of(Layout(compiled(), Masking()), check(compiled()))
    assert "text" not in line["request"]
    assert line["retrieval"]["documents"] == [{"id": "d1", "score": 0.9}]
    assert line["demur"]["masked"] == ["request.text", "retrieval.documents[].author"]


def test_a_hash_is_the_same_for_the_same_value_and_needs_the_key() -> None:
    masking = Masking("hash", key=KEY)
    line = line_of(Layout(compiled(), masking), check(compiled()))
    text = record()["request"]["text"].encode()
    expected = hmac.digest(KEY, text, "sha256")[:16].hex()
    assert line["request"]["text"] == f"hmac-sha256:{expected}"
    again = line_of(Layout(compiled(), masking), check(compiled()))
    assert again["request"]["text"] == line["request"]["text"]
    other = line_of(Layout(compiled(), Masking("hash", key=KEY[::-1])), check(compiled()))
    assert other["request"]["text"] != line["request"]["text"]
    assert KEY.decode() not in repr(masking)


def test_partial_keeps_the_last_characters_of_long_texts_only() -> None:
    masking = Masking("partial")
    assert masking.mask("+43 660 1234567") == "…67"
    assert masking.mask("12345678") == "…78"
    for short in ("", "1", "1234567", 12345678, [1, 2], {"a": "b"}):
        assert masking.mask(short) is DROPPED


def test_messages_and_explanations_are_masked() -> None:
    policy = compiled()
    given = record()
    given["request"]["tokens"] = 5_000
    line = line_of(Layout(policy, Masking()), check(policy, given))
    assert line["decision"]["rule"] == "too-long"
    assert line["decision"]["message"] == "That is too long, <pii>."
    assert line["decision"]["why"] == "5000 tokens of <pii>"


def test_null_and_what_could_not_be_had_are_not_personal() -> None:
    policy = compiled()
    given = record()
    given["request"]["text"] = None
    given["request"]["nickname"] = Unavailable("timed_out", "did not come in time")
    line = line_of(Layout(policy, Masking()), check(policy, given))
    assert line["request"]["text"] is None
    assert line["request"]["nickname"] == {"demur_unavailable": "timed_out"}
    assert "request.text" not in line["demur"]["masked"]


def test_a_value_that_is_not_as_declared_is_masked_as_a_whole() -> None:
    shape = compiled().policy.stages["retrieval"]["documents"]
    for wrong in ("ada@example.com", {"author": "Ada"}, 7):
        paths: dict[str, None] = {}
        assert masked(wrong, shape, "retrieval.documents", Masking().mask, paths) is DROPPED
        assert list(paths) == ["retrieval.documents"]
    assert masked(["Ada"], shape, "retrieval.documents", Masking().mask, {}) == [None]


def test_a_map_with_personal_values_is_masked_as_one_and_undeclared_fields_go() -> None:
    shapes = compiled().policy.stages["retrieval"]
    mask = Masking("hash", key=KEY).mask
    whole = masked({"Ada": "x"}, shapes["headers"], "retrieval.headers", mask, {})
    assert whole.startswith("hmac-sha256:")
    documents = [{"id": "d1", "undeclared": "Ada"}]
    assert masked(documents, shapes["documents"], "retrieval.documents", mask, {}) == [{"id": "d1"}]


def test_the_key_of_a_personal_map_is_in_no_path() -> None:
    shapes = compiled().policy.stages
    assert without_personal_keys("retrieval.headers.ada@x.org", shapes) == "retrieval.headers"
    assert without_personal_keys("retrieval.documents[0].id", shapes) == "retrieval.documents[0].id"
    assert without_personal_keys("retrieval.documents", shapes) == "retrieval.documents"


def test_why_an_operation_failed_is_withheld_where_its_rule_reads_personal_data() -> None:
    policy = compiled(
        """\
demur: 1
policy: p
about: a
owner: t@example.com
stages:
  request:
    text: {type: string, pii: true}
    plain: string
rules:
  personal: {when: "request.text.substring(9, 10) == request.text.substring(100)", then: refuse}
  open: {when: int(request.plain) > 1, then: refuse}
"""
    )
    given = {"request": {"text": "short", "plain": "short"}}
    line = line_of(Layout(policy, Masking()), check(policy, given, stage="request"))
    details = {one["rules"][0]: one["detail"] for one in line["decision"]["reasons"]}
    assert details["personal"] == "withheld: the rule reads personal data"
    assert details["open"] == "the text is no int"


class Marks:
    """Strings that occur nowhere else, each remembered."""

    def __init__(self, pick: random.Random) -> None:
        self._pick = pick
        self.made: list[str] = []

    def one(self) -> str:
        self.made.append(f"secret{self._pick.getrandbits(64):016x}marker")
        return self.made[-1]


def shape_text(pick: random.Random, depth: int, pii: bool) -> str:
    """A generated shape, as YAML in flow style; somewhere in it may be personal parts."""
    marks = ", pii: true" if pii else pick.choice(["", ", pii: true"])
    kind = pick.choice(
        ["string", "double", "list", "map", "object"] if depth else ["string", "int"]
    )
    optional = pick.choice(["", ", optional: true"])
    if kind in ("list", "map"):
        return f"{{type: {kind}, of: {shape_text(pick, depth - 1, pii)}{marks}}}"
    if kind == "object":
        fields = ", ".join(f"f{at}: {shape_text(pick, depth - 1, pii)}" for at in range(2))
        return f"{{type: object, fields: {{{fields}}}{marks}{optional}}}"
    return f"{{type: {kind}{marks}{optional}}}"


def value_of(shape: Any, pick: random.Random, marks: Marks, personal: bool = False) -> Any:
    """A value for a shape, now and then of another type, with a mark wherever personal text may be."""
    personal = personal or shape.pii
    kind = shape.type if pick.random() < 0.8 else pick.choice(["string", "list", "map", "object"])
    if kind == "list" and (shape.of is not None or personal):
        inner = shape.of or shape
        return [value_of(inner, pick, marks, personal) for _ in range(pick.randint(0, 2))]
    if kind == "map" and (shape.of is not None or personal):
        inner = shape.of or shape
        keys = [marks.one() if personal or has_mark(inner) else "key" for _ in range(2)]
        return {key: value_of(inner, pick, marks, personal) for key in keys}
    if kind == "object" and shape.fields:
        found = {name: value_of(one, pick, marks, personal) for name, one in shape.fields.items()}
        if pick.random() < 0.3:
            found["undeclared"] = marks.one()
        return found
    if personal or has_mark(shape):
        return pick.choice([marks.one(), marks.one().encode(), [marks.one()], {marks.one(): 1}])
    return pick.choice(["plain", 1, 0.5, None, float("nan"), b"bytes", object()])


def has_mark(shape: Any) -> bool:
    """Whether a part of the shape is personal."""
    inner = [*(shape.fields or {}).values(), *([] if shape.of is None else [shape.of])]
    return shape.pii or any(map(has_mark, inner))


@given(st.integers(0, 2**32))
def test_no_mark_in_a_personal_signal_is_ever_in_a_line(seed: int) -> None:
    pick = random.Random(seed)
    marks = Marks(pick)
    signals = {f"s{at}": shape_text(pick, 2, pii=pick.random() < 0.3) for at in range(4)}
    written = "\n".join(f"    {name}: {shape}" for name, shape in signals.items())
    policy = compiled(
        f"""\
demur: 1
policy: generated
about: A generated policy.
owner: team@example.com
stages:
  request:
    text: {{type: string, pii: true}}
{written}
rules:
  one:
    when: request.text.contains("never") || request.text.substring(1000) == "x"
    then: abstain
    say: "You said {{{{request.text}}}}."
    why: "It was {{{{request.text}}}}, {{{{size(request.text)}}}} long."
  two: {{when: size(request.text) > 3, then: refuse, say: "No, {{{{request.text}}}}."}}
"""
    )
    shapes = policy.policy.stages["request"]
    given_record = {
        "request": {name: value_of(shape, pick, marks) for name, shape in shapes.items()}
        | {"not_declared": marks.one()},
        marks.one(): {"x": marks.one()},
    }
    for masking in MODES:
        layout = Layout(policy, masking)
        line = layout.decision_line(check(policy, given_record, stage="request"))
        told = layout.outcome_line("t", {"undeclared": marks.one()}, 0.0)
        found = json.dumps(json.loads(line), ensure_ascii=False) + told.decode()
        assert not [mark for mark in marks.made if mark in found]


@pytest.mark.parametrize("masking", MODES, ids=lambda one: f"{one.mode}-{one.keep}")
def test_no_mark_is_in_any_file_of_the_folder(tmp_path: Path, masking: Masking) -> None:
    marks = Marks(random.Random(7))
    policy = compiled()
    for form in ("jsonl", "gzip", "parquet"):
        with Journal(tmp_path / form, masking=masking, form=form) as journal:  # type: ignore[arg-type]
            for _ in range(50):
                given = record()
                given["request"]["text"] = marks.one()
                given["request"]["nickname"] = marks.one()
                given["request"]["tokens"] = 5_000
                given["retrieval"]["documents"][0]["author"] = marks.one()
                given["retrieval"]["headers"] = {marks.one(): marks.one()}
                journal.observe(check(policy, given))
            journal.outcome("t", {"comment": marks.one()})
    for form in ("jsonl", "gzip", "parquet"):
        text = repr(values(tmp_path / form))
        assert len(text) > 10_000
        assert not [mark for mark in marks.made if mark in text]
        raw = b"".join(path.read_bytes() for path in (tmp_path / form).iterdir())
        assert not [mark for mark in marks.made if mark.encode() in raw]
