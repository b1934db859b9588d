"""Run the command line as ``python -m slowfast_stack``."""

from slowfast_stack.cli.app import main

if __name__ == "__main__":
    main()
