"""Encoders: base64 is read strictly, save that padding may be missing."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demur.functions.values import EvaluationError
from tests.functions.calling import assert_fails, call


@given(st.binary())
def test_bytes_survive_base64_with_and_without_padding(value: bytes) -> None:
    text = call("encoders.base64_encode", value)
    assert call("encoders.base64_decode", text) == value
    assert call("encoders.base64_decode", text.rstrip("=")) == value


@pytest.mark.parametrize("text", ["a", "YQ=", "aGVsbG8==", "a-_b", "YQ==YQ==", "====", "é", "%"])
def test_text_that_is_not_base64_is_an_error(text: str) -> None:
    assert_fails("encoders.base64_decode", text)


@given(st.text())
def test_any_text_gives_bytes_or_an_error(text: str) -> None:
    with contextlib.suppress(EvaluationError):
        assert isinstance(call("encoders.base64_decode", text), bytes)
