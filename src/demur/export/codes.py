"""The codes of what an export leaves out, or says only nearly."""

from __future__ import annotations

EXPORT_CODES: dict[str, tuple[str, str, str]] = {
    "DM980": (
        "not-exported",
        "Part of the policy is not exported",
        "The other tool cannot express it, so it is left out rather than said otherwise. The message "
        "says why; what is written has it as a comment, and the exit status is 1. `demur monitor` "
        "evaluates every alert.",
    ),
    "DM981": (
        "not-exact",
        "Part of the policy could be exported only nearly",
        "The other tool comes close, and differs where the message says. It is left out unless "
        "`--approximate` asks for it; then what is written says how it differs.",
    ),
    "DM982": (
        "strange-name",
        "A bundle has a name that no policy file can have",
        "Names of policies, signals, metrics and alerts become part of the other tool's language: of PromQL "
        "and of labels. `demur compile` lets none through that could say something else there; this bundle "
        "was written by something else. Compile the policy again.",
    ),
}
"""Every code of `demur export`: name, title, and an explanation for the reference."""
