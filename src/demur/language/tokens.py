"""ruamel's YAML scanner, fed from a text and watched for what its parser drops.

The scanner and parser are ruamel's; this module gives them a reader that indexes one string (the
original's walks it character by character), and notes what only the tokens know: where comments
are, how deep a block scalar's surroundings are indented, where a comment follows a plain scalar.
"""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import ruamel.yaml.tokens
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.parser import Parser
from ruamel.yaml.scanner import Scanner

kinds: Any = ruamel.yaml.tokens
"""ruamel's classes of tokens, which have no types worth checking."""
_COMMENT = re.compile(r"#[^\r\n]*")
_HEADER_COMMENT = re.compile(r"[|>][-+0-9]*[ ]+(#[^\r\n]*)")
_OPENING = (
    kinds.BlockMappingStartToken,
    kinds.BlockSequenceStartToken,
    kinds.FlowMappingStartToken,
    kinds.FlowSequenceStartToken,
)
_ANCHOR_NAME = re.compile(r"[\w.-]+")
_CLOSING = (kinds.BlockEndToken, kinds.FlowMappingEndToken, kinds.FlowSequenceEndToken)
_PADDING = "\0" * 16
"""The scanner looks a few characters past the end, for document markers and escapes."""

BAD_ESCAPE = "an escape outside of Unicode"
TAG = "a tag"
DIRECTIVE = "a directive"
NESTING = "nesting"
NAME = "a name of an anchor"


class Mark:
    """A place in the text, in the form ruamel hands around."""

    __slots__ = ("column", "index", "line")

    def __init__(self, index: int, line: int, column: int) -> None:
        self.index = index
        self.line = line
        self.column = column


class Buffer:
    """What ruamel calls a reader: a text, and how far it has been read."""

    encoding = None

    def __init__(self, text: str) -> None:
        self._text = text + _PADDING
        self.index = 0
        self.line = 0
        self.column = 0

    def peek(self, index: int = 0) -> str:
        """The character `index` places ahead."""
        return self._text[self.index + index]

    def prefix(self, length: int = 1) -> str:
        """The next `length` characters."""
        return self._text[self.index : self.index + length]

    def forward(self, length: int = 1) -> None:
        """Reads `length` characters."""
        end = self.index + length
        line_break = self._text.rfind("\n", self.index, end)
        if line_break < 0:
            self.column += length
        else:
            self.line += self._text.count("\n", self.index, end)
            self.column = end - line_break - 1
        self.index = end

    def get_mark(self) -> Mark:
        """Where the text has been read to."""
        return Mark(self.index, self.line, self.column)


class Trouble(Exception):
    """Where the text stops being the YAML that policy files use.

    `problem` is ruamel's wording or one of this module's names; `index` is where it was noticed,
    `context` where the construct around it began (for tags and directives: where it ends);
    `in_flow` says whether that is within `[` or `{`; `quote` is where a quoted text of several
    lines begins that ended just before, if one did.
    """

    def __init__(
        self, problem: str, index: int, context: int, in_flow: bool, quote: int | None
    ) -> None:
        super().__init__(problem)
        self.problem = problem
        self.index = index
        self.context = context
        self.in_flow = in_flow
        self.quote = quote


