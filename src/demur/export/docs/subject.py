"""What the page is about: a checked policy file, its compiled form, its runbook and its tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from demur.language.checked import CheckedPolicy
from demur.language.compile import assemble
from demur.language.document import PolicyDocument
from demur.policy import ParameterValue, Policy
from demur.runtime.bundle import digest
from demur.testing.exercised import Exercises


@dataclass(frozen=True, slots=True)
class Subject:
    """A policy file without errors, and what is known of its tests."""

    checked: CheckedPolicy
    policy: Policy
    digest: str
    exercises: Exercises

    @property
    def document(self) -> PolicyDocument:
        """The policy file's own words."""
        return self.checked.document

    @property
    def parameters(self) -> Mapping[str, ParameterValue]:
        """The tunable numbers."""
        return self.policy.parameters

    @property
    def folder(self) -> Path:
        """Where the policy file is, from which links to runbooks go."""
        return Path(self.checked.source.path).parent

    @property
    def title(self) -> str:
        """The policy's name and version."""
        version = f" {self.policy.version}" if self.policy.version else ""
        return f"{self.policy.name}{version}"


def subject(checked: CheckedPolicy, exercises: Exercises) -> Subject:
    """The subject of a checked file without errors."""
    policy = assemble(checked)
    return Subject(checked, policy, digest(policy), exercises)
