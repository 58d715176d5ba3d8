"""The network extension: IP addresses and address ranges (CIDR)."""

from __future__ import annotations

from demur.functions import ERROR, Function, Overload
from demur.functions.values import EvaluationError, error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from ipaddress import IPv4Address, IPv6Address
    from typing import Any

    Address = IPv4Address | IPv6Address


class IP:
    """An IP address, of version 4 or 6."""

    __slots__ = ("address",)
    cel_type_name = "net.IP"

    def __init__(self, address: Address) -> None:
        self.address = address

    def __repr__(self) -> str:
        return f"IP({self.address})"

    def __str__(self) -> str:
        return str(self.address)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, IP) and self.address == other.address

    def __hash__(self) -> int:
        return hash(self.address)


class CIDR:
    """An address and how many of its leading bits name the range; the other bits are kept."""

    __slots__ = ("address", "length")
    cel_type_name = "net.CIDR"

    def __init__(self, address: Address, length: int) -> None:
        self.address = address
        self.length = length

    def __repr__(self) -> str:
        return f"CIDR({self})"

    def __str__(self) -> str:
        return f"{self.address}/{self.length}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CIDR) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def __contains__(self, address: Address) -> bool:
        free_bits = self.address.max_prefixlen - self.length
        return (
            address.version == self.address.version
            and int(address) >> free_bits == int(self.address) >> free_bits
        )

    def _key(self) -> tuple[Address, int]:
        return (self.address, self.length)


def parse_ip(text: str) -> IP:
    """The address that `text` writes. Raises `EvaluationError`.

    An IPv4 address within IPv6 (`::ffff:0:0/96`) is that IPv4 address, but is refused in the mixed
    form with dots, which is easily taken for another address.
    """
    address = _address(text)
    mapped = getattr(address, "ipv4_mapped", None)
    if mapped is not None and "." in text:
        raise error("an IPv4 address within IPv6 is not allowed")
    return IP(mapped or address)


def parse_cidr(text: str) -> CIDR:
    """The range that `text` writes, such as `10.0.0.0/8`. Raises `EvaluationError`."""
    before, _, digits = text.rpartition("/")
    address = _address(before)
    if getattr(address, "ipv4_mapped", None) is not None:
        raise error("an IPv4 address within IPv6 is not allowed")
    is_number = digits.isascii() and digits.isdigit() and len(digits) <= 3
    if not is_number or str(int(digits)) != digits or int(digits) > address.max_prefixlen:
        raise error("no such prefix length")
    return CIDR(address, int(digits))


def _address(text: str) -> Address:
    from ipaddress import ip_address

    if "%" in text:
        raise error("an IP address with a zone is not allowed")
    try:
        return ip_address(text)
    except ValueError:
        raise error("not an IP address") from None


def _is_valid(parse: Callable[[str], Any], text: str) -> bool:
    try:
        parse(text)
    except EvaluationError:
        return False
    return True


def _is_global_unicast(ip: IP) -> bool:
    """As Go has it: private addresses are global too, as they are not link-local."""
    address = ip.address
    return not (
        address.is_unspecified
        or address.is_loopback
        or address.is_multicast
        or address.is_link_local
        or str(address) == "255.255.255.255"
    )


def _is_link_local_multicast(ip: IP) -> bool:
    """224.0.0.0/24, and ff02::/16 with any flags."""
    packed = ip.address.packed
    if ip.address.version == 4:
        return packed.startswith(b"\xe0\x00\x00")
    return packed[0] == 0xFF and packed[1] & 0x0F == 0x02


def _masked(cidr: CIDR) -> CIDR:
    free_bits = cidr.address.max_prefixlen - cidr.length
    return CIDR(cidr.address.__class__(int(cidr.address) >> free_bits << free_bits), cidr.length)


def _contains_cidr(cidr: CIDR, other: CIDR) -> bool:
    return other.length >= cidr.length and other.address in cidr


def _test(name: str, about: str, test: Callable[[IP], bool], address: str) -> Function:
    """A method of addresses that says whether they are of a kind."""
    return Function(
        name,
        f"Whether the address is {about}.",
        Overload(f"network.{name}", f"net.IP.{name}() -> bool", test),
        examples=((f"ip('{address}').{name}()", "true"), (f"ip('1.2.3.4').{name}()", "false")),
    )