class TokenStream:
    """The tokens of a text, one at a time, in the form ruamel's parser reads them."""

    def __init__(self, text: str, max_depth: int) -> None:
        self.text = text
        self.comments: list[tuple[int, int]] = []
        self.cut_scalars: list[tuple[int, int, int]] = []
        """Plain scalars with a comment on their last line: start, end, end of the comment."""
        self.parent_indents: dict[int, int] = {}
        """By start of each block scalar: the column of the block collection around it, or -1."""
        self.taken: Any = None
        """The token the parser took last."""
        self._max_depth = max_depth
        self._columns: list[int] = []
        self._covered = 0
        self._previous: Any = None
        self._current: Any = None
        self._buffer = Buffer(text)
        surroundings = SimpleNamespace(
            _reader=self._buffer,
            _scanner=None,
            _parser=None,
            _resolver=SimpleNamespace(processing_version=(1, 2)),
            processing_version=(1, 2),
            comment_handling=None,
            doc_infos=[SimpleNamespace()],
        )
        self._scanner: Any = Scanner(loader=surroundings)
        surroundings._scanner = self
        self._parser: Any = Parser(surroundings)

    def check_token(self, *choices: type) -> bool:
        """Whether the next token is of one of the given classes."""
        token = self.peek_token()
        return token is not None and (not choices or isinstance(token, choices))

    def peek_token(self) -> Any:
        """The next token, which stays the next; None behind the last."""
        if self._current is None:
            self._current = self._pull()
        return self._current

    def get_token(self) -> Any:
        """Takes the next token."""
        self.taken = self.peek_token()
        self._current = None
        return self.taken

    def next_event(self) -> Any:
        """The next event of ruamel's parser. Raises Trouble."""
        try:
            return self._parser.get_event()
        except MarkedYAMLError as caught:
            error: Any = caught
            mark = error.problem_mark or error.context_mark
            index = mark.index if mark else self._buffer.index
            context = error.context_mark.index if error.context_mark else index
            raise self._trouble(error.problem or "", index, context) from None

    @property
    def in_flow(self) -> bool:
        """Whether the scanner stands within `[` or `{`."""
        return bool(self._scanner.flow_level)

    def scalar_start(self, event: Any) -> int | None:
        """Where the scalar of an event begins in the text, its anchor left out; None if empty."""
        token = self.taken
        if isinstance(token, kinds.ScalarToken) and token.end_mark is event.end_mark:
            return token.start_mark.index
        return None

    def _trouble(self, problem: str, index: int, context: int) -> Trouble:
        size = len(self.text)
        index, context = min(index, size), min(context, size)
        return Trouble(problem, index, context, self.in_flow, self._long_quote())

    def _long_quote(self) -> int | None:
        token = self.taken
        if not isinstance(token, kinds.ScalarToken) or token.style not in ("'", '"'):
            return None
        return token.start_mark.index if token.start_mark.line != token.end_mark.line else None

    def _pull(self) -> Any:
        try:
            token = self._scanner.get_token()
        except (ValueError, OverflowError):
            raise self._trouble(BAD_ESCAPE, self._buffer.index, self._buffer.index) from None
        if token is not None:
            self._note(token)
            self._previous = token
        return token

    def _note(self, token: Any) -> None:
        start: int = token.start_mark.index
        end: int = token.end_mark.index
        if start > self._covered:
            self._note_comments(start)
        self._covered = max(self._covered, end)
        if isinstance(token, kinds.ScalarToken):
            if token.style in ("|", ">"):
                self.parent_indents[start] = self._columns[-1] if self._columns else -1
                header = _HEADER_COMMENT.match(self.text, start, end)
                if header is not None:
                    self.comments.append(header.span(1))
        elif isinstance(token, _OPENING):
            self._columns.append(token.start_mark.column)
            if len(self._columns) > self._max_depth:
                raise self._trouble(NESTING, start, start)
        elif isinstance(token, _CLOSING):
            if self._columns:
                self._columns.pop()
        elif isinstance(token, (kinds.AnchorToken, kinds.AliasToken)):
            if not _ANCHOR_NAME.fullmatch(token.value):
                raise self._trouble(NAME, start, start)
        elif isinstance(token, kinds.TagToken):
            raise self._trouble(TAG, start, end)
        elif isinstance(token, kinds.DirectiveToken):
            raise self._trouble(DIRECTIVE, start, end)

    def _note_comments(self, end: int) -> None:
        """The text between two tokens is white space and comments, nothing else."""
        gap = self._covered
        found = [match.span() for match in _COMMENT.finditer(self.text, gap, end)]
        previous = self._previous
        if (
            found
            and isinstance(previous, kinds.ScalarToken)
            and previous.plain
            and previous.end_mark.index == gap
            and self.text.find("\n", gap, found[0][0]) < 0
        ):
            self.cut_scalars.append((previous.start_mark.index, gap, found[0][1]))
        self.comments.extend(found)
