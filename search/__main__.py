"""The program `perceptuna`, and `python -m search` from a checkout.

Workers import the module their parent was started by, so nothing of the command line is imported before it is run.
"""

from __future__ import annotations

from typing import NoReturn


def main() -> NoReturn:
    """Run the command line."""
    from search.cli import main as run

    run()


if __name__ == "__main__":
    main()
