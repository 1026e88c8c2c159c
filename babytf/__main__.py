"""`python -m babytf`: the command line. `cli/` has the commands."""

from __future__ import annotations

import sys

from babytf.cli import main

if __name__ == "__main__":
    sys.exit(main())
