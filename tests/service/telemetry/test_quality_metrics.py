"""Of a policy's checks of data, counters tell what is unknown; drift and unique values they do not."""

from __future__ import annotations

from pathlib import Path

import demur
from demur.service.telemetry.policy_metrics import PolicyMetrics, contribution

POLICY = """\
demur: 1
policy: checked
about: A policy whose metrics are of the data itself.
owner: team@example.com
stages:
  request:
    words: {type: int, min: 0}
    channel: string
metrics:
  missing: unknown_rate(request.words)
  missing_of_mail: unknown_rate(request.words, request.channel == "mail")
  drifted: drift(request.channel)
  shifted: psi(request.words)
  unique: unique_rate(request.words)
"""


def test_what_is_unknown_is_counted_and_drift_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(POLICY, "utf-8")
    metrics = PolicyMetrics(demur.load(path))
    assert [one.metric for one in metrics.exported] == ["missing", "missing_of_mail"]
    counted = []
    for request in ({"words": 3, "channel": "mail"}, {"words": -1}, {}):
        row = metrics.row({"request": request, "decision": {}})
        found = (contribution(one.aggregate, row.columns) for one in metrics.exported)
        counted.append([None if one is None else one.result for one in found])
    assert counted == [["false", "false"], ["true", "open_true"], ["true", "open_true"]]
