"""Recorded hosts: what ``probe --json`` printed, from files, folders and streams of JSON lines."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import (
    StackError,
    reason,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.limits import require_small
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.names import bare_name
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.validation import (
    InvalidValueError,
    mapping,
    only_keys,
    parse_json,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.host import model
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner import gpu_specs
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner.from_bundle import (
    ENDPOINTS,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner.request import (
    FFMPEG_SOURCES,
)
from slowfast_stack.exit_codes import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

STDIN = "-"
PROBE_SCHEMA = 1
# A fleet of thousands of hosts has some 100 MiB.
_LIMIT = 256 << 20  # bytes
_SUFFIXES = (".json", ".jsonl", ".ndjson")
# The parts of a host fixture (docs/glossary.md); what the probe found is its host.
_FIXTURE = ("source", "files", "commands", "host")
_PROBED = "Correct it, or record the host with slowfast-stack probe --json."
_HINT = "Give what slowfast-stack probe --json printed; one host may also be a line of JSON."


class _Text(NamedTuple):
    """The content of a file, with the name of the option and that of a host in it."""

    option: str
    name: str
    content: bytes


def read(paths: Sequence[str]) -> dict[str, model.Host]:
    """Return the hosts of all paths by name; ``-`` is standard input. Raises UsageError.

    A host without a name has that of its file, and of its line in a stream. Names that occur twice
    begin with the name of their file.
    """
    found = [one for path in paths for text in _texts(path) for one in _hosts(text)]
    names = [name for _file, name, _host in found]
    hosts: dict[str, model.Host] = {}
    for file, plain, host in found:
        name = f"{file}/{plain}" if names.count(plain) > 1 and file != plain else plain
        if name in hosts:
            raise UsageError(
                f"--host names {name} twice.",
                "A plan is printed for each host by its name.",
                "Give each file once, or rename one of them.",
                code="cli.invalid-value",
            )
        hosts[name] = host
    return hosts


def _texts(path: str) -> Iterator[_Text]:
    option = f"--host {path}"
    if path == STDIN:
        yield _Text(option, "stdin", sys.stdin.buffer.read(_LIMIT + 1))
        return
    there = Path(path).expanduser()
    files = [there]
    if there.is_dir():
        files = sorted(each for each in there.iterdir() if each.suffix in _SUFFIXES)
        if not files:
            raise UsageError(
                f"{option} has no recorded host.",
                f"No file in it ends in {', '.join(_SUFFIXES)}.",
                "Write one with slowfast-stack probe --json > HOST.json",
                code="file.not-found",
            )
    for file in files:
        try:
            with file.open("rb") as stream:
                content = stream.read(_LIMIT + 1)
        except OSError as error:
            raise UsageError(
                f"--host {file} cannot be read.",
                reason(error),
                "Correct the path.",
                code="file.unreadable" if file.exists() else "file.not-found",
            ) from error
        yield _Text(f"--host {file}", file.stem, content)


def _hosts(text: _Text) -> Iterator[tuple[str, str, model.Host]]:
    """Yield file, name and host of each host in a text."""
    if len(text.content) > _LIMIT:
        raise UsageError(
            f"{text.option} is too large.", f"It has more than {_LIMIT} bytes.", _HINT,
            code="data.too-large",
        )  # fmt: skip
    found = 0
    for where, name, value in _values(text) if text.content.strip() else ():
        for host_name, host in _of(where, name, value):
            found += 1
            yield text.name, host_name, host
    if not found:
        cause = "No host of it was probed." if text.content.strip() else "It is empty."
        raise UsageError(f"{text.option} has no host.", cause, _HINT, code="file.unreadable")


def _values(text: _Text) -> Iterator[tuple[str, str, object]]:
    """Yield the values of a text with option and name: one, or one of each line."""
    try:
        yield text.option, text.name, parse_json(text.content, strict=True)
    except ValueError as error_of_all:
        lines = [(n, line) for n, line in enumerate(text.content.splitlines(), 1) if line.strip()]
        if len(lines) < 2 or not _parses(lines[0][1]):  # noqa: PLR2004
            raise _unreadable(text.option, error_of_all) from error_of_all
        for number, line in lines:
            option = f"{text.option}, line {number}"
            try:
                value = parse_json(line, strict=True)
            except ValueError as error:
                raise _unreadable(option, error) from error
            yield option, f"{text.name}:{number}", value


def _parses(line: bytes) -> bool:
    try:
        parse_json(line)
    except ValueError:
        return False
    return True


def _unreadable(option: str, error: ValueError) -> UsageError:
    return UsageError(f"{option} cannot be read.", f"{error}.", _HINT, code="file.unreadable")


def _of(option: str, name: str, value: object) -> Iterator[tuple[str, model.Host]]:
    """Yield the hosts of one value: those of a probe, or a single one."""
    try:
        require_small(value, "host", size=_LIMIT)
        data = mapping(value, "host")
        if "hosts" in data:
            yield from _probed(option, data)
        elif set(data) == set(_FIXTURE):
            yield name, _host(data["host"])
        else:
            yield name, _host(data)
    except UsageError:
        raise
    except StackError as error:
        raise UsageError(
            f"{option}: {error.message}", error.cause, error.hint, code=error.code
        ) from error


def _host(value: object) -> model.Host:
    """Read a host; what it reached has to be what the probe asks. Raises StackError."""
    found = model.host(value)
    reached = mapping(mapping(value, "host").get("network") or {}, "network")
    only_keys(reached, "network", (*ENDPOINTS, "nvidia", *FFMPEG_SOURCES))
    for number, gpu in enumerate(found.gpus):
        where = f"host.gpus[{number}]"
        if gpu.compute_capability and not found.driver:
            wanted = "null without a loaded driver, which alone reports it"
            raise InvalidValueError(
                f"{where}.compute_capability", wanted, gpu.compute_capability, _PROBED
            )
        spec = gpu_specs.listed(gpu)
        if gpu.compute_capability and spec.capability_text not in (None, gpu.compute_capability):
            wanted = f"{spec.capability_text}, that of {spec.name}"
            raise InvalidValueError(
                f"{where}.compute_capability", wanted, gpu.compute_capability, _PROBED
            )
        if gpu.mig is not None and spec.capability_text not in (None, *gpu_specs.WITH_MIG):
            raise InvalidValueError(
                f"{where}.mig", f"null: {spec.name} has no MIG", gpu.mig, _PROBED
            )
    return found


def _probed(option: str, data: dict[str, object]) -> Iterator[tuple[str, model.Host]]:
    only_keys(data, "probe", ("schema", "hosts", "errors"))
    if data.get("schema", PROBE_SCHEMA) != PROBE_SCHEMA:
        raise InvalidValueError(
            "schema",
            f"{PROBE_SCHEMA}, the schema that this release reads",
            data["schema"],
            "Read it with the release that recorded it, or record the hosts again with this one.",
        )
    for name, error in mapping(data.get("errors") or {}, "errors").items():
        bare_name(name, "The name of a host")
        mapping(error, f"errors.{name}")
    for name, host in mapping(data["hosts"], "hosts").items():
        bare_name(name, "The name of a host")
        try:
            yield name, _host(host)
        except StackError as error:
            raise UsageError(
                f"{option}, host {name}: {error.message}", error.cause, error.hint, code=error.code
            ) from error
