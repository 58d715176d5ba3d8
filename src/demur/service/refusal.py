"""Why a policy was not taken up."""

from __future__ import annotations

from dataclasses import dataclass, replace

from demur.diagnostics import InvalidSource
from demur.runtime.bundle import BundleError


class ReloadError(Exception):
    """A policy that cannot take the active one's place, or cannot be fetched.

    `code` is the diagnostic's, `help` what to do.
    """

    def __init__(self, code: str, message: str, help: str) -> None:
        self.code = code
        self.message = message
        self.help = help
        super().__init__(f"{code}: {message} {help}")


@dataclass(frozen=True, slots=True)
class Refusal:
    """A policy that was refused while the last good one went on.

    `role` is the policy's whose place it would have taken, `active` or `candidate`; `place` the file
    or address that it came from.
    """

    role: str
    place: str
    code: str
    message: str
    help: str

    def __str__(self) -> str:
        return f"{self.place}: {self.code}: {self.message} {self.help}".rstrip()


def one_line(text: str) -> str:
    """Foreign text for a log: in one line, with nothing in it that a terminal would obey."""
    return "".join(one if one.isprintable() else " " for one in text)


def refusal(role: str, place: str, error: Exception) -> Refusal:
    """The refusal that an error while loading a policy amounts to.

    It quotes the policy, the names of its files, or what a server said, which may be a stranger's.
    """
    found = _refusal(role, place, error)
    return replace(found, message=one_line(found.message), help=one_line(found.help))


def _refusal(role: str, place: str, error: Exception) -> Refusal:
    if isinstance(error, BundleError | ReloadError):
        return Refusal(role, place, error.code, error.message, error.help)
    if isinstance(error, InvalidSource) and error.diagnostics:
        first = error.diagnostics[0]
        where = ""
        if first.span is not None:
            file = "" if first.span.path == place else f"{first.span.path}, "
            where = f"{file}line {first.span.start.line}: "
        more = f" ({len(error.diagnostics)} errors in all)" * (len(error.diagnostics) > 1)
        return Refusal(role, place, first.code, f"{where}{first.message}{more}", first.help or "")
    if isinstance(error, OSError):
        reason = (error.strerror or str(error) or type(error).__name__).lower()
        advice = "Put the policy there and let the service read it."
        return Refusal(role, place, "DM930", f"The policy cannot be read: {reason}.", advice)
    advice = "This is a fault in demur: please report it, with the policy."
    return Refusal(role, place, "DM938", f"Loading it failed ({type(error).__name__}).", advice)
