"""The YAML reader: the tree it gives, its bounds, and no exception on any input."""

from __future__ import annotations

import math
import random
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from demur.diagnostics import Position, describe
from demur.language.source import (
    MappingNode,
    SequenceNode,
    locate,
    locate_key,
    parse_source,
    plain,
    read_source,
)
from tests.language.reading import VALID, codes, found, index_of, only_scalars, scalar
from tests.steps import growth, steps


def test_a_valid_file_gives_the_data_that_ruamel_reads() -> None:
    source = parse_source(VALID, "p.yaml")
    assert source.diagnostics == ()
    assert plain(source.root) == YAML(typ="safe", pure=True).load(VALID)


def test_nodes_are_found_by_path_and_keys_by_name() -> None:
    root = parse_source(VALID, "p.yaml").root
    assert isinstance(root, MappingNode)
    assert isinstance(locate(root, ("rules", "retrieval-miss", "by")), SequenceNode)
    assert plain(locate(root, ("rules", "retrieval-miss", "by", 0))) == "it's"
    assert locate(root, ("rules", "retrieval-miss", "by", 9)) is None
    assert locate(root, ("rules", 0)) is None
    key = locate_key(root, ("rules", "source-boundary", "when"))
    assert key is not None
    assert key.span.start == Position(10, 5)
    assert locate_key(root, ("rules", "absent")) is None
    assert locate_key(root, ()) is None
    assert root.get("policy") is not None
    assert root.key("absent") is None


def test_spans_cover_what_was_written() -> None:
    text = 'a: {x: [1, 2], y: "q"}\nb:\n  - one\n  - |\n    two\n\n# end\n'
    source = parse_source(text, "p.yaml")

    def written(*path: str | int) -> str:
        node = locate(source.root, path)
        assert node is not None
        return text[index_of(text, node.span.start) : index_of(text, node.span.end)]

    assert written("a") == '{x: [1, 2], y: "q"}'
    assert written("a", "x") == "[1, 2]"
    assert written("a", "y") == '"q"'
    assert written("b") == "- one\n  - |\n    two"
    assert written("b", 1) == "|\n    two"


def test_an_empty_value_stands_behind_its_key() -> None:
    source = parse_source("a:\nb: [x, {y: }]\nc: &n\nd: 1\n", "p.yaml")
    assert source.diagnostics == ()
    assert scalar(source, "a").span.start == scalar(source, "a").position(0) == Position(1, 3)
    assert scalar(source, "c").value is None
    assert scalar(source, "c").span.start == Position(3, 6)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("null", None),
        ("~", None),
        ("True", True),
        ("FALSE", False),
        ("yes", "yes"),
        ("on", "on"),
        ("0o17", 15),
        ("0x1F", 31),
        ("017", 17),
        ("-12", -12),
        ("1_000", "1_000"),
        ("1:30", "1:30"),
        ("2024-01-01", "2024-01-01"),
        ("1.", 1.0),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("-.inf", -math.inf),
        ("+.Inf", math.inf),
        ("'1'", "1"),
        ('"true"', "true"),
        ("1.2.3", "1.2.3"),
        ("-", None),
    ],
)
def test_unquoted_scalars_follow_the_core_schema_of_yaml_1_2(written: str, value: object) -> None:
    if written == "-":
        assert plain(parse_source("a:\n- \n", "p").root) == {"a": [value]}
        return
    node = scalar(parse_source(f"a: {written}", "p"), "a")
    assert node.value == value
    assert type(node.value) is type(value)


def test_not_a_number_is_read_as_such() -> None:
    value = scalar(parse_source("a: .nan", "p"), "a").value
    assert isinstance(value, float)
    assert math.isnan(value)


@pytest.mark.parametrize("text", ["", "\n", "# only a comment\n", "\ufeff"])
def test_an_empty_file_has_no_tree_and_no_errors(text: str) -> None:
    source = parse_source(text, "p.yaml")
    assert (source.root, source.diagnostics) == (None, ())


def test_all_comments_are_kept_with_their_positions() -> None:
    text = (
        "# one\na: 1  # two\r\nb: '# no'\nc: |  # three  \n  # no\n\n# four\nd: [x, # five\n  y]\n"
    )
    comments = parse_source(text, "p.yaml").comments
    places = [(item.text, item.span.start.line, item.span.start.column) for item in comments]
    assert places == [
        ("# one", 1, 1),
        ("# two", 2, 7),
        ("# three", 4, 7),
        ("# four", 7, 1),
        ("# five", 8, 8),
    ]


def test_a_byte_order_mark_is_accepted_and_counts_no_column() -> None:
    source = parse_source(b"\xef\xbb\xbfa: x", "p.yaml")
    assert source.diagnostics == ()
    assert source.text == "a: x"
    assert scalar(source, "a").span.start == Position(1, 4)


def test_a_billion_laughs_are_refused_at_once() -> None:
    laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]\n" for level in range(1, 30)
    )

    def refused() -> None:
        (line,) = found(laughs)
        assert "DM118" in line

    found("a: &a [x]\nb: *a\n")
    assert steps(refused) < 1_000_000


def test_aliases_that_nest_beyond_the_depth_are_refused() -> None:
    text = "a0: &a0 [x]\n" + "".join(
        f"a{level}: &a{level} [*a{level - 1}]\n" for level in range(1, 70)
    )
    assert [name for name, _, _ in codes(text)] == ["too-deep"]


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "{a: " * 100_000,
        "- " * 100_000,
        "\n".join("  " * level + "a:" for level in range(400)),
        "\n".join("  " * level + "a:\n" + "  " * level + "- b: 1" for level in range(200)),
    ],
)
def test_deep_nesting_is_refused_without_recursion(text: str) -> None:
    assert [name for name, _, _ in codes(text)] == ["too-deep"]


