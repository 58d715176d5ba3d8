"""What a monitor keeps: written whole, read exactly, and refused where it is not its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demur.monitor.memory import BrokenMemory, Memory, read_memory, write_memory
from demur.monitor.states import STATES, State

TIME = st.none() | st.floats(0, 4e9)
STATE = st.builds(State, st.sampled_from(STATES), TIME, TIME, TIME, TIME, TIME)


@given(
    st.builds(
        Memory,
        TIME,
        st.integers(0, 10**9),
        st.dictionaries(st.tuples(st.text(max_size=9), st.text(max_size=9)), STATE, max_size=5),
        st.dictionaries(
            st.text(max_size=9), st.lists(st.just({"a": [1, None]}), max_size=3).map(tuple)
        ),
        st.integers(0, 99),
    )
)
def test_memory_survives_being_written(
    tmp_path_factory: pytest.TempPathFactory, memory: Memory
) -> None:
    path = tmp_path_factory.mktemp("memory") / "new" / "state.json"
    write_memory(path, memory)
    assert read_memory(path) == memory
    assert [one.name for one in path.parent.iterdir()] == ["state.json"]


def test_no_file_is_an_empty_memory(tmp_path: Path) -> None:
    assert read_memory(tmp_path / "none.json") == Memory()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe",
        b'{"version": 2}',
        b"[" * 100_000,
        b'{"version":1,"at":"x","records":0,"states":[],"unsent":{},"dropped":0}',
        b'{"version":1,"at":NaN,"records":0,"states":[],"unsent":{},"dropped":0}',
    ],
)
def test_what_is_no_memory_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "state.json"
    path.write_bytes(content)
    with pytest.raises(BrokenMemory):
        read_memory(path)


def test_every_cut_of_a_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    write_memory(path, Memory(5.0, 3, {("a", "all"): State("firing", 1.0, 2.0)}, {"w": ({},)}))
    whole = path.read_bytes().rstrip()
    for end in range(len(whole)):
        path.write_bytes(whole[:end])
        with pytest.raises(BrokenMemory):
            read_memory(path)
