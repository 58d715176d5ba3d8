"""What lines of the journal have beside their signals: for the schema and for Parquet's columns."""

from __future__ import annotations

from dataclasses import dataclass

DECISION, OUTCOME, LOST = "decision", "outcome", "lost"
"""The kinds of lines. `demur.kind` names the kind of those that are no decisions."""


@dataclass(frozen=True, slots=True)
class Field:
    """One place in a line: its path, the kind of its value, what it is, and which lines must have it.

    The value may be null where `is_nullable`.
    """

    path: str
    kind: str
    about: str
    needed_in: tuple[str, ...] = ()
    is_nullable: bool = False


_D = (DECISION,)
_DO = (DECISION, OUTCOME)
_ALL = (DECISION, OUTCOME, LOST)

FIELDS: tuple[Field, ...] = (
    Field("id", "string", "The trace's id again, by which outcomes are joined.", _DO),
    Field("trace_id", "string", "The guard's trace: random, or what the service calls it.", _DO),
    Field("span_id", "string", "The span that the request is part of.", _DO, True),
    Field("time", "time", "When it was decided, told or lost, in UTC to the microsecond.", _ALL),
    Field("demur.journal", "int", "The format of the line: 1.", _ALL),
    Field("demur.kind", "string", "`outcome` or `lost`; not there in a decision."),
    Field("demur.policy", "string", "The policy's name.", _DO),
    Field("demur.version", "string", "The policy's version.", _DO, True),
    Field("demur.digest", "string", "The digest of the policy that decided.", _DO),
    Field("demur.stage", "string", "The last stage that was asked.", _D, True),
    Field("demur.rollout", "string", "`active` or `canary`: as what the policy decided.", _D),
    Field("demur.final", "bool", "Whether it is the trace's last line: each has one.", _D),
    Field("demur.incomplete", "bool", "Whether the trace ended before its last stage.", _D),
    Field("demur.bypass", "string", "Why the decision was not enforced.", _D, True),
    Field("demur.bypassed_action", "string", "What the policy decided, where it was bypassed."),
    Field("demur.parent_trace_id", "string", "The distributed trace of that span, if any."),
    Field("demur.duration_us", "double", "How long deciding took, in microseconds.", _D),
    Field("demur.elapsed_ms", "double", "Milliseconds since the trace began.", _D),
    Field("demur.shadow", "shadow", "What the candidate would have decided.", _D, True),
    Field("demur.masked", "strings", "Signals of which personal data was masked."),
    Field("demur.inexact", "strings", "Signals that the line does not hold as they were."),
    Field("demur.undeclared", "int", "Values that the policy does not declare, left out."),
    Field("demur.lost", "int", "How many lines are missing here.", (LOST,)),
    Field("demur.reason", "string", "Why: `overflow`, `failed`, `closed` or `error`.", (LOST,)),
    Field("decision.action", "string", "The action; else `bypass`, or `incomplete`.", _D),
    Field("decision.answered", "bool", "Whether the user had an answer.", _D, True),
    Field("decision.declined", "bool", "Whether the user had none.", _D, True),
    Field("decision.rule", "string", "The rule that decided; empty where none did.", _D),
    Field("decision.rules", "strings", "Every rule that fired or stayed open.", _D),
    Field("decision.failure", "string", "The failure it counts as; empty for none.", _D),
    Field("decision.failures", "strings", "Every failure that fired.", _D),
    Field("decision.unknown", "strings", "The signals that could not be known.", _D),
    Field("decision.stage", "string", "The stage that stopped it, else the last it came to.", _D),
    Field(
        "decision.message", "string", "What the user was told, personal values masked.", _D, True
    ),
    Field("decision.why", "string", "The explanation for engineers, likewise.", _D, True),
    Field("decision.reasons", "reasons", "Why each unknown is unknown.", _D),
)
"""Every place of a line in order, save the stages' signals and the outcome's."""
