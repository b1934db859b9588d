"""What every verb is built from: its registration, its help, and the run of a playbook.

``Verbs`` turns functions into commands. ``HostCommand`` owns a verb that runs a playbook, from the
inventory to the exit code: live display, log, JSON, errors.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
import sys
from typing import TYPE_CHECKING, Any, get_type_hints

import typer
import typer.main

from slowfast_stack.cli.options import Hosts
from slowfast_stack.exit_codes import MEANING, Exit, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from contextlib import AbstractContextManager

    from rich.console import Console

    from slowfast_stack.orchestration.events import HostEvent
    from slowfast_stack.orchestration.playbooks import PlaybookVerb
    from slowfast_stack.orchestration.results import Results
    from slowfast_stack.orchestration.run_state import Event, HostRun, Progress
    from slowfast_stack.orchestration.session import Session

    Function = Callable[..., int]
    Render = Callable[[HostRun], str]

_LOCAL_CODES = (Exit.PROVEN, Exit.FAILED, Exit.USAGE)


class Verbs(typer.Typer):
    """The commands of one module: a single verb, or a group of them where ``group`` says what of."""

    def __init__(self, group: str = "") -> None:
        """Create a verb; with ``group``, the help of a group of verbs."""
        super().__init__(
            help=group, no_args_is_help=True, rich_markup_mode=None, add_completion=False
        )
        self._is_group = bool(group)

    def add(
        self, *examples: str, changes: str, name: str | None = None
    ) -> Callable[[Function], Function]:
        """Register a function as a command; a parameter that is a dataclass becomes its fields.

        The help ends with what the command ``changes``, its exit codes and ``examples``.
        """

        def register(function: Function) -> Function:
            called, on_hosts = _expanded(function)
            codes = tuple(Exit) if on_hosts else _LOCAL_CODES
            lines = ["\b", f"Changes: {changes}", "Exit codes:"]
            lines += [f"  {int(code)}  {MEANING[code]}" for code in codes]
            lines += ["Examples:", *(f"  slowfast-stack {line}" for line in examples)]
            self.command(name, epilog="\n".join(lines))(called)
            return function

        return register

    def command_of(self, name: str) -> Any:  # noqa: ANN401  (typer keeps its command types private)
        """Return the command that the command line runs for a verb."""
        command = typer.main.get_group(self) if self._is_group else typer.main.get_command(self)
        command.name = name
        return command


def _expanded(function: Function) -> tuple[Function, bool]:
    """Return a function whose dataclass parameters are their fields, and whether one is ``Hosts``."""
    hints = get_type_hints(function, include_extras=True)
    groups: dict[str, type[Any]] = {}
    parameters: list[inspect.Parameter] = []
    for parameter in inspect.signature(function).parameters.values():
        hint = hints[parameter.name]
        if not dataclasses.is_dataclass(hint):
            parameters.append(parameter.replace(annotation=hint))
            continue
        groups[parameter.name] = hint  # type: ignore[assignment]
        fields = get_type_hints(hint, include_extras=True)
        parameters += [
            inspect.Parameter(
                field.name,
                inspect.Parameter.KEYWORD_ONLY,
                default=field.default,
                annotation=fields[field.name],
            )
            for field in dataclasses.fields(hint)
        ]

    @functools.wraps(function)
    def called(**values: Any) -> int:  # noqa: ANN401
        for name, group in groups.items():
            own = {field.name: values.pop(field.name) for field in dataclasses.fields(group)}
            values[name] = group(**own)
        return function(**values)

    del called.__wrapped__
    called.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    called.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return called, Hosts in groups.values()


class HostCommand:
    """One call of a verb that works on hosts: its console, its run and its report."""

    def __init__(self, hosts: Hosts, verb: PlaybookVerb) -> None:
        """Prepare a verb for the hosts that the user named."""
        self.hosts = hosts
        self.verb = verb

    @functools.cached_property
    def console(self) -> Console:
        """Return the console of the user."""
        from slowfast_stack.ui import terminal

        return terminal.console(as_json=self.hosts.json)

    @functools.cached_property
    def session(self) -> Session:
        """Return the session that shows a run on the console."""
        from slowfast_stack.orchestration.session import Session

        return Session(
            self._display,
            lambda text: self.console.print(
                text, highlight=False, markup=False, soft_wrap=True, style="dim"
            ),
        )

    def _display(
        self, progress: Progress, title: str
    ) -> AbstractContextManager[Callable[[Event, list[HostEvent]], None]]:
        from slowfast_stack.ui import live_display

        verbose = self.hosts.verbose > 0
        return live_display.playbook(self.console, progress, title, verbose=verbose)

    def run(self, **arguments: Any) -> Results:  # noqa: ANN401  (those of PlaybookVerb.play)
        """Run the playbook on the hosts. Raises UsageError, Interrupted and StackError."""
        return self.call(self.verb.run, **arguments)

    def call(self, function: Callable[..., Results], **arguments: Any) -> Results:  # noqa: ANN401
        """Call a function of the Python API on the hosts, in the session of this command."""
        hosts = self.hosts
        return function(hosts.inventory, limit=hosts.limit, session=self.session, **arguments)

    def confirm(self, question: str, lines: Iterable[str], *, heading: str) -> None:
        """Show changes and ask for consent. Raises UsageError without a terminal, typer.Abort for no."""
        listed = list(lines)
        self.console.print(heading)
        self.console.print("\n".join(f"  {line}" for line in listed), highlight=False)
        if not sys.stdin.isatty():
            raise UsageError(
                "This needs your consent.",
                "; ".join(listed) + ".",
                "Add --yes to go ahead.",
                code="cli.no-consent",
            )
        typer.confirm(question, abort=True, err=True)

    def preview_then(
        self,
        permission: str,
        render: Render,
        *,
        question: str,
        yes: bool,
        dry_run: bool,
        **variables: Any,  # noqa: ANN401  (variables of a playbook)
    ) -> Exit:
        """Run the playbook as a preview, and again with ``permission`` once the user agrees.

        With ``yes`` it does not ask; with ``dry_run``, with --json, without a terminal and without any
        ``packages`` to change the preview is the result. Raises typer.Abort where the answer is no.
        """
        if not yes or dry_run:
            results = self.run(**variables)
            asks = not dry_run and not self.hosts.json and sys.stdin.isatty()
            asks = asks and any(value["packages"] for value in results.values.values())
            if not asks or results.exit_code is not Exit.PROVEN:
                return self.report(results, render)
            self.print(results, render)
            typer.confirm(question, abort=True, err=True)
        variables[permission] = True
        return self.report(self.run(**variables), render)

    def print(self, results: Results, render: Render) -> None:
        """Print the result of each host as text."""
        for run in results.runs:
            if run.name in results.values and (text := render(run)):
                print(text)

    def report(
        self, results: Results, render: Render = lambda _run: "", *, schema: int = 1
    ) -> Exit:
        """Print the result of each host as text or JSON, then the errors; return the exit code."""
        from slowfast_stack.ui import terminal

        if self.hosts.json:
            terminal.print_json(
                {"hosts": results.values, "errors": results.errors()}, schema=schema
            )
        else:
            self.print(results, render)
        for error in results.failures():
            terminal.print_error(error)
        return results.exit_code
