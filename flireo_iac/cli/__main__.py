"""Starts the command: ``flireo``, and ``python -m flireo_iac.cli``, which does the same."""

from __future__ import annotations

import sys


def start() -> None:
    """Load the command line and run it; Ctrl-C while it is loaded is one line, too."""
    try:
        from flireo_iac.cli.main import main
    except KeyboardInterrupt:
        from flireo_iac.errors import ExitCode

        sys.stderr.write("error: cancelled.\n")
        sys.exit(ExitCode.CANCELLED)
    main()


if __name__ == "__main__":
    start()
