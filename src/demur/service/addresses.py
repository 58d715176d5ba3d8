"""Addresses as they may be shown: without the passwords and tokens that are in them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple
from urllib.parse import unquote, unquote_plus

HIDDEN = "…"
"""What stands for what is not shown."""
_SHORTEST = 4
"""Characters of what is looked for in other texts; shorter ones are parts of ordinary words."""
_BEGINNING = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://")
_SECRET = re.compile("key|token|secret|pass|pwd|sig|auth|cred|code|session", re.IGNORECASE)
"""What the name of a secret has in it."""


class _Address(NamedTuple):
    scheme: str
    user: str
    password: str
    place: str
    path: str
    query: str
    fragment: str

    @staticmethod
    def of(address: str) -> _Address:
        """The parts of an address, as it may be written: a password with a `/` belongs to none else."""
        scheme, _, rest = address.partition("://")
        rest, _, fragment = rest.partition("#")
        rest, _, query = rest.partition("?")
        given, _, place = rest.rpartition("@")
        place, slash, path = place.partition("/")
        user, _, password = given.partition(":")
        if scheme.startswith("http"):
            # Where a password is expected, a name alone is often a token.
            user, password = "", given
        return _Address(scheme, user, password, place, f"{slash}{path}", query, fragment)


def shown(address: str) -> str:
    """The address without its password, and without the values of its query and fragment."""
    return _written(address, lambda name: True)


def host(address: str) -> str:
    """The host alone, of addresses that are secret from there on, as those of webhooks often are."""
    parts = _Address.of(address)
    more = f"/{HIDDEN}" if parts.path.strip("/") or parts.query else ""
    return f"{parts.scheme}://{parts.place}{more}"


def subject(address: str) -> str:
    """The address as what tells it from others: the values of its query too, unless they are secret."""
    return _written(address, lambda name: _SECRET.search(name) is not None)


def without_secrets(text: str, *addresses: str, also: Iterable[str] = ()) -> str:
    """A text of a library's, such as why it cannot connect, without the secrets of these addresses.

    `also` are other texts that must not be in it, such as the values of headers.
    """
    found = [one for address in addresses for one in _secrets(address)]
    for one in sorted((*found, *also), key=len, reverse=True):
        for form in (one, repr(one)[1:-1]):
            if len(form) >= _SHORTEST:
                text = text.replace(form, HIDDEN)
    return text


def secrets_of(headers: Mapping[str, str]) -> list[str]:
    """What of headers must not be shown: their values, and the last word of each."""
    return [part for value in headers.values() for part in (value, value.rpartition(" ")[2])]


def _written(address: str, is_hidden: Callable[[str], bool]) -> str:
    if not _BEGINNING.match(address):
        return address
    parts = _Address.of(address)
    pairs = [
        f"{name}{equals}{HIDDEN if equals and is_hidden(name) else value}"
        for name, equals, value in (one.partition("=") for one in parts.query.split("&"))
    ]
    user = f"{parts.user}@" if parts.user else ""
    query = f"?{'&'.join(pairs)}" if parts.query else ""
    fragment = f"#{HIDDEN}" if parts.fragment else ""
    return f"{parts.scheme}://{user}{parts.place}{parts.path}{query}{fragment}"


def _secrets(address: str) -> Iterable[str]:
    """Every part of the address that must not be shown, in each form that it may take."""
    if not _BEGINNING.match(address):
        return ()
    parts = _Address.of(address)
    values = [one.partition("=")[2] for one in parts.query.split("&")]
    # Libraries that take a `/` in a password for the end of the host show what is before it.
    pieces = parts.password.split("/")
    found = [address, parts.query, *values, parts.password, *pieces, parts.fragment]
    return {form for one in found for form in (one, unquote(one), unquote_plus(one)) if form}
