"""The codes of bundles, for the reference; `bundle` raises them."""

from __future__ import annotations

BUNDLE_CODES: dict[str, tuple[str, str, str]] = {
    "DM701": (
        "bundle-too-large",
        "The bundle is larger than any policy",
        "Bundles have at most 64 MiB, so that one from elsewhere cannot exhaust the machine.",
    ),
    "DM702": (
        "not-a-bundle",
        "The file is not a bundle that demur wrote",
        'A bundle is one line of canonical JSON that begins with `{"demur_bundle":`. One that was '
        "formatted or edited is refused: compile the policy again.",
    ),
    "DM703": (
        "bundle-cut-short",
        "The bundle ends too early",
        "It was not copied whole. Copy it again, or compile the policy again.",
    ),
    "DM704": (
        "digest-mismatch",
        "The bundle's content does not match its digest",
        "It was changed after it was compiled. Compile the policy again.",
    ),
    "DM705": (
        "newer-bundle",
        "The bundle is of a newer demur",
        "Update demur in the service, or compile the policy with the service's version.",
    ),
    "DM706": (
        "malformed-bundle",
        "The bundle's content is not a compiled policy",
        "Its digest is right, but a part is not what this demur expects. Compile the policy again.",
    ),
    "DM707": (
        "trailing-content",
        "Something follows the bundle that is no signature",
        "After its one line a bundle has signatures, a line each, and nothing else. Copy it again, or "
        "compile the policy again.",
    ),
    "DM708": (
        "missing-extension",
        "The bundle needs a function that is not installed here",
        "The policy calls a function that another package provides, by an entry point of the group "
        "`demur.functions`. Install that package where the bundle is loaded.",
    ),
}
"""Name, title, and an explanation for the reference."""
