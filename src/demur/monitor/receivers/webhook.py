"""Any URL that takes JSON: what the evaluation found, as `schemas/alerts.schema.json` says."""

from __future__ import annotations

from demur.monitor.receivers import Message
from demur.monitor.receivers.posting import post
from demur.monitor.report import data
from demur.monitor.run import Evaluation
from demur.runtime.evaluator import Evaluator


def message(evaluation: Evaluation, evaluator: Evaluator, resend: float) -> Message | None:
    """The evaluation, where an alert began or ended to fire, or more lines cannot be read; else None."""
    del resend
    news = [one for one in evaluation.statuses if one.has_begun or one.has_ended]
    return data(evaluation, evaluator, news) if news or evaluation.newly_unreadable else None


def send(target: str, message: Message, timeout: float) -> None:
    """Posts the message to the URL. Raises OSError."""
    post(target, message, timeout)
