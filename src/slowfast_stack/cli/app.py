"""The command ``slowfast-stack``: parse, run one command, answer with an exit code."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from slowfast_stack import __version__
from slowfast_stack.exit_codes import Exit, UsageError, code_of
from slowfast_stack.ui import terminal

if TYPE_CHECKING:
    from collections.abc import Sequence

# In the order of --help. A command is a function of its module's name that returns an exit code; a
# module with several commands has them in ``group``.
COMMANDS = (
    *("probe", "plan", "up", "prove", "rollback", "lock", "bundle", "patch"),
    *("config", "models", "ava", "train", "demo"),
)

app = typer.Typer(
    help="From a bare machine with any NVIDIA GPU to a proven SlowFast and Detectron2 environment.",
    no_args_is_help=True,
    rich_markup_mode=None,  # rich would triple the time of --help
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:  # noqa: FBT001  (typer calls it so)
    if wanted:
        typer.echo(f"slowfast-stack {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    del version


def register(name: str) -> None:
    """Add a command whose module exists; one that is not written yet is not offered."""
    module_name = f"slowfast_stack.cli.{name}"
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name != module_name:
            raise
        return
    examples = module.EXAMPLES.strip().replace("\n", "\n  ")
    epilog = f"\b\nExamples:\n  {examples}"
    if hasattr(module, "group"):
        app.add_typer(module.group, name=name, epilog=epilog)
    else:
        app.command(name, epilog=epilog)(getattr(module, name))


for _name in COMMANDS:
    register(_name)


def run(arguments: Sequence[str]) -> int:
    """Run the command line and return its exit code; every error is told, none is a traceback."""
    try:
        return app(args=list(arguments), prog_name="slowfast-stack", standalone_mode=False) or 0
    except StackError as error:
        return _refuse(error, getattr(error, "exit_code", code_of(error)), arguments)
    except typer.Abort:
        return _refuse(
            UsageError("Nothing was started.", code="cli.aborted"), Exit.USAGE, arguments
        )
    except typer.TyperException as error:
        hint = "See: slowfast-stack --help, and slowfast-stack COMMAND --help"
        misuse = UsageError(error.format_message(), hint=hint, code="cli.usage")
        return _refuse(misuse, Exit.USAGE, arguments)
    except Exception as error:  # noqa: BLE001  (a bug is told in a sentence, too)
        return _refuse(
            importlib.import_module("slowfast_stack.cli.crash_report").told(error), 1, arguments
        )


def _refuse(error: StackError, code: int, arguments: Sequence[str]) -> int:
    if "--json" in arguments:
        terminal.print_hosts({}, error=error.to_dict())
    terminal.print_error(error)
    return code


def main() -> None:
    """Be the console script."""
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
