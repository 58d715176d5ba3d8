"""Other values for a policy's parameters, given to a command."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from demur.runtime.evaluator import Evaluator

Command = TypeVar("Command", bound=Callable[..., Any])


def option(command: Command) -> Command:
    """The option `--param NAME=VALUE`, as the argument `parameters`."""
    return click.option(
        "--param",
        "parameters",
        multiple=True,
        metavar="NAME=VALUE",
        help="Another value for a parameter of the policy. May be repeated.",
    )(command)


def put_in(evaluator: Evaluator, given: Iterable[str]) -> Evaluator:
    """The policy with these values. Raises `click.BadParameter`."""
    values: dict[str, Any] = {}
    for one in given:
        name, equals, value = one.partition("=")
        if not equals:
            raise click.BadParameter(f"Write NAME=VALUE, not `{one}`.", param_hint="--param")
        values[name.strip()] = _value(value.strip())
    try:
        return evaluator.with_parameters(values) if values else evaluator
    except ValueError as failure:
        raise click.BadParameter(str(failure), param_hint="--param") from None


def _value(text: str) -> Any:
    """A number or bool as JSON writes it; anything else is a string."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return value if isinstance(value, bool | int | float | str) else text
