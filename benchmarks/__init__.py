"""Speed, as ratios against hand-written code on the same work in the same run."""
