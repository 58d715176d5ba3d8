"""Records to numbers to verdicts: metrics over records, their intervals, thresholds, verdicts."""
