"""The linter: every diagnostic of a policy file, and what is probably a mistake in it."""

from __future__ import annotations

from demur.lint.fix import fixed_text
from demur.lint.run import CODES, lint_file, lint_paths

__all__ = ["CODES", "fixed_text", "lint_file", "lint_paths"]
