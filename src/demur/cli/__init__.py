"""The command `demur`. Each command is a module of `commands` and loaded when it is called."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from keyword import iskeyword
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import click

from demur.cli.output import colour, tell
from demur.cli.status import BROKEN_PIPE, INTERRUPTED, CouldNotRun
from demur.interop.escaping import printable_lines
from demur.report import version
from demur.suggestions import did_you_mean

COMMANDS = tuple(
    sorted(one.name.rstrip("_") for one in iter_modules([str(Path(__file__).parent / "commands")]))
)
"""The commands' names. The module of each has the click command as `command`; that of a name which is
a word of Python ends in `_`."""


_EXTRAS = {
    "cryptography": "signing",
    "duckdb": "gate",
    "httpx": "run",
    "ibis": "gate",
    "numpy": "gate",
    "opentelemetry": "telemetry",
    "prometheus_client": "telemetry",
    "psycopg": "postgres",
    "pyarrow": "gate",
    "pyspark": "spark",
    "scipy": "gate",
}
"""Which extra of demur brings a library that not every command needs."""
_OTHER_NAMES = {
    "build": "compile",
    "bundle": "compile",
    "check": "lint",
    "create": "new",
    "diff": "gate --baseline",
    "eval": "decide",
    "evaluate": "gate",
    "explain": "decide --explain",
    "history": "trend",
    "init": "new",
    "query": "decide",
    "report": "gate --format html",
    "show": "inspect",
    "validate": "lint",
    "watch": "monitor --every 1m",
}
"""Commands as other tools call them."""


class _Commands(click.Group):
    """The commands found by folder; whatever goes wrong in one ends in a message and a status."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = f"{cmd_name}_" if iskeyword(cmd_name) else cmd_name
        return import_module(f"{__name__}.commands.{module}").command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            meant = _OTHER_NAMES.get(args[0].lower())
            advice = f"It is `demur {meant}`." if meant else did_you_mean(args[0], COMMANDS)
            advice = advice or f"There are {', '.join(COMMANDS)}."
            raise click.UsageError(f"There is no command `{args[0]}`. {advice}", ctx)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except click.UsageError as wrong:
            vars(wrong)["message"] = printable_lines(wrong.message)
            raise
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except BrokenPipeError:
            _forget_output()
            ctx.exit(BROKEN_PIPE)
        except KeyboardInterrupt:
            ctx.exit(INTERRUPTED)
        except OSError as failure:
            name = failure.filename
            where = f"{name}: " if isinstance(name, str) else ""
            raise CouldNotRun(f"{where}{failure.strerror or failure}") from None
        except Exception as failure:
            library = _missing(failure)
            if library in _EXTRAS:
                what = f"`pip install 'demur[{_EXTRAS[library]}]'`"
                raise CouldNotRun(f"This needs {library}: install it with {what}.") from None
            if ctx.params.get("debug"):
                import traceback

                tell(traceback.format_exc(), err=True)
            what = type(failure).__name__
            advice = "This is a fault in demur: please report it, with what --debug shows."
            raise CouldNotRun(f"Internal error ({what}). {advice}") from None


def _missing(failure: BaseException | None) -> str:
    """The library that could not be imported, which libraries of engines say in a cause."""
    while failure is not None and not isinstance(failure, ModuleNotFoundError):
        failure = failure.__cause__ or failure.__context__
    return "" if failure is None else (failure.name or "").partition(".")[0]


def _forget_output() -> None:
    """Nobody reads the output any more; Python must not complain about that when it ends."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115


@click.command(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit status: 0 pass, 1 fail, 2 wrong usage or invalid policy, 3 inconclusive, "
    "4 could not run.",
)
@click.option("--debug", is_flag=True, help="Show where in demur an internal error arose.")
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=lambda ctx, _, wanted: _show_version(ctx) if wanted else None,
    help="Show the version.",
)
@click.pass_context
def cli(ctx: click.Context, debug: bool) -> None:
    """One policy for what an ML system may do: checked, tested, compiled, decided.

    A policy file says what a system may answer, when it must refuse or abstain, and how good it
    has to be. These commands check it, compile it and decide records by it.
    """
    del debug  # read by `_Commands.invoke`
    ctx.color = colour()


def _show_version(ctx: click.Context) -> None:
    tell(f"demur {version()}")
    ctx.exit()


def main() -> None:
    """Runs the command line and exits with its status."""
    for stream in (sys.stdout, sys.stderr):
        _write_utf8(stream)
    cli(prog_name="demur")


def _write_utf8(stream: Any) -> None:
    """Whatever the console's own encoding, what demur writes is UTF-8 and never fails to encode."""
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(encoding="utf-8", errors="backslashreplace")
