"""Personal data found by its form: addresses, numbers of phones, accounts and cards.

What has the form and passes the check digits is found, whoever's it is; a name or a street has no form.
"""

from __future__ import annotations

from demur.functions import ERROR, Function, Overload
from demur.functions.regular_expressions import compile_pattern
from demur.functions.values import error
from demur.functions.words import bounded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MAXIMUM_CANDIDATES = 1_000
"""Places that may be looked at more closely, of each kind; with more there is no result."""


def _is_address(text: str) -> bool:
    from ipaddress import ip_address

    try:
        address = ip_address(text)
    except ValueError:
        return False
    return not address.is_unspecified


def _is_card(text: str) -> bool:
    from stdnum import luhn

    digits = "".join(filter(str.isdigit, text))
    return 13 <= len(digits) <= 19 and len(set(digits)) > 1 and luhn.is_valid(digits)


def _is_account(text: str) -> bool:
    from stdnum import iban

    return iban.is_valid(text)


def _is_phone(text: str, region: str | None) -> bool:
    from phonenumbers import NumberParseException, is_valid_number, parse

    try:
        return is_valid_number(parse(text, region))
    except NumberParseException:
        return False


_KINDS: Mapping[str, tuple[str, Callable[[str], bool]]] = {
    "email": (
        r"(?i)\b[a-z0-9._%+-]{1,64}@[a-z0-9][a-z0-9.-]{0,200}\.[a-z]{2,24}\b",
        lambda one: True,
    ),
    "iban": (r"\b[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]){11,30}\b", _is_account),
    "ip": (
        r"\b(?:[0-9]{1,3}\.){3}[0-9]{1,3}\b|(?i)\b(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}\b",
        _is_address,
    ),
    "card": (r"\b[0-9](?:[ -]?[0-9]){12,18}\b", _is_card),
}
"""What a kind looks like, as RE2, and what tells whether it is one."""
_PHONE = r"(?:\+|\b)[(]?[0-9](?:[ ()./-]{0,3}[0-9]){5,16}\b"


def personal_data(text: str, region: str | None = None) -> list[str]:
    """The kinds of personal data in the text, in alphabetical order. Raises `EvaluationError`."""
    from re import sub

    left = sub(r"[^\x00-\x7f]", " ", bounded(text))
    kinds = {**_KINDS, "phone": (_PHONE, lambda one: _is_phone(one, region))}
    found: set[str] = set()
    try:
        for kind, (pattern, is_one) in kinds.items():
            spans: list[tuple[int, int]] = []
            for count, one in enumerate(compile_pattern(pattern).finditer(left)):
                if count == MAXIMUM_CANDIDATES:
                    raise error(f"the text has over {MAXIMUM_CANDIDATES:,} places to look at")
                if is_one(one.group()):
                    spans.append(one.span())
            found.update([kind] if spans else [])
            left = _without(left, spans)
    except ImportError:
        raise error("finding personal data needs `pip install 'demur[texts]'`") from None
    return sorted(found)


def _without(text: str, spans: list[tuple[int, int]]) -> str:
    """The text with a comma in place of what was found, so that it is not found as another kind."""
    parts: list[str] = []
    at = 0
    for start, end in spans:
        parts += [text[at:start], ","]
        at = end
    return "".join([*parts, text[at:]])


def personal_data_in(text: str, region: str) -> list[str]:
    """The same, with phone numbers of a region in its national form too."""
    if not (len(region) == 2 and region.isascii() and region.isalpha() and region.isupper()):
        raise error("a region is two capital letters, such as DE")
    return personal_data(text, region)


FUNCTIONS = (
    Function(
        "personal_data",
        "The kinds of personal data that the text has by their form, in alphabetical order: `card` "
        "(with a right check digit), `email`, `iban` (likewise), `ip`, `phone` (with `+` and the "
        "country's code; with a region, such as `DE`, in its national form too). Names and addresses "
        "have no form and are not found. Needs `demur[texts]`.",
        Overload(
            "personal_data.personal_data", "personal_data(string) -> list(string)", personal_data
        ),
        Overload(
            "personal_data.personal_data_in",
            "personal_data(string, string) -> list(string)",
            personal_data_in,
        ),
        examples=(
            ("personal_data('Write to ana@example.com or +49 30 901820.')", "['email', 'phone']"),
            ("personal_data('Pay to DE89 3704 0044 0532 0130 00.')", "['iban']"),
            ("personal_data('Card 4111 1111 1111 1111, order 4111111111111112')", "['card']"),
            ("personal_data('Call 030 901820.', 'DE')", "['phone']"),
            ("personal_data('Call 030 901820.', 'Germany')", ERROR),
        ),
        source="check digits by ISO/IEC 7812 (Luhn) and ISO 13616; phone numbers by libphonenumber",
        cost="O(n), with at most 1,000 places of a kind looked at closely",
    ),
)
