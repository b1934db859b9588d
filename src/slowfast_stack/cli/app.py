"""The command ``slowfast-stack``: find the verb, run it, return its exit code.

A module of this package is imported only when its verb is called or its help is asked for.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer
import typer.core

from ansible_collections.slowfast.stack.plugins.module_utils import _private
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core import files, notices
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.system_errors import (
    of_the_system,
)
from slowfast_stack.exit_codes import Exit, UsageError, code_of
from slowfast_stack.ui import streams
from slowfast_stack.version import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence

# In the order of --help. The verb NAME is in the module cli/NAME.py, with _ for -.
VERBS = {
    "probe": "Read the hosts as they are.",
    "plan": "Show what would be installed, and why.",
    "up": "Probe, plan, apply and prove.",
    "prove": "Run the proof of the current stack.",
    "hosts": "Show what is known of hosts from earlier runs.",
    "rollback": "Switch back to an earlier stack; list and remove stacks.",
    "driver": "Restore the NVIDIA driver that was installed before the last change.",
    "purge": "Remove the NVIDIA driver, CUDA or both.",
    "lock": "Show and export what a stack is made of.",
    "audit": "Match what a stack is made of against known vulnerabilities.",
    "bundle": "Create and verify bundles for hosts without a network.",
    "sign": "Vouch for a bundle, a lock or another file with an SSH key.",
    "verify": "Show who vouches for a file.",
    "patch": "Patch known breakages in SlowFast, Detectron2 or PyTorchVideo.",
    "config": "Explain, make and check configurations of SlowFast.",
    "models": "List, fetch and check checkpoints.",
    "ava": "Prepare the AVA data set, or a custom one in its format.",
    "rehearse": "Rehearse a configuration on GPUs that this machine need not have.",
    "train": "Train, test or run a demo from a configuration.",
    "explain-error": "Explain the errors in a log: cause, and the command that helps.",
    "catalog": "Export what is known of GPUs, drivers, toolkits and wheels.",
    "demo": "Detect persons and their actions in a video.",
}


class VerbGroup(typer.core.TyperGroup):
    """The verbs of ``VERBS``, each imported when it is needed."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401, ARG002  (typer's own types)
        """Return the verbs in the order of --help."""
        return list(VERBS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ANN401, ARG002
        """Import a verb; return None where there is none of this name."""
        if cmd_name in VERBS and cmd_name not in self.commands:
            module = importlib.import_module(f"slowfast_stack.cli.{cmd_name.replace('-', '_')}")
            self.commands[cmd_name] = module.verbs.command_of(cmd_name)
        return self.commands.get(cmd_name)

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401, ARG002
        """Write one line for each verb without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl(list(VERBS.items()))


app = typer.Typer(
    cls=VerbGroup,
    no_args_is_help=True,
    rich_markup_mode=None,  # rich would triple the time of --help
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


def _print_version(asked: bool) -> None:  # noqa: FBT001  (typer calls it so)
    if asked:
        typer.echo(f"slowfast-stack {__version__}")
        raise typer.Exit


@app.callback(epilog="See also: slowfast-stack COMMAND --help.")
def _root(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    """Install and prove SlowFast and Detectron2 on a bare machine with any NVIDIA GPU, or none."""
    del version


def run(arguments: Sequence[str]) -> int:
    """Run the command line and return its exit code; every error is printed, none as a traceback."""
    with streams.guarded():
        return _run(arguments)


def _run(arguments: Sequence[str]) -> int:
    try:
        code = app(args=list(arguments), prog_name="slowfast-stack", standalone_mode=False) or 0
        streams.flush()
    except streams.OutputError as error:
        return Exit.FAILED if error.closed else _fail(error, Exit.FAILED, ())
    except StackError as error:
        return _fail(error, code_of(error), arguments)
    except typer.Abort:
        aborted = UsageError(
            "Nothing was started.",
            "The question was not answered with yes.",
            "Run the same command again, with --yes to start without a question.",
            code="cli.aborted",
        )
        return _fail(aborted, Exit.USAGE, arguments)
    except typer.TyperException as error:
        return _misused(error, arguments)
    except Exception as error:  # noqa: BLE001  (a bug is reported as an error message)
        failure = of_the_system(error) if isinstance(error, OSError) else None
        return _fail(failure or bug(error), Exit.FAILED, arguments)
    return code


def _misused(error: typer.TyperException, arguments: Sequence[str]) -> int:
    if type(error).__name__ == "NoArgsIsHelpError":  # typer does not export it
        print(error.format_message(), file=sys.stderr)
        return Exit.USAGE
    wrong_use = UsageError(
        error.format_message(),
        "The command line does not have the form that --help shows.",
        "See: slowfast-stack --help, and slowfast-stack COMMAND --help",
        code="cli.usage",
    )
    return _fail(wrong_use, Exit.USAGE, arguments)


def bug(error: Exception) -> StackError:
    """Write the traceback of ``error`` to a file and return the error that names it."""
    import traceback

    from slowfast_stack.known_secrets import hidden
    from slowfast_stack.orchestration import logs

    trace = "".join(traceback.format_exception(error))
    message = "slowfast-stack itself failed."
    try:
        path = logs.new_path("crash")
        with files.private_log(path) as file:
            file.write(hidden(trace))
    except OSError:
        return StackError(message, trace, "Please report this.", code="internal.bug")
    return StackError(
        message,
        f"{type(error).__name__}: {error}.",
        f"Please report it with the traceback in {path}.",
        code="internal.bug",
    )


def _fail(error: StackError, code: int, arguments: Sequence[str]) -> int:
    from slowfast_stack.ui import terminal

    with contextlib.suppress(streams.OutputError):
        if "--json" in arguments:
            terminal.print_json({"hosts": {}, "error": error.to_dict()})
            streams.flush()
    with contextlib.suppress(streams.OutputError):
        terminal.print_error(error)
    return code


def main() -> None:
    """Be the console script."""
    with notices.collected() as said:
        _private.prepare(os.environ)
    for text in said:
        print(f"warning: {text}", file=sys.stderr)
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
