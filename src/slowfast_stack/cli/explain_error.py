"""``slowfast-stack explain-error``: the known causes in a log."""

from __future__ import annotations

import contextlib
import io
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from ansible_collections.slowfast.stack.plugins.module_utils._stack.symptoms import recognize
from slowfast_stack.cli import options
from slowfast_stack.cli.base import Verbs
from slowfast_stack.exit_codes import Exit
from slowfast_stack.ui import terminal

verbs = Verbs()
_INPUT = Path("-")


def _log(param: typer.CallbackParam, value: Any) -> Any:  # noqa: ANN401
    """Refuse what is neither - nor a file or pipe. Raises UsageError."""
    return value if value == _INPUT or value.is_fifo() else options.existing_file(param, value)


@verbs.add(
    "explain-error /var/lib/dkms/nvidia/580.95.05/build/make.log",
    "explain-error training.log --json",
    "explain-error - < build.log",
    changes="nothing.",
)
def explain_error(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", callback=_log, help="A log of any program; - is the input."),
    ],
    *,
    json: options.Json = False,
) -> int:
    """Explain the errors in a log: cause, and the command that helps.

    Known are messages of apt, dpkg, dnf, DKMS, compilers, uv, pip, PyTorch, NCCL, FFmpeg, SlowFast
    and Detectron2 (docs/symptoms.md); the most specific cause is first. Exits 1 where nothing is
    recognized.
    """
    with _opened(file) as stream:
        found = recognize.findings(recognize.chunks(stream))
    lines = [line for each in found for line in _lines(each)]
    shown = {"findings": [_plain(each) for each in found]}
    nothing = ["Nothing is recognized. The last error of the log, as it is, says the most."]
    terminal.show(shown, lines or nothing, as_json=json)
    return Exit.PROVEN if found else Exit.FAILED


@contextlib.contextmanager
def _opened(file: Path) -> Any:  # noqa: ANN401  (typer reads the annotations of this module)
    """Open a log; bytes that are no UTF-8 are replaced, and a carriage return ends no line."""
    form: dict[str, Any] = {"encoding": "utf-8", "errors": "replace", "newline": "\n"}
    if file != _INPUT:
        with file.open(**form) as stream:
            yield stream
        return
    given = io.TextIOWrapper(sys.stdin.buffer, **form)
    try:
        yield given
    finally:
        given.detach()


def _lines(found: recognize.Finding) -> list[str]:
    more = f", and {found.times - 1} more" if found.times > 1 else ""
    return [
        f"line {found.number}{more}: {found.line}",
        f"  cause:   {found.cause}",
        *([f"  advice:  {found.advice}"] if found.advice else []),
        f"  command: {found.command}",
        f"  symptom: {found.symptom.id}",
    ]


def _plain(found: recognize.Finding) -> dict[str, object]:
    return {
        "id": found.symptom.id,
        "tool": found.symptom.tool,
        "line": found.number,
        "times": found.times,
        "message": found.line,
        "cause": found.cause,
        "advice": found.advice,
        "command": found.command,
        "source": found.symptom.source,
    }
