"""What the metadata and the list of files of a Python package say."""

from __future__ import annotations

from email.message import Message
from pathlib import Path

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.contents import python_packages

MIT, BSD = "License :: OSI Approved :: MIT License", "License :: OSI Approved :: BSD License"


def fields(*rows: tuple[str, str]) -> Message:
    found = Message()
    for name, value in rows:
        found[name] = value
    return found


@pytest.mark.parametrize(
    ("rows", "expression", "licenses"),
    [
        ([], "", ()),
        ([("License-Expression", " MIT "), ("License", "BSD"), ("Classifier", BSD)], "MIT", ()),
        ([("License", "BSD-3-Clause"), ("Classifier", MIT)], "", ("BSD-3-Clause",)),
        ([("License", "x" * 100), ("Classifier", MIT)], "", ("x" * 100,)),
        ([("License", "x" * 101), ("Classifier", MIT)], "", ("MIT License",)),
        ([("License", "UNKNOWN"), ("Classifier", MIT)], "", ("MIT License",)),
        ([("License", ""), ("Classifier", MIT), ("Classifier", BSD)], "", ("MIT License", "BSD License")),
        ([("License", "one\n two"), ("Classifier", MIT), ("Classifier", MIT)], "", ("MIT License",)),
        ([("Classifier", "Programming Language :: Python"), ("Classifier", MIT)], "", ("MIT License",)),
        ([("Classifier", "License"), ("Classifier", "My License :: x")], "", ()),
    ],
)  # fmt: skip
def test_the_licences_of_a_package(
    rows: list[tuple[str, str]], expression: str, licenses: tuple[str, ...]
) -> None:
    assert python_packages.licences(fields(*rows)) == (expression, licenses)


def test_a_package_without_metadata_has_no_fields(tmp_path: Path) -> None:
    assert not python_packages.metadata(tmp_path).keys()
    (tmp_path / "METADATA").write_text("Name: six\nLicense: MIT\n\nLicense: text\n")
    found = python_packages.metadata(tmp_path)
    assert (found["Name"], found.get_all("License")) == ("six", ["MIT"])


def test_the_files_of_a_package_are_paths_in_the_stack(tmp_path: Path) -> None:
    assert list(python_packages._record(tmp_path / "RECORD", "env/lib/site")) == []
    rows = ["six.py,sha256=x,1", '"a,b.py",,', "", ",x,", "../../bin/six,,", "./c/../d.py,,"]
    (tmp_path / "RECORD").write_text("\n".join(rows))
    found = list(python_packages._record(tmp_path / "RECORD", "env/lib/site"))
    assert found[:3] == ["env/lib/site/six.py", "env/lib/site/a,b.py", "env/bin/six"]
    assert found[3:] == ["env/lib/site/d.py"]
