"""`python -m search`: the command line from a checkout."""

from search.cli import main

if __name__ == "__main__":
    main()