def test_nesting_up_to_the_bound_is_read() -> None:
    assert found("[" * 64 + "]" * 64) == []
    assert found("[" * 65 + "]" * 65) != []


def test_too_many_values_are_refused() -> None:
    assert found("- a\n" * 49_000) == []
    assert [name for name, _, _ in codes("- a\n" * 50_001)] == ["too-many-values"]


@pytest.mark.parametrize("form", ["a: {}", "a: '{}'", 'a: "{}"', "a: |\n  {}", "a: >\n  {}"])
def test_a_text_that_is_too_long_is_refused(form: str) -> None:
    assert found(form.format("x" * 262_143)) == []
    assert [name for name, _, _ in codes(form.format("x" * 300_000))] == ["text-too-long"]


def test_a_huge_text_is_refused_within_bounds_of_memory(tmp_path: Path) -> None:
    path = tmp_path / "huge.yaml"
    path.write_bytes(b"a: " + b"x" * 10_000_000)
    tracemalloc.start()
    (diagnostic,) = read_source(path).diagnostics
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert diagnostic.name == "file-too-large"
    assert peak < 20_000_000


def test_long_comments_and_long_runs_of_spaces_take_steps_that_grow_with_them() -> None:
    assert growth(lambda size: parse_source("a: x\n" + "# y\n" * size, "p"), 1_000) < 2.5

    def spaces(size: int) -> None:
        node = scalar(parse_source(f'a: "x{" " * size}y"', "p"), "a")
        assert node.position(size + 1) == Position(1, size + 6)

    spaces(200_000)
    assert growth(spaces, 2_000) < 2.5


def test_a_file_of_a_thousand_rules_is_read_by_steps_that_grow_with_it() -> None:
    rule = (
        "  rule-{}:\n    when: answer.score < 0.7 && (request.intent == 'billing' || a > {})\n"
        '    then: abstain\n    failure: low_confidence\n    say: "I couldn\'t verify it."\n'
        "    tags: [a, b, {{x: 1}}]  # note\n"
    )

    def read(count: int) -> None:
        text = "rules:\n" + "".join(rule.format(number, number) for number in range(count))
        source = parse_source(text, "p.yaml")
        assert source.diagnostics == ()
        assert len(source.comments) == count

    read(1_000)
    assert growth(read, 50) < 2.5


def test_a_file_is_read_and_called_as_it_was_shown(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_bytes(b"a: 1\r\na: 2\r\n")
    source = read_source(path, "policies/policy.yaml")
    assert source.path == "policies/policy.yaml"
    assert describe(source.diagnostics[0]).startswith("policies/policy.yaml:2:1: error[DM115]")
    assert read_source(path).path == path.as_posix()


@pytest.mark.parametrize("name", ["absent.yaml", ".", "a\0b"])
def test_a_file_that_cannot_be_read_is_a_finding(tmp_path: Path, name: str) -> None:
    source = read_source(tmp_path / name, "p.yaml")
    assert [item.name for item in source.diagnostics] == ["unreadable-file"]
    assert source.root is None


FRAGMENTS = [*"\t\n\r !&*|>%@`'\"[]{},:#-?\\~<", "\x00", "\ufeff", "\u2028", "é", "\ud800"]
FRAGMENTS += [
    "---\n",
    "...\n",
    "\n\n",
    ": ",
    "- ",
    "? ",
    " #",
    "\\x",
    "\\U9",
    "!!",
    "<<: ",
    "*miss",
]


def mutated(source: random.Random) -> str:
    text = VALID
    for _ in range(source.randint(1, 4)):
        start = source.randrange(len(text) + 1)
        end = min(len(text), start + source.choice([0, 0, 1, 1, 2, 20]))
        inserted = source.choice([*FRAGMENTS, "", text[start : start + 30], FRAGMENTS[0] * 3])
        text = text[:start] + inserted + text[end:]
    return text


@pytest.mark.parametrize("seed", range(20))
def test_a_mutated_file_gives_a_tree_or_located_errors_and_never_an_exception(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(100):
        text = mutated(chance)
        source = parse_source(text, "p.yaml")
        assert source.root is not None or source.diagnostics or not text.strip()
        plain(source.root)
        ends = [len(line) + 1 for line in source.text.split("\n")]
        for item in source.diagnostics:
            assert item.span is not None
            assert item.help
            assert item.span.start <= item.span.end
            assert item.span.end.line <= len(ends)
            assert item.span.end.column <= ends[item.span.end.line - 1]
        for node in only_scalars(source.root):
            indices = [node.offsets.index(offset) for offset in range(len(node.text) + 1)]
            assert indices == sorted(indices)
            assert node.offsets.start <= indices[0]
            assert indices[-1] <= node.offsets.end


@settings(max_examples=500, deadline=None)
@given(st.one_of(st.text(), st.binary(), st.text(st.sampled_from([*FRAGMENTS[:30], "a", "b"]))))
def test_any_text_gives_a_tree_or_errors_and_never_an_exception(text: str | bytes) -> None:
    source = parse_source(text, "p.yaml")
    plain(source.root)
    assert all(item.message and item.help for item in source.diagnostics)
