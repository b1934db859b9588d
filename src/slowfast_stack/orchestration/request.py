"""Turn the options of the command line into the request of the planner."""

from __future__ import annotations

import re
from pathlib import Path

from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.validation import (
    InvalidValueError,
    parse_json,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner import (
    request as requests,
)
from slowfast_stack.exit_codes import UsageError

_PINS = {"commit": re.compile(r"[0-9a-f]{40}"), "sha256": re.compile(r"[0-9a-f]{64}")}
_ALMOST_COMMIT = re.compile(r"[0-9a-fA-F]{7,}")


def build(**flags: object) -> dict[str, object]:
    """Return the request; what is not given is left to the planner. Raises UsageError."""
    given = {name: value for name, value in flags.items() if value}
    try:
        requests.request(given)
    except InvalidValueError as error:
        option, rest = _option(error.where)
        name = f"{rest} in {option}" if rest else f"{option} {error.value}"
        hint = error.hint if error.where not in error.hint else f"Correct {option}, or omit it."
        raise UsageError(f"{name} is not valid.", error.cause, hint, code=error.code) from error
    except StackError as error:
        raise UsageError(error.message, error.cause, error.hint, code=error.code) from error
    return given


def _option(where: str) -> tuple[str, str]:
    """Return the option that a path into the request comes from, and the rest of the path."""
    key, _, rest = where.removeprefix("request.").partition(".")
    named = {"sources": "--source", "conda_packages": "--conda-package", "planned": "--plan"}
    return named.get(key, "--" + key.replace("_", "-")), rest


def sources(texts: list[str] | None, *, local: bool) -> dict[str, dict[str, str]]:
    """Read every --source. Raises UsageError."""
    return dict(source(text, local=local) for text in texts or [])


def checkout(texts: list[str] | None, name: str) -> Path | None:
    """Return the folder of the --source that names a checkout of ``name``. Raises UsageError."""
    found = sources(texts, local=True)
    for other in found.keys() - {name}:
        raise UsageError(
            f"--source {other} is not used here.",
            f"This command reads a checkout of {name} only.",
            f"Give --source {name}=DIR.",
            code="cli.conflicting-options",
        )
    return Path(found[name]["url"]) if found else None


def lock(path: Path, content: bytes) -> dict[str, object]:
    """Read the content of a lock. Raises UsageError."""
    hint = "Give the stack.lock.json of a stack, or the file that slowfast-stack lock -o wrote."
    found = _parsed(f"--locked {path}", content, hint)
    # An empty lock must not count as none.
    return found if isinstance(found, dict) and found else {"format": None}


def plan(path: Path, content: bytes) -> dict[str, object]:
    """Read a plan, or what ``plan --json`` prints for one host. Raises UsageError."""
    found = _parsed(
        f"--plan {path}", content, "Give the file that slowfast-stack plan --json wrote."
    )
    hosts = found.get("hosts") if isinstance(found, dict) else None
    if isinstance(hosts, dict):
        if len(hosts) != 1:
            raise UsageError(
                f"--plan {path} has the plans of {len(hosts)} hosts.",
                "A file holds the plan of one host.",
                "Write one for each, with slowfast-stack plan --limit HOST --json.",
                code="cli.several-hosts",
            )
        (found,) = hosts.values()
    return found if isinstance(found, dict) and found else {"status": None}


def _parsed(option: str, content: bytes, hint: str) -> object:
    try:
        found: object = parse_json(content)
    except ValueError as error:
        raise UsageError(
            f"{option} cannot be read.", f"{error}.", hint, code="file.unreadable"
        ) from error
    return found


def source(text: str, *, local: bool) -> tuple[str, dict[str, str]]:
    """Read NAME=URL_OR_PATH[@COMMIT]; a relative path starts in the current folder. Raises UsageError.

    An installer of Miniforge is pinned by its SHA-256 in place of a commit.
    """
    name, equals, place = text.partition("=")
    if not equals or not place or name not in requests.SOURCES:
        raise UsageError(
            f"--source {text} is not valid.",
            "It should be NAME=URL_OR_PATH[@COMMIT], where NAME is one of "
            f"{', '.join(requests.SOURCES)}.",
            "For example: --source slowfast=/srv/git/slowfast.git",
            code="cli.invalid-value",
        )
    key = "sha256" if name == requests.INSTALLER else "commit"
    url, pin = _split_pin(place, key)
    chosen = {"url": _absolute(url, local=local)}
    return name, chosen | ({key: pin} if pin else {})


def _split_pin(place: str, key: str) -> tuple[str, str | None]:
    url, at, tail = place.rpartition("@")
    if at and _PINS[key].fullmatch(tail):
        return url, tail
    if at and _ALMOST_COMMIT.fullmatch(tail) and key == "commit":
        raise UsageError(
            f"{tail} is not a complete commit id.",
            "Only the full 40 hexadecimal digits identify a commit reliably.",
            f"Find it with: git ls-remote {url}",
            code="cli.invalid-value",
        )
    return place, None


def _absolute(url: str, *, local: bool) -> str:
    if "://" in url or re.match(r"[^/]+@[^/]+:", url):
        return url
    path = Path(url).expanduser()
    if not local and path.is_absolute():
        return url  # a path of the hosts, which are not this machine
    if not path.exists():
        raise UsageError(
            f"There is no source at {url}.",
            f"There is neither a file nor a folder at {path.absolute()}.",
            "Give a git URL, or the path of a git repository or bundle.",
            code="source.not-found",
        )
    return str(path.absolute())
