"""Read apt's package sources, and find components that the distribution's sources do not enable."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Callable, NamedTuple

from ..core.errors import StackError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .probe import Runner

LIST = "/etc/apt/sources.list"
FOLDER = "/etc/apt/sources.list.d"
QUESTION = (
    "apt-get",
    "indextargets",
    "--format",
    "$(ORIGIN)\t$(COMPONENT)\t$(REPO_URI)\t$(RELEASE)",
    "Created-By: Packages",
)
# On a busy host apt needs long to read the lists.
TIMEOUT_S = 300
HEADER = "# Written by slowfast.stack: components of the distribution besides main.\n"
# The fields with the content of a source; all others are options.
OFFER = ("Types", "URIs", "Suites", "Components", "Enabled")
# One-line options whose field has another name; the others only differ in capitals.
FIELDS = {"arch": "Architectures", "lang": "Languages", "target": "Targets"}
_LINE = re.compile(r"deb\s+(?:\[(?P<options>[^]]*)\]\s+)?(?P<uri>\S+)\s+(?P<suite>\S+)(?P<rest>.*)")


class Source(NamedTuple):
    """One entry: what it offers, and its other fields in the form of deb822."""

    uris: tuple[str, ...]
    suites: tuple[str, ...]
    components: tuple[str, ...]
    options: tuple[tuple[str, str], ...]


def parse(path: str, text: str) -> list[Source]:
    """Return the binary sources of a file, in the format of its file name extension."""
    return list(_stanzas(text) if path.endswith(".sources") else _lines(text))


def _lines(text: str) -> Iterator[Source]:
    for line in text.splitlines():
        match = _LINE.match(line.partition("#")[0].strip())
        if match:
            pairs = (pair.partition("=") for pair in (match["options"] or "").split())
            options = tuple((_field(key), _value(key, value)) for key, _equals, value in pairs)
            yield Source((match["uri"],), (match["suite"],), tuple(match["rest"].split()), options)


def _field(key: str) -> str:
    return FIELDS.get(key, key.title())


def _value(key: str, value: str) -> str:
    return " " + (value.replace(",", " ") if key in FIELDS else value)


def _stanzas(text: str) -> Iterator[Source]:
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    for stanza in re.split(r"\n\s*\n", "\n".join(lines)):
        # A line that starts with a space continues the previous field.
        found = re.findall(r"^([A-Za-z-]+):(.*(?:\n[ \t].*)*)", stanza, re.MULTILINE)
        fields = {name.lower(): (name, value) for name, value in found}

        def words(name: str, have: dict[str, tuple[str, str]] = fields) -> tuple[str, ...]:
            return tuple(have.get(name.lower(), ("", ""))[1].split())

        if "deb" in words("Types") and words("Enabled") != ("no",):
            offer = {name.lower() for name in OFFER}
            options = tuple(pair for key, pair in fields.items() if key not in offer)
            yield Source(words("URIs"), words("Suites"), words("Components"), options)


def read(runner: Runner, own: str) -> list[Source]:
    """Return the sources of a host, but for those of the file ``own``."""
    names = runner.run(("ls", "-1", FOLDER)).stdout.split()
    paths = [LIST, *(f"{FOLDER}/{name}" for name in names if name.endswith((".list", ".sources")))]
    texts = ((path, runner.read(path)) for path in paths if path != own)
    return [one for path, data in texts if data for one in parse(path, data.decode())]


def known(runner: Runner, origin: str) -> set[tuple[str, str]]:
    """Return address and suite of the archives of an origin, such as Debian, as apt's lists say."""
    said = runner.run(QUESTION, timeout_s=TIMEOUT_S).stdout
    rows = (line.split("\t") for line in said.splitlines())
    return {(_address(row[2]), row[3]) for row in rows if row[:2] == [origin, "main"]}


def _address(uri: str) -> str:
    return re.sub(r"/+", "/", uri.rstrip("/"))


def missing(
    sources: Sequence[Source], archives: set[tuple[str, str]], components: Sequence[str]
) -> str:
    """Return a sources file with the components that no source of these archives offers."""
    offered: dict[tuple[str, str], set[str]] = {}
    for source in sources:
        for place in _places(source):
            offered.setdefault(place, set()).update(source.components)
    stanzas: dict[str, None] = {}
    for source in sources:
        for uri in source.uris:
            for suite in source.suites:
                place = (_address(uri), suite)
                lacks = [name for name in components if name not in offered[place]]
                if place in archives and lacks and "main" in source.components:
                    stanzas[_stanza(uri, suite, lacks, source)] = None
    return HEADER + "\n".join(stanzas) if stanzas else ""


def of_suites(
    sources: Sequence[Source],
    archives: set[tuple[str, str]],
    suites: Callable[[str], str | None],
    components: Sequence[str],
) -> str:
    """Return a sources file with what sources offer of these archives, and further components.

    ``suites`` maps a suite to the one to read in its place, None for one to leave out.
    """
    stanzas: dict[str, None] = {}
    for source in sources:
        for uri in source.uris:
            for suite in source.suites:
                other = suites(suite)
                if (_address(uri), suite) in archives and other:
                    names = list(dict.fromkeys([*source.components, *components]))
                    stanzas[_stanza(uri, other, names, source)] = None
    return "\n".join(stanzas)


def _places(source: Source) -> Iterator[tuple[str, str]]:
    return ((_address(uri), suite) for uri in source.uris for suite in source.suites)


def _stanza(uri: str, suite: str, components: Sequence[str], source: Source) -> str:
    fields = [
        ("Types", " deb"),
        ("URIs", f" {uri}"),
        ("Suites", f" {suite}"),
        ("Components", f" {' '.join(components)}"),
        *source.options,
    ]
    return "".join(f"{name}:{value}\n" for name, value in fields)


def require(archives: set[tuple[str, str]], origin: str) -> None:
    """Refuse a host where no archive of the distribution is configured for apt. Raises ``StackError``."""
    if not archives:
        raise StackError(
            f"No package source of {origin} is configured for apt.",
            f"Its lists name none with the origin {origin} and the component main.",
            f"Add the archive of {origin} to {FOLDER}, run `apt-get update`, and run this again.",
            code="apt.missing-source",
        )
