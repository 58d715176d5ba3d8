"""Network addresses: IP addresses and CIDR ranges (CEL's network extension)."""

from __future__ import annotations

from demur.functions import ERROR, Function, Overload
from demur.functions.values import error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network


class Address:
    """An IP address of version 4 or 6."""

    __slots__ = ("address",)
    cel_type_name = "net.IP"

    def __init__(self, address: IPv4Address | IPv6Address) -> None:
        self.address = address

    def __repr__(self) -> str:
        return f"Address({str(self.address)!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Address) and self.address == other.address

    def __hash__(self) -> int:
        return hash(self.address)


class Range:
    """A CIDR range: an address, and how many of its bits are the network's."""

    __slots__ = ("address", "network")
    cel_type_name = "net.CIDR"

    def __init__(
        self, address: IPv4Address | IPv6Address, network: IPv4Network | IPv6Network
    ) -> None:
        self.address = address
        self.network = network

    def __repr__(self) -> str:
        return f"Range({_text_of_range(self)!r})"

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Range)
            and self.address == other.address
            and self.network == other.network
        )

    def __hash__(self) -> int:
        return hash((self.address, self.network))


def _parse_address(text: str) -> Address:
    """The address; one of IPv6 that stands for one of IPv4 is that one. Raises `EvaluationError`."""
    from ipaddress import ip_address

    if "%" in text or (":" in text and "." in text):
        raise error("the text is no IP address: zones and embedded IPv4 are refused")
    try:
        address = ip_address(text)
    except ValueError:
        raise error("the text is no IP address") from None
    return Address(getattr(address, "ipv4_mapped", None) or address)


def _parse_range(text: str) -> Range:
    from ipaddress import ip_network

    address_text, slash, length = text.partition("/")
    is_number = length.isascii() and length.isdigit() and len(length) <= 3
    if not slash or not is_number or str(int(length)) != length:
        raise error("the text is no CIDR range")
    address = _parse_address(address_text).address
    if address.version == 4 and ":" in address_text:
        raise error("the text is no CIDR range: embedded IPv4 is refused")
    try:
        return Range(address, ip_network(text, strict=False))
    except ValueError:
        raise error("the text is no CIDR range") from None


def _is(parse: Callable[[str], object], text: str) -> bool:
    from demur.functions.values import EvaluationError

    try:
        parse(text)
    except EvaluationError:
        return False
    return True


def _is_canonical(text: str) -> bool:
    return str(_parse_address(text).address) == text


def _text_of_range(value: Range) -> str:
    return f"{value.address}/{value.network.prefixlen}"


def _is_global_unicast(value: Address) -> bool:
    """As Go's `net`: any unicast address but the unspecified, loopback and link-local ones."""
    address = value.address
    return not (
        address.is_unspecified
        or address.is_loopback
        or address.is_multicast
        or address.is_link_local
        or str(address) == "255.255.255.255"
    )


def _is_link_local_multicast(value: Address) -> bool:
    packed = value.address.packed
    if len(packed) == 4:
        return packed[:3] == b"\xe0\x00\x00"
    return packed[0] == 0xFF and packed[1] & 0x0F == 0x02


def _contains_address(value: Range, address: Address) -> bool:
    same = value.network.version == address.address.version
    return same and address.address in value.network


def _contains_range(value: Range, other: Range) -> bool:
    if value.network.version != other.network.version:
        return False
    return other.address in value.network and other.network.prefixlen >= value.network.prefixlen


def _test(name: str, about: str, python: Callable[[Address], bool], example: str) -> Function:
    return Function(
        name,
        about,
        Overload(f"network.{name}", f"net.IP.{name}() -> bool", python),
        examples=((f"ip('{example}').{name}()", "true"),),
    )


