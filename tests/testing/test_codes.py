from __future__ import annotations

import re

import pytest

from demur.testing import TEST_CODES


@pytest.mark.parametrize("code", TEST_CODES)
def test_every_code_has_a_name_a_title_and_an_explanation(code: str) -> None:
    name, title, explanation = TEST_CODES[code]
    assert re.fullmatch(r"DM6\d\d", code)
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", name)
    assert title[0].isupper()
    assert not title.endswith(".")
    assert explanation.endswith((".", "`"))


def test_names_are_unique() -> None:
    assert len({name for name, _, _ in TEST_CODES.values()}) == len(TEST_CODES)
