"""Gates' runs over time: the store that keeps them, baselines from it, trends and their changes."""