FUNCTIONS = (
    Function(
        "ip",
        "The IP address in the text, of version 4 or 6, or the address of a range; zones, leading "
        "zeros and IPv4 within IPv6 are errors.",
        Overload("network.ip", "ip(string) -> net.IP", parse_ip),
        Overload("network.ip_of_cidr", "net.CIDR.ip() -> net.IP", lambda cidr: IP(cidr.address)),
        examples=(
            ("ip('2001:DB8::1')", "ip('2001:db8::1')"),
            ("cidr('10.1.2.3/8').ip()", "ip('10.1.2.3')"),
            ("ip('10.0.0.01')", ERROR),
        ),
    ),
    Function(
        "isIP",
        "Whether `ip` accepts the text.",
        Overload("network.is_ip", "isIP(string) -> bool", lambda text: _is_valid(parse_ip, text)),
        examples=(("isIP('10.0.0.1')", "true"), ("isIP('10.0.0.1/8')", "false")),
    ),
    Function(
        "ip.isCanonical",
        "Whether the text is the address's one preferred form; other text than `ip` accepts is an "
        "error.",
        Overload(
            "network.is_canonical",
            "ip.isCanonical(string) -> bool",
            lambda text: str(parse_ip(text)) == text,
        ),
        examples=(
            ("ip.isCanonical('2001:db8::1')", "true"),
            ("ip.isCanonical('2001:DB8::1')", "false"),
            ("ip.isCanonical('10.0.0')", ERROR),
        ),
    ),
    Function(
        "family",
        "The address's version: 4 or 6.",
        Overload("network.family", "net.IP.family() -> int", lambda ip: ip.address.version),
        examples=(("ip('::1').family()", "6"),),
    ),
    _test(
        "isUnspecified",
        "the one that stands for none: `0.0.0.0` or `::`",
        lambda ip: ip.address.is_unspecified,
        "::",
    ),
    _test(
        "isLoopback",
        "the machine's own: in `127.0.0.0/8`, or `::1`",
        lambda ip: ip.address.is_loopback,
        "127.0.0.1",
    ),
    _test(
        "isLinkLocalUnicast",
        "of one host on the link: in `169.254.0.0/16` or `fe80::/10`",
        lambda ip: ip.address.is_link_local,
        "fe80::1",
    ),
    _test(
        "isLinkLocalMulticast",
        "of a group on the link: in `224.0.0.0/24` or `ff02::/16`",
        _is_link_local_multicast,
        "ff02::1",
    ),
    Function(
        "isGlobalUnicast",
        "Whether the address is of one host and reaches beyond the link; private addresses count.",
        Overload("network.isGlobalUnicast", "net.IP.isGlobalUnicast() -> bool", _is_global_unicast),
        examples=(
            ("ip('192.168.0.1').isGlobalUnicast()", "true"),
            ("ip('255.255.255.255').isGlobalUnicast()", "false"),
        ),
    ),
    Function(
        "cidr",
        "The address range in the text, such as `10.0.0.0/8`; bits after the prefix are kept.",
        Overload("network.cidr", "cidr(string) -> net.CIDR", parse_cidr),
        examples=(
            ("cidr('10.0.0.1/8') == cidr('10.0.0.0/8')", "false"),
            ("cidr('10.0.0.0/33')", ERROR),
        ),
    ),
    Function(
        "isCIDR",
        "Whether `cidr` accepts the text.",
        Overload(
            "network.is_cidr", "isCIDR(string) -> bool", lambda text: _is_valid(parse_cidr, text)
        ),
        examples=(("isCIDR('10.0.0.0/8')", "true"), ("isCIDR('10.0.0.0')", "false")),
    ),
    Function(
        "containsIP",
        "Whether the address lies in the range; one of another version does not.",
        Overload(
            "network.contains_ip",
            "net.CIDR.containsIP(net.IP) -> bool",
            lambda cidr, ip: ip.address in cidr,
        ),
        Overload(
            "network.contains_ip_string",
            "net.CIDR.containsIP(string) -> bool",
            lambda cidr, text: parse_ip(text).address in cidr,
        ),
        examples=(
            ("cidr('10.0.0.0/8').containsIP('10.1.2.3')", "true"),
            ("cidr('10.0.0.0/8').containsIP(ip('::1'))", "false"),
        ),
    ),
    Function(
        "containsCIDR",
        "Whether the whole of the other range lies in the range.",
        Overload(
            "network.contains_cidr", "net.CIDR.containsCIDR(net.CIDR) -> bool", _contains_cidr
        ),
        Overload(
            "network.contains_cidr_string",
            "net.CIDR.containsCIDR(string) -> bool",
            lambda cidr, text: _contains_cidr(cidr, parse_cidr(text)),
        ),
        examples=(
            ("cidr('10.0.0.0/8').containsCIDR('10.1.0.0/16')", "true"),
            ("cidr('10.1.0.0/16').containsCIDR('10.0.0.0/8')", "false"),
        ),
    ),
    Function(
        "masked",
        "The range with all bits after the prefix zero.",
        Overload("network.masked", "net.CIDR.masked() -> net.CIDR", _masked),
        examples=(("cidr('10.1.2.3/8').masked()", "cidr('10.0.0.0/8')"),),
    ),
    Function(
        "prefixLength",
        "How many leading bits of the address name the range.",
        Overload(
            "network.prefix_length", "net.CIDR.prefixLength() -> int", lambda cidr: cidr.length
        ),
        examples=(("cidr('10.0.0.0/8').prefixLength()", "8"),),
    ),
    Function(
        "string",
        "The address or range as text, in its one preferred form.",
        Overload("network.string_of_ip", "string(net.IP) -> string", str),
        Overload("network.string_of_cidr", "string(net.CIDR) -> string", str),
        examples=(("string(ip('2001:DB8::1'))", "'2001:db8::1'"),),
    ),
)
