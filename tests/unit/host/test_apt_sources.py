"""Which components of a distribution's archive are missing, and the sources file that adds them."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from ansible_collections.slowfast.stack.plugins.module_utils._stack.host import apt_sources
from ansible_collections.slowfast.stack.plugins.module_utils._stack.host.memory import Answer

WANTED = ("contrib", "non-free")
DEBIAN = {("http:/mirror.example/debian", suite) for suite in ("bookworm", "bookworm-updates")}
STANZA = """\
# What the installer wrote
Types: deb deb-src
URIs: http://mirror.example/debian/
Suites: bookworm bookworm-updates
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 -----END PGP PUBLIC KEY BLOCK-----

Types: deb
URIs: https://apt.example/
Suites: bookworm
Components: main
Enabled: no
"""


class Host:
    def __init__(self, files: dict[str, str], lists: str = "") -> None:
        self.files, self.lists = files, lists

    def run(self, argv: Sequence[str], *, timeout_s: float = 10, text: str = "") -> Answer:
        assert timeout_s
        assert not text
        names = (path.rpartition("/")[2] for path in self.files)
        return Answer(0, self.lists if argv[0] == "apt-get" else "\n".join(names))

    def read(self, path: str) -> bytes | None:
        text = self.files.get(path)
        return None if text is None else text.encode()

    def reaches(self, url: str, timeout_s: float) -> bool:
        raise AssertionError((url, timeout_s))


def test_what_is_missing_comes_from_the_same_address_with_the_same_key() -> None:
    text = apt_sources.missing(apt_sources.parse("a.sources", STANZA), DEBIAN, WANTED)
    stanzas = text.removeprefix(apt_sources.HEADER).split("\n\n")
    assert [line for stanza in stanzas for line in stanza.splitlines() if "Suites" in line] == [
        "Suites: bookworm",
        "Suites: bookworm-updates",
    ]
    assert "Components: contrib non-free\nSigned-By:\n -----BEGIN" in text
    assert text.count("\n -----END PGP PUBLIC KEY BLOCK-----\n") == 2


def test_our_own_file_gives_the_same_answer_again() -> None:
    text = apt_sources.missing(apt_sources.parse("a.sources", STANZA), DEBIAN, WANTED)
    assert apt_sources.parse("b.sources", text)[0].components == WANTED
    files = {"/etc/apt/sources.list.d/a.sources": STANZA, "/etc/apt/sources.list.d/b.sources": text}
    sources = apt_sources.read(Host(files), "/etc/apt/sources.list.d/b.sources")
    assert apt_sources.missing(sources, DEBIAN, WANTED) == text


def test_one_line_sources_keep_their_options() -> None:
    line = "deb [arch=amd64,i386 signed-by=/k.gpg] http://mirror.example/debian bookworm main # x"
    text = apt_sources.missing(apt_sources.parse("sources.list", line), DEBIAN, WANTED)
    assert text.endswith("Architectures: amd64 i386\nSigned-By: /k.gpg\n")


@pytest.mark.parametrize(
    ("lines", "components"),
    [
        ("deb http://mirror.example/debian bookworm main contrib non-free", None),
        (
            """deb http://mirror.example/debian bookworm main
               deb http://mirror.example/debian/ bookworm contrib""",
            "Components: non-free\n",
        ),
        ("deb https://apt.example bookworm main", None),
        ("deb-src http://mirror.example/debian bookworm main", None),
        ("# deb http://mirror.example/debian bookworm main", None),
    ],
)
def test_only_what_no_source_offers_is_added(lines: str, components: str | None) -> None:
    text = apt_sources.missing(apt_sources.parse("sources.list", lines), DEBIAN, WANTED)
    assert (components in text) if components else (text == "")


def test_the_lists_of_apt_show_which_archive_is_the_distributions() -> None:
    lists = (
        "Debian\tmain\thttp://mirror.example/debian/\tbookworm\n"
        "Debian\tcontrib\thttp://mirror.example/debian/\tbookworm-updates\n"
        "PostgreSQL\tmain\thttps://apt.example/\tbookworm\n"
    )
    assert apt_sources.known(Host({}, lists), "Debian") == {
        ("http:/mirror.example/debian", "bookworm")
    }


def test_a_host_without_the_archive_of_its_distribution_is_refused() -> None:
    with pytest.raises(StackError) as refused:
        apt_sources.require(set(), "Debian")
    assert refused.value.code == "apt.missing-source"


@pytest.mark.parametrize(
    ("types", "enabled", "offers"),
    [
        ("deb", "", True),
        ("deb", "Enabled: yes\n", True),
        ("deb", "Enabled: no\n", False),
        ("deb-src", "", False),
    ],
)
def test_a_stanza_counts_where_it_is_of_binaries_and_enabled(
    types: str,
    enabled: str,
    offers: bool,  # noqa: FBT001
) -> None:
    text = f"Types: {types}\nURIs: http://a/\nSuites: s\n# Suites: t\nComponents: main\n{enabled}"
    found = apt_sources.parse("a.sources", text)
    assert [(one.uris, one.suites, one.components) for one in found] == (
        [(("http://a/",), ("s",), ("main",))] if offers else []
    )


def test_a_comment_inside_a_field_does_not_end_it() -> None:
    text = "Types: deb\nURIs: http://a/\nSuites: s\nComponents: main\n# none\n contrib\n"
    assert apt_sources.parse("a.sources", text)[0].components == ("main", "contrib")


def test_apt_reads_only_files_of_its_two_formats() -> None:
    line = "deb http://a/ s main\n"
    folder = apt_sources.FOLDER
    files = {f"{folder}/a.list": line, f"{folder}/b.list.save": line, f"{folder}/c.sources": ""}
    assert len(apt_sources.read(Host(files), "")) == 1


@pytest.mark.parametrize(
    ("suites", "expected"),
    [
        ({}, []),
        ({"bookworm": "bookworm"}, ["bookworm"]),
        ({"bookworm": "trixie", "other": "sid"}, ["trixie"]),
        (
            {"bookworm": "trixie", "bookworm-updates": "trixie-updates"},
            ["trixie", "trixie-updates"],
        ),
    ],
)
def test_sources_of_other_suites_keep_address_and_options(
    suites: dict[str, str], expected: list[str]
) -> None:
    lines = "deb [arch=amd64] http://mirror.example/debian bookworm main contrib\n"
    lines += "deb http://mirror.example/debian bookworm-updates main\n"
    lines += (
        "deb http://elsewhere.example/ bookworm main\ndeb http://mirror.example/debian other main\n"
    )
    text = apt_sources.of_suites(
        apt_sources.parse("a.list", lines), DEBIAN, suites.get, ("contrib", "non-free")
    )
    made = apt_sources.parse("b.sources", text)
    assert [one.suites for one in made] == [(name,) for name in expected]
    assert all(one.uris == ("http://mirror.example/debian",) for one in made)
    assert all(one.components == ("main", "contrib", "non-free") for one in made)
    assert [one.options for one in made[:1]] == [(("Architectures", " amd64"),)] * bool(made)
