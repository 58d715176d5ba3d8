"""Searches for verdicts that improve: `python -m tests.verdicts SCENARIOS [FIRST]`.

The last line is how many were found; the exit status is 1 if any was.
"""

from __future__ import annotations

import sys

from tests.verdicts.search import search


def main() -> int:
    """Prints each improvement as it is found, and how many there are."""
    given = [int(one) for one in sys.argv[1:]]
    count, first = given[0] if given else 300, given[1] if len(given) > 1 else 0
    total = 0
    for seed in range(first, first + count):
        for one in search([seed]):
            print(one, flush=True)
            total += 1
    print(total)
    return int(total > 0)


if __name__ == "__main__":
    sys.exit(main())
