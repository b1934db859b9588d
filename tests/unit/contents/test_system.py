"""The packages of the distribution that a stack uses, as dpkg and rpm name them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.contents import system
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.process import Commands

VENDOR = "cudatools <cudatools@nvidia.com>"


def program(folder: Path, name: str, *cases: str) -> None:
    """Make a program that answers by its arguments and notes them."""
    lines = [
        "#!/bin/sh",
        f'printf "%s\\n" "{name} $*" >> {folder}/asked',
        'case "$*" in',
        *cases,
        "esac",
    ]
    (folder / name).write_text("\n".join(lines) + "\n")
    (folder / name).chmod(0o755)


def commands(folder: Path) -> Commands:
    return Commands({"PATH": f"{folder}:/bin:/usr/bin"})


def row(*fields: str) -> str:
    return r"\t".join(fields)


DPKG = [
    row("libgl1", "1.6.0-1", "amd64", "Debian", "libglvnd", "", "installed"),
    row("libgl1", "1.6.0-1", "i386", "Debian", "libglvnd", "", "installed"),
    row("removed", "1", "amd64", "Debian", "removed", "", "config-files"),
    row("nvidia-open", "580.95.05-1", "amd64", VENDOR, "nvidia", "", "installed"),
    row("cuda-toolkit-13-0", "13.0.1-1", "amd64", VENDOR, "cuda", "", "installed"),
    row("nvidia-other", "1:580.95.05-1", "amd64", "someone", "other", "", "installed"),
    row("bash", "5", "amd64", "Debian", "bash", "", "installed"),
    row("short", "5", "installed"),
]
OWNERS = [
    "diversion by glx-diversions from: /usr/lib/libGL.so.1",
    "libgl1:amd64, libgl1:i386: /usr/lib/libGL.so.1",
    "bash: /bin/bash",
    "other: /usr/lib/not-asked",
    "removed: /usr/lib/removed.so",
]


def test_packages_of_dpkg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    owners = "\\n".join(OWNERS)
    listing = "\\n".join(DPKG)
    program(
        tmp_path,
        "dpkg-query",
        f"  -W*) printf '{listing}\\n' ;;",
        f"  -S*) printf '{owners}\\n' ;;",
    )
    program(tmp_path, "rpm")
    documents = tmp_path / "doc"
    (documents / "bash").mkdir(parents=True)
    text = "Format: https://www.debian.org/doc/\nLicense: GPL-3+\n text\nLicense:  BSD \nLicense: BSD\n"
    (documents / "bash" / "copyright").write_text(text)
    (documents / "libgl1").mkdir()
    (documents / "libgl1" / "copyright").write_text(f"Free text\n{text}")
    monkeypatch.setattr(system, "_DOCUMENTS", documents)
    wanted = {
        "/usr/lib/libGL.so.1": "a library",
        "/usr/bin/bash": "a program",
        "/usr/lib/removed.so": "a package that is not installed",
        "/opt/x": "nothing",
    }
    found = [
        (row.manager, row.name, row.version, row.architecture, row.why, row.source, row.licenses)
        for row in system.used(commands(tmp_path), wanted)
    ]
    assert found == [
        ("deb", "bash", "5", "amd64", "a program", "bash", ("BSD", "GPL-3+")),
        ("deb", "cuda-toolkit-13-0", "13.0.1-1", "amd64", "CUDA toolkit", "cuda", ()),
        ("deb", "libgl1", "1.6.0-1", "amd64", "a library", "libglvnd", ()),
        ("deb", "libgl1", "1.6.0-1", "i386", "a library", "libglvnd", ()),
        ("deb", "nvidia-open", "580.95.05-1", "amd64", "driver", "nvidia", ()),
    ]
    listed, _newline, asked = (tmp_path / "asked").read_text().splitlines()
    assert listed.startswith("dpkg-query -W -f ")
    forms = {"/usr/lib/libGL.so.1", "/lib/libGL.so.1", "/usr/bin/bash", "/bin/bash"}
    forms |= {"/usr/lib/removed.so", "/lib/removed.so", "/opt/x", "/usr/opt/x"}
    assert set(asked.split()[2:]) == forms
    assert asked.split()[:2] == ["dpkg-query", "-S"]


def test_dpkg_is_not_asked_for_the_owner_of_nothing(tmp_path: Path) -> None:
    program(tmp_path, "dpkg-query", f"  -W*) printf '{DPKG[-2]}\\n' ;;")
    assert system.used(commands(tmp_path), {}) == ()
    assert (tmp_path / "asked").read_text().count("dpkg-query") == 1


def test_packages_of_rpm(tmp_path: Path) -> None:
    rows = [
        row("bash", "5-1", "x86_64", "Rocky", "bash-5-1.src.rpm", "GPLv3+", "installed"),
        row(
            "nvidia-driver", "3:580.95.05-1", "x86_64", "NVIDIA", "nvidia.src.rpm", "", "installed"
        ),
        row("glibc", "2.34-1", "x86_64", "Rocky", "glibc.src.rpm", "LGPLv2+", "installed"),
    ]
    program(tmp_path, "dpkg-query", "  *) exit 1 ;;")
    listing = "\\n".join(rows)
    program(
        tmp_path,
        "rpm",
        f"  -qa*) printf '{listing}\\n' ;;",
        "  *bash) printf 'bash\\nbash\\n' ;;",
        "  *) echo 'file is not owned by any package'; exit 1 ;;",
    )
    found = system.used(commands(tmp_path), {"/usr/bin/bash": "a program", "/opt/x": "nothing"})
    assert [(one.name, one.why, one.version, one.licenses) for one in found] == [
        ("bash", "a program", "5-1", ("GPLv3+",)),
        ("nvidia-driver", "driver", "3:580.95.05-1", ()),
    ]
    assert {one.manager for one in found} == {"rpm"}


@pytest.mark.parametrize("answer", ["exit 1", "exit 0", "echo x; exit 1"])
def test_a_host_without_either_manager_names_no_package(tmp_path: Path, answer: str) -> None:
    for name in ("dpkg-query", "rpm"):
        program(tmp_path, name, f"  *) {answer} ;;")
    assert system.used(commands(tmp_path), {"/usr/bin/bash": "a program"}) == ()


@pytest.mark.parametrize(
    ("count", "length", "licenses"),
    [(40, 3, 40), (41, 3, 40), (1, 100, 1), (1, 101, 1)],
)
def test_licences_are_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int, length: int, licenses: int
) -> None:
    monkeypatch.setattr(system, "_DOCUMENTS", tmp_path)
    (tmp_path / "x").mkdir()
    names = [f"{n:0{length}d}" for n in range(count)]
    text = "Format: http\n" + "".join(f"License: {name}\n" for name in names)
    (tmp_path / "x" / "copyright").write_text(text)
    found = system._copyright(system._Row("x", "", "", "", "", ""))
    assert found == tuple(name[:100] for name in names[:licenses])


@pytest.mark.parametrize(
    ("present", "expected"),
    [
        (["/lib/m-linux-gnu", "/usr/lib/m-linux-gnu", "/lib64", "/usr/lib64"], "/lib/m-linux-gnu"),
        (["/usr/lib/m-linux-gnu", "/lib64"], "/usr/lib/m-linux-gnu"),
        (["/usr/lib64", "/lib64"], "/lib64"),
        (["/usr/lib64"], "/usr/lib64"),
        ([], None),
    ],
)
def test_a_library_is_the_first_of_the_folders_of_the_system(
    monkeypatch: pytest.MonkeyPatch, present: list[str], expected: str | None
) -> None:
    there = {f"{folder}/libx.so.1" for folder in present} | {"/lib64/../libx.so.1"}
    monkeypatch.setattr(os.path, "exists", lambda path: path in there)
    monkeypatch.setattr(os.path, "realpath", lambda path: f"{path}.real")
    wanted: dict[str, Any] = system.libraries(["libx.so.1", "../libx.so.1", "liby.so"], "m")
    assert wanted == ({"libx.so.1": f"{expected}/libx.so.1.real"} if expected else {})