FUNCTIONS = (
    Function(
        "ip",
        "The IP address that the text is, or the address of a range.",
        Overload("network.ip", "ip(string) -> net.IP", _parse_address),
        Overload("network.ip_of_range", "net.CIDR.ip() -> net.IP", lambda v: Address(v.address)),
        examples=(("ip('192.168.0.1').family()", "4"), ("ip('192.168.0.1.0')", ERROR)),
    ),
    Function(
        "cidr",
        "The CIDR range that the text is.",
        Overload("network.cidr", "cidr(string) -> net.CIDR", _parse_range),
        examples=(("cidr('10.0.0.0/8').prefixLength()", "8"), ("cidr('10.0.0.0/')", ERROR)),
    ),
    Function(
        "isIP",
        "Whether the text is an IP address.",
        Overload("network.is_ip", "isIP(string) -> bool", lambda text: _is(_parse_address, text)),
        examples=(("isIP('::1')", "true"),),
    ),
    Function(
        "isCIDR",
        "Whether the text is a CIDR range.",
        Overload("network.is_cidr", "isCIDR(string) -> bool", lambda text: _is(_parse_range, text)),
        examples=(("isCIDR('10.0.0.0')", "false"),),
    ),
    Function(
        "ip.isCanonical",
        "Whether the IP address is written in its one canonical form.",
        Overload("network.is_canonical", "ip.isCanonical(string) -> bool", _is_canonical),
        examples=(("ip.isCanonical('2001:DB8::68')", "false"),),
    ),
    Function(
        "string",
        "The address or range as text.",
        Overload("network.string_of_ip", "string(net.IP) -> string", lambda v: str(v.address)),
        Overload("network.string_of_cidr", "string(net.CIDR) -> string", _text_of_range),
        examples=(("string(ip('2001:DB8::68'))", "'2001:db8::68'"),),
    ),
    Function(
        "family",
        "4 or 6.",
        Overload("network.family", "net.IP.family() -> int", lambda v: v.address.version),
        examples=(("ip('::1').family()", "6"),),
    ),
    _test(
        "isUnspecified", "Whether it is 0.0.0.0 or ::.", lambda v: v.address.is_unspecified, "::"
    ),
    _test(
        "isLoopback", "Whether it is the machine itself.", lambda v: v.address.is_loopback, "::1"
    ),
    _test(
        "isGlobalUnicast",
        "Whether it is one host's, not only on its link.",
        _is_global_unicast,
        "192.168.0.1",
    ),
    _test(
        "isLinkLocalMulticast",
        "Whether it is a multicast address of the link.",
        _is_link_local_multicast,
        "224.0.0.1",
    ),
    _test(
        "isLinkLocalUnicast",
        "Whether it is a host's on its link alone.",
        lambda v: v.address.is_link_local,
        "fe80::1",
    ),
    Function(
        "containsIP",
        "Whether the address lies in the range.",
        Overload("network.contains_ip", "net.CIDR.containsIP(net.IP) -> bool", _contains_address),
        Overload(
            "network.contains_ip_text",
            "net.CIDR.containsIP(string) -> bool",
            lambda value, text: _contains_address(value, _parse_address(text)),
        ),
        examples=(("cidr('192.168.0.0/24').containsIP('192.168.0.1')", "true"),),
    ),
    Function(
        "containsCIDR",
        "Whether the other range lies in the range.",
        Overload(
            "network.contains_cidr", "net.CIDR.containsCIDR(net.CIDR) -> bool", _contains_range
        ),
        Overload(
            "network.contains_cidr_text",
            "net.CIDR.containsCIDR(string) -> bool",
            lambda value, text: _contains_range(value, _parse_range(text)),
        ),
        examples=(("cidr('192.168.0.0/24').containsCIDR('192.168.0.0/23')", "false"),),
    ),
    Function(
        "masked",
        "The range with the bits of its address that are not the network's at zero.",
        Overload(
            "network.masked",
            "net.CIDR.masked() -> net.CIDR",
            lambda v: Range(v.network.network_address, v.network),
        ),
        examples=(("cidr('192.168.0.1/24').masked()", "cidr('192.168.0.0/24')"),),
    ),
    Function(
        "prefixLength",
        "How many bits are the network's.",
        Overload(
            "network.prefix_length", "net.CIDR.prefixLength() -> int", lambda v: v.network.prefixlen
        ),
        examples=(("cidr('2001:db8::/32').prefixLength()", "32"),),
    ),
)
