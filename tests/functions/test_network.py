"""Addresses and ranges: strict texts, Go's kinds of addresses, containment within one version."""

from __future__ import annotations

import contextlib
from ipaddress import IPv4Address, IPv6Address, ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demur.functions.values import EvaluationError, equals, type_name
from tests.functions.calling import assert_fails, call

addresses = st.one_of(
    st.integers(0, 2**32 - 1).map(IPv4Address), st.integers(2**100, 2**128 - 1).map(IPv6Address)
)


def ip(text: str) -> Any:
    return call("network.ip", text)


def cidr(text: str) -> Any:
    return call("network.cidr", text)


@pytest.mark.parametrize(
    "text",
    [
        *("", "1.2.3", "1.2.3.4.5", "1.2.3.256", "1.2.3.04", " 1.2.3.4", "1.2.3.4/8", "1.2.3.٤"),
        *("fe80::1%en0", "::ffff:1.2.3.4", "1::2::3", "12345::", "1:2:3:4:5:6:7:8:9", "16909060"),
    ],
)
def test_other_text_is_no_address(text: str) -> None:
    assert_fails("network.ip", text)
    assert_fails("network.is_canonical", text)
    assert call("network.is_ip", text) is False


@pytest.mark.parametrize(
    "text",
    [
        *("", "/", "10.0.0.0", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/08", "10.0.0.0/-1"),
        *("10.0.0.0/8/8", "10.0.0.0/255.0.0.0", "10.0.0.0/٨", "::/129", "fe80::1%en0/24"),
    ],
)
def test_other_text_is_no_range(text: str) -> None:
    assert_fails("network.cidr", text)
    assert call("network.is_cidr", text) is False


@given(addresses)
def test_an_address_survives_its_text(address: IPv4Address | IPv6Address) -> None:
    parsed = ip(str(address))
    assert call("network.string_of_ip", parsed) == str(address)
    assert call("network.is_canonical", str(address)) is True
    assert call("network.family", parsed) == address.version


def test_only_the_preferred_form_is_canonical() -> None:
    assert call("network.is_canonical", "2001:DB8::1") is False
    assert call("network.is_canonical", "2001:db8:0::1") is False


KINDS = {
    "isUnspecified": ("0.0.0.0", "::"),
    "isLoopback": ("127.0.0.1", "127.255.255.255", "::1"),
    "isLinkLocalUnicast": ("169.254.0.1", "fe80::1", "febf::1"),
    "isLinkLocalMulticast": ("224.0.0.1", "224.0.0.255", "ff02::1", "ff12::1"),
    "isGlobalUnicast": ("8.8.8.8", "192.168.0.1", "10.0.0.1", "2001:db8::1", "fd00::1"),
}
NO_KIND = ("255.255.255.255", "224.0.1.1", "ff05::1")


@pytest.mark.parametrize("text", [*NO_KIND, *(one for kind in KINDS.values() for one in kind)])
def test_an_address_is_of_its_kind_only(text: str) -> None:
    found = {name for name in KINDS if call(f"network.{name}", ip(text)) is True}
    assert found == {name for name, examples in KINDS.items() if text in examples}


def test_addresses_equal_by_value_and_ranges_by_all_their_bits() -> None:
    assert equals(ip("2001:DB8::1"), ip("2001:db8::1"))
    assert not equals(ip("0.0.0.1"), ip("::1"))
    assert equals(cidr("10.0.0.1/8"), cidr("10.0.0.1/8"))
    assert not equals(cidr("10.0.0.1/8"), cidr("10.0.0.0/8"))
    assert not equals(ip("10.0.0.0"), cidr("10.0.0.0/32"))


def test_the_types_have_their_names() -> None:
    assert type_name(ip("::1")) == "net.IP"
    assert type_name(cidr("::/0")) == "net.CIDR"


@given(addresses, st.integers(0, 128), addresses)
def test_a_range_holds_the_addresses_with_its_prefix(
    base: IPv4Address | IPv6Address, length: int, other: IPv4Address | IPv6Address
) -> None:
    length = min(length, base.max_prefixlen)
    network = ip_network((str(base), length), strict=False)
    found = cidr(f"{base}/{length}")
    assert call("network.prefix_length", found) == length
    assert call("network.string_of_cidr", found) == f"{base}/{length}"
    assert call("network.string_of_cidr", call("network.masked", found)) == str(network)
    assert call("network.contains_ip", found, ip(str(base))) is True
    inside = other.version == network.version and other in network
    assert call("network.contains_ip", found, ip(str(other))) is inside


@pytest.mark.parametrize(
    ("outer", "inner", "expected"),
    [
        ("10.0.0.0/8", "10.0.0.0/8", True),
        ("10.0.0.0/8", "10.1.2.3/16", True),
        ("10.1.0.0/16", "10.0.0.0/8", False),
        ("10.0.0.0/8", "11.0.0.0/16", False),
        ("0.0.0.0/0", "::/0", False),
    ],
)
def test_a_range_holds_ranges_that_lie_within_it(outer: str, inner: str, expected: bool) -> None:
    assert call("network.contains_cidr", cidr(outer), cidr(inner)) is expected


@given(st.text(max_size=60))
def test_any_text_gives_a_value_or_an_error(text: str) -> None:
    for parse in (ip, cidr):
        with contextlib.suppress(EvaluationError):
            parse(text)
