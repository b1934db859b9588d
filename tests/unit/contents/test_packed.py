"""What a host returns as the contents of its stack is data from outside."""

from __future__ import annotations

import base64
import hashlib
import json
import random
import zlib
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.contents import (
    packed as packing,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.contents.collect import collect
from ansible_collections.slowfast.stack.plugins.module_utils._stack.contents.packed import (
    file_of,
    pack,
    require_packed,
    unpack,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.process import Commands
from support import small_stack
from support.errors import fails
from support.fuzz import examples

from slowfast_stack.facts import Lock
from slowfast_stack.sbom import document

EMPTY: dict[str, Any] = {
    "schema": 1, "recorded": 0, "parts": [], "files": [], "libraries": {}, "system": [], "notes": [],
}  # fmt: skip
PART = {"id": "a", "kind": "source", "name": "a"}


def packed(data: object) -> str:
    return base64.b85encode(zlib.compress(json.dumps(data).encode())).decode()


def test_what_is_packed_is_unpacked(tmp_path: Path) -> None:
    stack = small_stack.make(tmp_path / "prefix")
    found = collect(Commands(), stack.home, "x86_64", digests=True)
    assert unpack(require_packed(pack(found))) == found
    assert unpack(packed(EMPTY)).files == ()


@pytest.mark.parametrize(
    "change",
    [
        {"schema": 2},
        {"recorded": -1},
        {"parts": [PART, PART]},
        {"parts": [{**PART, "kind": "other"}]},
        {"parts": [{**PART, "name": "x" * 5000}]},
        {"parts": [PART], "files": [["x", 1, "", ""]]},
        {"parts": [PART], "files": [["x", -1, "", ""]]},
        {"parts": [PART], "files": [["x", True, "", ""]]},
        {"parts": [PART], "files": [["x", 0, "0" * 63, ""]]},
        {"parts": [PART], "files": [["x", 0, "", 5]]},
        {"parts": [PART], "files": [["x", 0, ""]]},
        {"parts": [PART], "files": [[["x"], 0, "", ""]]},
        {"files": {}},
        {"libraries": {"x": {"needed": [1]}}},
        {
            "system": [
                {"manager": "deb", "name": "-x", "version": "1", "architecture": "a", "why": "b"}
            ]
        },
        {"system": [{"manager": "apk"}]},
        {"notes": [1]},
    ],
    ids=json.dumps,
)
def test_another_form_is_refused(change: dict[str, Any]) -> None:
    with fails("data.invalid-value"):
        unpack(packed({**EMPTY, **change}))


@pytest.mark.parametrize(
    "value", [None, 5, ["x"], "x" * (17 << 20)], ids=["no", "int", "list", "long"]
)
def test_an_answer_of_another_type_or_size_is_refused(value: object) -> None:
    with fails("data.invalid-value"):
        require_packed(value)


def test_a_small_answer_does_not_become_a_large_one() -> None:
    bomb = base64.b85encode(zlib.compress(b" " * (33 << 20), 9)).decode()
    assert len(bomb) < 1 << 17
    with fails("contents.too-large"):
        unpack(bomb)


@pytest.mark.parametrize(
    "text",
    ["", "x", "é", packed([]), packed("x"), packed(EMPTY)[:-5]],
    ids=["empty", "short", "accent", "list", "text", "cut"],
)
def test_a_damaged_answer_is_refused(text: str) -> None:
    with fails("data.invalid-value"):
        unpack(text)


def outcome(text: str, lock: Lock) -> str:
    """Return the code with which an answer is refused; nothing for one that is in an SBOM."""
    try:
        json.loads(document.text("one", lock, unpack(text)))
    except StackError as error:
        return error.code
    return ""


def test_an_answer_made_at_random_is_in_an_sbom_or_refused(tmp_path: Path) -> None:
    stack, chance = small_stack.make(tmp_path / "prefix"), random.Random(15)
    text = zlib.decompress(
        base64.b85decode(pack(collect(Commands(), stack.home, "x86_64", digests=True)))
    )
    seen = set()
    for _example in range(examples(200)):
        data = bytearray(text)
        for _change in range(chance.randrange(1, 4)):
            place = chance.randrange(len(data))
            new = chance.choice(
                [b'"', b"0", b"[", b"null", b"-", b"\\u001b", b"%", b"\\ud800", b""]
            )
            data[place : place + chance.randrange(3)] = new
        answer = base64.b85encode(zlib.compress(bytes(data))).decode()
        seen.add(outcome(answer, stack.lock))
    assert seen == {"", "data.invalid-value", "data.unknown-key"}


def test_the_file_of_a_host_has_a_name_without_what_the_host_is_called() -> None:
    names = {host: file_of(host) for host in ("gpu01", "../gpu01", "gpu02")}
    assert names["gpu01"] == hashlib.sha256(b"gpu01").hexdigest()
    assert len(set(names.values())) == 3


@pytest.mark.parametrize("name", ["_LARGEST", "_PACKED"])
def test_contents_are_packed_up_to_a_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    stack = small_stack.make(tmp_path / "prefix")
    found = collect(Commands(), stack.home, "x86_64", digests=True)
    text = pack(found)
    size = len(zlib.decompress(base64.b85decode(text))) if name == "_LARGEST" else len(text)
    monkeypatch.setattr(packing, name, size)
    assert pack(found) == text
    assert require_packed(text) == text
    monkeypatch.setattr(packing, name, size - 1)
    with fails("contents.too-large"):
        pack(found)
    if name == "_PACKED":
        with fails("data.invalid-value"):
            require_packed(text)
