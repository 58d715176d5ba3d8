"""The codes of reloading and roll-out, for the reference; `reload` and its sources report them."""

from __future__ import annotations

RELOAD_CODES: dict[str, tuple[str, str, str]] = {
    "DM926": (
        "older-version",
        "The policy's version is lower than the active one's",
        "A reload never goes back: whoever can replace a file could bring back a policy whose faults "
        "are known. Raise the version, or roll back in so many words: `policies.roll_back()`, or "
        "`watch(…, allow_older=True)`. A policy without a version counts as older than one with.",
    ),
    "DM927": (
        "other-policy",
        "It is another policy",
        "A reload replaces a policy by another version of the same one, and the names differ. Look "
        "at the file; to change to another policy, restart the service with it.",
    ),
    "DM928": (
        "other-stages",
        "The policy has other stages than the active one",
        "The service's code hands over signals stage by stage, so the stages change with the code: "
        "deploy both, and restart the service.",
    ),
    "DM929": (
        "signals-not-given",
        "The policy reads signals that the running code does not give",
        "The service's code gives the signals that the active policy declares. One that is new or renamed "
        "and that a rule reads, or that is of another type, would be unknown in every decision. Deploy "
        "the policy with its code; where the code gives the signal already, `watch(…, "
        "allow_new_signals=True)`. New optional and derived signals are no obstacle, nor are signals that "
        "are gone, or other bounds.",
    ),
    "DM930": (
        "unreadable-policy",
        "The policy cannot be read",
        "The file is missing, is no file, or may not be read. The last good policy goes on, and the "
        "file is looked for again.",
    ),
    "DM931": (
        "unsettled-policy",
        "The files changed while they were read",
        "A policy and its fragments are one: they are taken up when they stay the same while they are "
        "read. Write them elsewhere and rename them, or serve a bundle, which is one file.",
    ),
    "DM932": (
        "fetch-failed",
        "The server gave no policy",
        "It could not be reached, was too slow, or answered with an error. The last good policy goes "
        "on, and the server is asked again.",
    ),
    "DM933": (
        "fetch-cut-short",
        "The server's answer was not whole",
        "It was shorter than it said, or larger than a bundle may be. It is fetched again.",
    ),
    "DM934": (
        "no-bundle-at-address",
        "What the server sent is no bundle",
        "Over HTTP only bundles are taken up: they are one file and carry their digest. Compile the "
        "policy with `demur compile`. Often the answer is a proxy's error page.",
    ),
    "DM935": (
        "redirect-refused",
        "The server redirects to an address that is not as safe",
        "Only http and https are followed, from https only https, and without `keys` only within the same "
        "host. Give the address that the policy is at, or sign it and give `keys`.",
    ),
    "DM936": (
        "parameters-do-not-fit",
        "The service's parameters do not fit the policy",
        "The service overrides `params` of the policy, and the new one lacks one of them or bounds "
        "it otherwise. Change the policy, or deploy both.",
    ),
    "DM937": (
        "was-withdrawn",
        "The policy was rolled back or withdrawn in this process",
        "What was taken back by hand does not return by itself. Serve a corrected one.",
    ),
    "DM938": (
        "loading-failed",
        "Loading the policy failed in a way that demur does not know",
        "The last good policy goes on. This is a fault in demur: please report it.",
    ),
    "DM939": (
        "candidate-failed",
        "The candidate could not decide in the shadow",
        "The request was decided by the active policy alone. Such decisions are counted in "
        "`Shadow.failed`; the log has the first in full.",
    ),
}
"""Name, title, and an explanation for the reference."""
