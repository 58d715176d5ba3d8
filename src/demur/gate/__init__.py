"""Go or no-go: a gate of a policy, judged over the results of its suites."""
