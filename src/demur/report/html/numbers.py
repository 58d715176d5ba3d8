"""Numbers as people read them, the exact ones kept beside them for programs."""

from __future__ import annotations

import math
from xml.etree.ElementTree import Element

from demur.report.gates.wording import DIGITS, UNKNOWN, rounded
from demur.report.html.element import Child, element


def number(value: float | None, unit: str | None = None, beside: float | None = None) -> Element:
    """The number to four digits, with `value` holding every digit; a dash for None.

    Digits are added until it differs from `beside`, so that 0.02004 never looks like 0.02.
    """
    if value is None:
        return element("span", UNKNOWN, class_="none")
    if not math.isfinite(value):
        return element("span", rounded(value), class_="none")
    digits = DIGITS
    other = value if beside is None else beside
    while value != other and digits < 17 and rounded(value, digits) == rounded(other, digits):
        digits += 1
    return element("data", with_unit(rounded(value, digits), unit), value=repr(value))


def between(low: float, high: float, beside: float | None = None) -> Child:
    """Both ends of an interval."""
    return [number(low, beside=beside), " to ", number(high, beside=beside)]


def with_unit(text: str, unit: str | None) -> str:
    """The text and a unit after it, if there is one."""
    return f"{text} {unit}" if unit else text


def is_finite(value: float | None) -> bool:
    """Whether there is a number that can be drawn."""
    return value is not None and math.isfinite(value)
