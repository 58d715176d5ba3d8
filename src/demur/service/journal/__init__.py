"""The journal: each decision with its record, written beside the request path and read back.

>>> journal = Journal("journal/", durable=True)                  # doctest: +SKIP
>>> guard = demur.Guard("policy.demur", journal=journal)         # doctest: +SKIP
"""

from __future__ import annotations

from demur.service.journal.finishing import Retention as Retention
from demur.service.journal.journal import Journal as Journal
from demur.service.journal.journal import JournalStatus as JournalStatus
from demur.service.journal.masking import Masking as Masking
from demur.service.journal.writer import JournalError as JournalError

__all__ = ["Journal", "JournalError", "JournalStatus", "Masking", "Retention"]
