"""A command that reads a case a line on its standard input, and writes an answer a line on its output.

It is started once for each case that runs at a time, and asked one case after another. One that is too
late, ends, or answers out of turn is killed, with whatever it started, and another takes its place.
"""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from demur.interop.jsonl import MAXIMUM_LINE
from demur.suites.cases import Case
from demur.suites.codes import TargetError
from demur.suites.failure import CaseFailed
from demur.suites.records import line_of, parsed
from demur.suites.settings import Suite

_LAST_WORDS = 500
"""Characters of what a command said last on its standard error."""
_PATIENCE = 5.0
"""Seconds that commands have to end when there are no more cases."""


@asynccontextmanager
async def open_target(
    suite: Suite, folder: Path, headers: Mapping[str, str]
) -> AsyncGenerator[Command]:
    """The command after `command:`, run in the policy's folder."""
    del headers
    text = suite.target.partition(":")[2]
    try:
        words = shlex.split(text)
    except ValueError as failure:
        raise TargetError("DM854", f"The command cannot be read: {failure}.", text) from None
    if not words:
        raise TargetError("DM854", "The target names no command.", "Write command:PROGRAM ….")
    command = Command(words, folder)
    try:
        await command.warm()
        yield command
    finally:
        await command.end()


class Command:
    """Processes of one command; those without a case wait in `_idle`."""

    def __init__(self, words: list[str], folder: Path) -> None:
        self._words = words
        self._folder = folder
        self._idle: list[_Process] = []

    async def warm(self) -> None:
        """Starts the first process. Raises `TargetError` for a command that there is not."""
        self._idle.append(await self._started())

    async def answer(self, case: Case) -> Any:
        """The object that a process writes for the case. Raises `CaseFailed`."""
        process = self._idle.pop() if self._idle else await self._started()
        try:
            found = await process.asked(case)
        except BaseException:
            await process.killed()
            raise
        self._idle.append(process)
        return found

    async def end(self) -> None:
        """Lets the processes end by themselves; kills those that do not."""
        await asyncio.gather(*(one.ended() for one in self._idle))

    async def _started(self) -> _Process:
        try:
            process = await asyncio.create_subprocess_exec(
                *self._words,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                cwd=self._folder,
                limit=MAXIMUM_LINE,
                # Ctrl-C is for the run, which then ends its processes, and theirs.
                start_new_session=True,
            )
        except OSError as failure:
            message = f"`{self._words[0]}` cannot be started: {failure.strerror or failure}."
            help = "It is looked for on the PATH, and run in the policy's folder without a shell."
            raise TargetError("DM854", message, help) from None
        return _Process(process)


class _Process:
    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._said = ""
        self._listening = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        """Takes what the process says on standard error, so that it never waits for a reader."""
        assert self._process.stderr is not None
        while piece := await self._process.stderr.read(4096):
            said = self._said + piece.decode("utf-8", "replace")
            self._said = said[-_LAST_WORDS:]

    async def asked(self, case: Case) -> dict[str, Any]:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        try:
            stdin.write(line_of({**case.fields, "id": case.id}))
            await stdin.drain()
            line = await stdout.readline()
        except OSError:
            raise await self._gone() from None
        except ValueError:
            limit = MAXIMUM_LINE // 1024**2
            raise CaseFailed("invalid", f"The answer has more than {limit} MiB.") from None
        if not line.endswith(b"\n"):
            raise await self._gone()
        answer = parsed(line)
        if "id" not in answer:
            raise CaseFailed("invalid", "The answer has no `id`.", returned=answer)
        if str(answer["id"]) != case.id:
            message = f"The answer is of the case {answer['id']!r}, and `{case.id}` was asked."
            raise CaseFailed("invalid", message, returned=answer)
        return answer

    async def _gone(self) -> CaseFailed:
        await self.ended(1.0)
        said = self._said.strip()
        message = f"The command ended before it answered, with status {self._process.returncode}"
        return CaseFailed(
            "connection", f"{message}: {said}" if said else f"{message}.", summary=message
        )

    async def ended(self, patience: float = _PATIENCE) -> None:
        """Says that there are no more cases, and waits a while."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        with suppress(TimeoutError):
            async with asyncio.timeout(patience):
                await self._process.wait()
        await self.killed()

    async def killed(self) -> None:
        """Ends the process and what it started, if any of it is left."""
        with suppress(ProcessLookupError, PermissionError):
            if sys.platform == "win32":
                self._process.kill()
            else:
                os.killpg(self._process.pid, signal.SIGKILL)
        await self._process.wait()
        await self._listening
        if self._process.stdin is not None:
            self._process.stdin.close()
