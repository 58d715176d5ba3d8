"""Fragments merged into a policy file before it is validated; each node keeps its own file's place."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path, PurePosixPath, PureWindowsPath

from demur.diagnostics import Diagnostic
from demur.files import hidden_part
from demur.language.document_codes import finding
from demur.language.nodes import Entry, MappingNode, Node, ScalarNode, SequenceNode
from demur.language.source import ReadSource, Source, read_source
from demur.suggestions import did_you_mean

MAXIMUM_FILES = 32
MAXIMUM_DEPTH = 8
_OWN = ("policy", "about", "owner", "version", "runbook")
"""What only the policy file itself says."""
_INSIDE = "Name a file in the policy's folder or below."


def resolve_includes(
    source: Source, folder: Path, read: ReadSource = read_source
) -> tuple[Source, list[Diagnostic]]:
    """The file with its fragments merged in, theirs first, and what is wrong with them.

    A fragment is a policy file without the policy's own facts, in `folder` or below it. A file that
    several fragments include is merged once.
    """
    if not isinstance(source.root, MappingNode) or source.root.get("include") is None:
        return source, []
    reader = _Reader(folder, read)
    chain = (folder.resolve() / PurePosixPath(source.path).name,)
    root = reader.merged(source, source.root, chain, folder)
    return replace(source, root=root), reader.diagnostics


class _Reader:
    """One resolution: the files read so far and what is wrong."""

    def __init__(self, folder: Path, read: ReadSource) -> None:
        self.diagnostics: list[Diagnostic] = []
        self._read_source = read
        self._top = folder.resolve()
        self._read: set[Path] = set()

    def merged(
        self, source: Source, root: MappingNode, chain: tuple[Path, ...], folder: Path
    ) -> MappingNode:
        """The root with what it includes before its own entries."""
        parts = [
            fragment
            for name in self._names(root.get("include"))
            if (fragment := self._fragment(name, source, chain, folder)) is not None
        ]
        own = tuple(entry for entry in root.entries if entry.key.text != "include")
        for part in reversed(parts):
            own = self._joined(part.entries, own)
        return MappingNode(root.span, own)

    def _names(self, node: Node | None) -> list[ScalarNode]:
        """The files that an `include` lists, each once."""
        if node is None:
            return []
        items = node.items if isinstance(node, SequenceNode) else (node,)
        advice = "Write `include: [fragments/common.yaml]`."
        names: dict[str, ScalarNode] = {}
        for item in items:
            if not (isinstance(item, ScalarNode) and isinstance(item.value, str)):
                message = "`include` is a list of files, and this is none."
                self.diagnostics.append(finding("DM203", message, item.span, advice))
            elif item.text in names:
                message = f"`{item.text}` is included already."
                self.diagnostics.append(finding("DM211", message, item.span, "Leave it out."))
            else:
                names[item.text] = item
        if isinstance(node, ScalarNode) and names:
            message = "`include` must be a list, and is text."
            advice = f"Write `include: [{node.text}]`."
            self.diagnostics.append(finding("DM203", message, node.span, advice))
            return []
        return list(names.values())

    def _fragment(
        self, name: ScalarNode, source: Source, chain: tuple[Path, ...], folder: Path
    ) -> MappingNode | None:
        path = folder / name.text
        try:
            problem = self._refusal(name.text, chain, path)
            resolved = path.resolve()
        except (OSError, RuntimeError, ValueError):
            # Too long, a null character, or links in a circle.
            problem, resolved = ("This is no name of a file.", None), path
        if problem is not None:
            message, advice = problem
            self.diagnostics.append(finding("DM211", message, name.span, advice))
            return None
        if resolved in self._read:
            return None
        self._read.add(resolved)
        shown = (PurePosixPath(source.path).parent / name.text).as_posix()
        fragment = self._read_source(path, shown)
        self.diagnostics.extend(fragment.diagnostics)
        if not isinstance(fragment.root, MappingNode):
            if not fragment.diagnostics:
                state = "empty" if fragment.root is None else "not a mapping"
                self.diagnostics.append(finding("DM211", f"`{name.text}` is {state}.", name.span))
            return None
        root = self._without_own(fragment.root)
        return self.merged(fragment, root, (*chain, resolved), path.parent)

    def _without_own(self, root: MappingNode) -> MappingNode:
        version = root.get("demur")
        advice = "A fragment begins with `demur: 1`."
        if version is None:
            span = root.entries[0].key.span if root.entries else root.span
            self.diagnostics.append(finding("DM202", "`demur` is missing.", span, advice))
        elif not (isinstance(version, ScalarNode) and version.text == "1"):
            message = "This demur reads language version 1."
            self.diagnostics.append(finding("DM208", message, version.span, advice))
        for key in _OWN:
            node = root.key(key)
            if node is not None:
                message = f"A fragment has no `{key}`: only the policy file itself has."
                self.diagnostics.append(finding("DM211", message, node.span, "Leave it out."))
        return MappingNode(
            root.span,
            tuple(one for one in root.entries if one.key.text not in ("demur", *_OWN)),
        )

    def _refusal(
        self, name: str, chain: tuple[Path, ...], path: Path
    ) -> tuple[str, str | None] | None:
        """Why a file is not included, and what to do; None where it is."""
        if len(self._read) >= MAXIMUM_FILES:
            return f"More than {MAXIMUM_FILES} files are included.", None
        if len(chain) > MAXIMUM_DEPTH:
            return f"Includes are nested more than {MAXIMUM_DEPTH} deep.", None
        if PurePosixPath(name).is_absolute() or PureWindowsPath(name).is_absolute():
            return f"`{name}` is an absolute path.", _INSIDE
        if ".." in PurePosixPath(name).parts or "\\" in name or ":" in name:
            return f"`{name}` leads out of the folder.", _INSIDE
        resolved = path.resolve()
        if not resolved.is_relative_to(self._top):
            return f"`{name}` leads out of the folder.", _INSIDE
        if (hidden := hidden_part(resolved.relative_to(self._top).parts)) is not None:
            return f"`{name}` is in `{hidden}`, which is hidden.", _INSIDE
        if resolved in chain:
            return f"`{name}` includes itself.", None
        if not path.is_file():
            return f"There is no file `{name}`.", self._like(name, path)
        return None

    def _like(self, name: str, path: Path) -> str | None:
        """The file beside a missing one that was probably meant."""
        if not path.parent.is_dir():
            return None
        files = sorted(
            one.name
            for one in path.parent.iterdir()
            if one.suffix.lower() in (".yaml", ".yml") and one.is_file()
        )
        beside = PurePosixPath(name).parent
        return did_you_mean(name, [(beside / file).as_posix() for file in files])

    def _joined(self, first: tuple[Entry, ...], second: tuple[Entry, ...]) -> tuple[Entry, ...]:
        """The entries of both; a section that both have has the entries of both."""
        joined = {entry.key.text: entry for entry in first}
        for entry in second:
            name = entry.key.text
            other = joined.get(name)
            if other is None:
                joined[name] = entry
            elif name == "on_unknown":
                self._twice(name, other, entry)
            elif isinstance(other.value, MappingNode) and isinstance(entry.value, MappingNode):
                joined[name] = Entry(entry.key, self._section(other.value, entry.value, name))
            elif isinstance(other.value, MappingNode):
                # What is no section is kept, so that validation says so.
                joined[name] = entry
        return tuple(joined.values())

    def _section(self, first: MappingNode, second: MappingNode, section: str) -> MappingNode:
        entries = {entry.key.text: entry for entry in first.entries}
        for entry in second.entries:
            other = entries.get(entry.key.text)
            if other is None:
                entries[entry.key.text] = entry
            elif (
                section == "stages"
                and isinstance(other.value, MappingNode)
                and isinstance(entry.value, MappingNode)
            ):
                merged = self._section(other.value, entry.value, entry.key.text)
                entries[entry.key.text] = Entry(entry.key, merged)
            else:
                self._twice(entry.key.text, other, entry)
        return MappingNode(second.span, tuple(entries.values()))

    def _twice(self, name: str, first: Entry, second: Entry) -> None:
        where = first.key.span
        message = f"`{name}` is defined already, at {where.path}:{where.start.line}."
        self.diagnostics.append(
            finding("DM212", message, second.key.span, "Give one of them another name.")
        )
