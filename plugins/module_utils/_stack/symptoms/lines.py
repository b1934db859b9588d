"""The messages in a line of output: without colours, times, ranks and other marks before them.

Ansible prints the result of a task as JSON in one line; its texts are lines again.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

# Colours, titles and the other sequences of a terminal; compilers colour their messages.
_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b\n]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_QUOTES = str.maketrans({"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u00a0": " "})
# uv continues a long message on lines that are indented further.
_WRAPPED = re.compile(
    r"^(?:error: |hint: | +cause: | *[\u251c\u2570]\u2500\u25b6 ).*(?:\n[ \u2502]{4,}(?!cause: )\S.*){1,20}",
    re.MULTILINE,
)
_LONGEST = 4000  # characters of a message
_DEEPEST = 8  # marks before a message
_MARK = re.compile(
    r"\s+"
    r"|\[?rank\s?\d+\]?:\s?|\[\d+\][:,]?\s"  # of torchrun, mpirun and NCCL
    r"|\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[\d.,]*(?:Z|[+-]\d\d:?\d\d)?\]?:?\s"
    r"|\[\d\d/\d\d \d\d:\d\d:\d\d\]\[[A-Z]+\] \S+: +\d+: "  # SlowFast
    r"|[A-Z][a-z]{2} +\d+ \d\d:\d\d:\d\d \S+ [\w./@-]+(?:\[\d+\])?: "  # syslog
    r"|\[ *\d+\.\d+\] "  # the kernel
    r"|\[?[IWEF]\d{3,4} \d\d:\d\d:\d\d[\d.]*\s+(?:\d+ )?\S+:\d+\]\s"  # glog
    r"|\[[\w ().]*[Rr]ank \d+\] "
    r"|[\w.-]+:\d+:\d+ (?=\[\d+\] )"  # host, process and thread of NCCL
    r"|[\w./]+\.(?:cc|h|cpp):\d+ (?=NCCL )"
    r"|\[[\w,]+ @ 0x[0-9a-f]+\] "  # FFmpeg
    r"|#\d+ \d+\.\d+ "  # docker build
    r"|[\u2502\u251c\u2570\u2500\u25b6\u00d7|>]+ ?"  # uv, a quotation
    r"|(?:cause|Caused by|hint|msg|stderr|stdout|fatal|E  ): "
    r"|\[ERROR\]: |(?:Task|Module) failed: "
    r"|Failed to update apt cache(?: after \d+ retries)?: "
    r"|\([A-Za-z]+ pid=\d+\) "
)
_COMMAND_FAILED = "' failed: "  # of Ansible's module apt, after the command
_RESULT = re.compile(
    r".{0,200}?(?:fatal|failed): \[[^\]]{0,200}\][^{]{0,300}=> (?=\{)|\s{0,80}(?=\{\")"
)
_PYTHON_APT = re.compile(r", (?=[EW]:)")
# It doubles the marks inside; the command that the module apt names begins with a slash.
_YAML = re.compile("'(?!/)(.*)'")
_SPACES = re.compile(r"[ \t]+")


def plain(text: str) -> str:
    """Return text without colours, and with the quotation marks of a C locale."""
    if "\x1b" in text:
        text = _ANSI.sub("", text)
    return text if text.isascii() else text.translate(_QUOTES)


def wrapped(text: str) -> Iterator[tuple[int, str]]:
    """Yield each message that was continued on further lines as one line, and where it begins."""
    for found in _WRAPPED.finditer(text):
        rows = (row.strip(" \u2502") for row in found.group().split("\n"))
        yield found.start(), " ".join(rows)


def messages(line: str) -> Iterator[str]:
    """Yield what may be a message in a line: the line, and its end after each mark before it."""
    rest = line[:_LONGEST]
    for _mark in range(_DEEPEST):
        yield from _forms(rest)
        found = _MARK.match(rest)
        if not found:
            break
        rest = rest[found.end() :]


def texts(result: Any) -> Iterator[str]:  # noqa: ANN401  (a result of Ansible)
    """Yield the texts of a result in which a program may have reported why it failed."""
    if isinstance(result, str):
        yield result
    elif isinstance(result, (list, tuple)):
        for each in result:
            yield from texts(each)
    elif isinstance(result, dict):
        for name in _TEXTS:
            yield from texts(result.get(name))


# What the failed task reports, then what it ran, then the items of a loop.
_TEXTS = (
    *("msg", "message", "cause", "failures", "stderr", "stdout", "exception"),
    *("module_stderr", "module_stdout", "results"),
)


def parts(line: str) -> Iterator[str]:
    """Yield the lines in a line: what overwrites another, and the texts of a result of Ansible."""
    for part in line.split("\r"):
        found = _RESULT.match(part)
        if found:
            yield from _of_result(part[found.end() :])
        else:
            yield part


def _of_result(text: str) -> Iterator[str]:
    try:
        said = list(texts(json.loads(text)))
    except (ValueError, RecursionError):  # it was cut, or is no JSON
        said = [text.replace("\\n", "\n").replace('\\"', '"')]
    for each in said:
        yield from plain(each).splitlines()


def _forms(text: str) -> Iterator[str]:
    """Yield a text in the ways of writing of the table: single spaces, "E: " for errors of apt."""
    text = _SPACES.sub(" ", text).strip()
    quoted = _YAML.fullmatch(text)
    if quoted:
        text = quoted[1].replace("''", "'").strip()
    if text.startswith("'/"):
        text = text.partition(_COMMAND_FAILED)[2] or text
    for part in _PYTHON_APT.split(text):
        yield part
        if part[:2] in ("E:", "W:") and part[2:3] != " ":
            yield f"{part[:2]} {part[2:]}"
        elif part.startswith("Error: "):
            yield f"E: {part[7:]}"
        elif part.startswith("Warning: "):
            yield f"W: {part[9:]}"
