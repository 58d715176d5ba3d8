"""The codes of guards and telemetry, for the reference; errors and log messages begin with them."""

from __future__ import annotations

GUARD_CODES: dict[str, tuple[str, str, str]] = {
    "DM901": (
        "no-such-stage",
        "The policy has no such stage",
        "`check`, `enforce` and `provide` take the policy's stages by name. Correct the name, or declare "
        "the stage. A check needs the signals of at least one stage.",
    ),
    "DM902": (
        "stage-given-twice",
        "The stage or the trace was begun before, or the trace is over",
        "A trace is one attempt: it is begun once, each stage is given once, and the last stage or a stop "
        "ends it. Begin another trace for another attempt, so that each is decided, recorded and counted.",
    ),
    "DM903": (
        "no-such-signal",
        "The stage has no such signal",
        "A provider computes a declared signal. A misspelt one would be computed and read by nothing, "
        "and the one that was meant would be unknown in every request.",
    ),
    "DM904": (
        "provider-must-be-awaited",
        "The provider is a coroutine function",
        "`provide` runs plain functions. In a coroutine, `await trace.provide_async(…)` runs both.",
    ),
    "DM905": (
        "provider-gave-nothing",
        "A provider was too late, raised, or found no free thread",
        "The signal is unknown, and the rules that it leaves open say what follows. Logged once for each "
        "signal and kind; `guard.status().providers` has the counts. Look at what the provider calls, "
        "give it a time-out of its own, or raise the budget.",
    ),
    "DM906": (
        "no-trace-here",
        "There is no trace of this guard here",
        "`guard.current` is the guard's own trace of the `with`, the decorator or the middleware around the "
        "call; another guard's is none. Begin one with `guard.trace()`.",
    ),
    "DM907": (
        "bypassed",
        "The policy is not enforced",
        "A bypass was switched on, for a trace or for all. It needs a reason, is recorded with every "
        "decision, and never counts as success. End it as soon as the reason is gone.",
    ),
    "DM908": (
        "no-such-outcome",
        "The policy declares no such outcome",
        "`guard.outcome` takes the names of the policy's `outcome` section. Correct or declare it.",
    ),
    "DM909": (
        "observer-raised",
        "An observer of decisions raised",
        "The request went on. Logged once for each observer; `guard.status().observer_errors` counts "
        "them. An observer must neither raise nor wait.",
    ),
    "DM910": (
        "telemetry-not-installed",
        "What the telemetry needs is not installed",
        'Install it: `pip install "demur[telemetry]"`.',
    ),
    "DM911": (
        "too-many-label-values",
        "A metric has more series than it may have",
        "Further values of its labels count as `(other)`, and `demur_label_overflow_total` counts how "
        "often. Slice by signals with few values (`enum`), or raise `limit`.",
    ),
    "DM912": (
        "metrics-not-computed",
        "The policy's metrics could not be prepared",
        "Decisions and their counts go on; the policy's own metrics are missing. This is a fault in "
        "demur: please report it.",
    ),
    "DM960": (
        "cannot-be-protected",
        "The function cannot be protected",
        "`protect` decides a call before its answer goes out. A generator's goes out piece by piece, and "
        "what is to be awaited or streamed is made after the call. Return the whole answer, protect the "
        "coroutine function itself, or use the middleware, which holds a response back. With `last` a "
        "stream may go out, for nothing after that stage is checked.",
    ),
    "DM961": (
        "answer-held-back",
        "An answer was held back, for its trace was not decided at its last stage",
        "What `protect` and the middleware let out was decided at the policy's last stage. Check that stage "
        'before the answer; where it is left out on purpose, say so: `last="request"`. The middleware holds '
        "`maximum_held` bytes of a response at most until then.",
    ),
    "DM962": (
        "not-a-path",
        "What the middleware is to guard is no path",
        "`paths` are the beginnings of paths, as the application knows them: `/ask` guards `/ask` and all "
        "below it. Templates, patterns and addresses would guard nothing.",
    ),
    "DM963": (
        "unguarded-connection",
        "A connection to a guarded path cannot be guarded",
        "The application changes the path or has a root path of its own, which the middleware around it "
        "learns too late, or the connection is neither HTTP nor a websocket. Name the whole path in `paths`, "
        "or wrap the application that is at that root path.",
    ),
}
"""Name, title, and an explanation for the reference."""
