"""`python -m demur` is the command `demur`."""

from __future__ import annotations

from demur.cli import main

if __name__ == "__main__":
    main()
