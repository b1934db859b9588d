"""Ten thousand records and archives made at random: each is read, refused with a code, or absent."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.artifacts import archive
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.construct import construct
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from ansible_collections.slowfast.stack.plugins.module_utils._stack.environment import lock
from ansible_collections.slowfast.stack.plugins.module_utils._stack.host import driver_record
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner import from_lock
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.archives import KEY, Packed, complete
from support.records import KINDS

T = TypeVar("T")
DIGEST = "0" * 64
EXAMPLES = 800
COMMON = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=12)
    | st.sampled_from(["../x", "/etc/passwd", DIGEST, "a" * 12, "schema", "-o", "a\0b", "x" * 5000])
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.text(max_size=8) | st.sampled_from(["../x", "files", "/etc/x"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


def changed(good: object) -> st.SearchStrategy[Any]:
    """Return a strategy of what is like ``good``, with some of its values exchanged."""
    if isinstance(good, dict):
        fields = {key: changed(value) for key, value in good.items()}
        return st.one_of(
            st.fixed_dictionaries(fields),
            VALUES,
            st.builds(
                lambda one, more: {**one, **more},
                st.fixed_dictionaries(fields),
                st.dictionaries(st.text(max_size=6), VALUES, max_size=2),
            ),
        )
    return st.one_of(st.just(good), VALUES)


def read_or_refuse(act: Callable[[], T]) -> T | None:
    """Return what is read, None where it is refused with a code; anything else is raised."""
    try:
        return act()
    except StackError as error:
        if not error.code:
            raise
        return None


@pytest.mark.parametrize("name", KINDS)
def test_a_record_made_at_random_is_read_refused_or_absent(tmp_path: Path, name: str) -> None:
    kind, folder = KINDS[name], tmp_path / "folder"

    @COMMON
    @given(changed(kind.good), st.integers(0, 40))
    def read(value: object, cut: int) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        path = folder / kind.file
        path.parent.mkdir(parents=True)
        text = json.dumps(value)
        path.write_text(text[: -cut or None] if cut < 4 else text)
        read_or_refuse(lambda: kind.read(folder))
        assert [one.name for one in tmp_path.iterdir()] == ["folder"]

    read()


GOOD_DRIVER = {
    "schema": 1,
    "done": True,
    "before": {"packages": [["nvidia-driver-580", "580.65.06-1", "NVIDIA"]], "stream": ""},
}


@COMMON
@given(changed(GOOD_DRIVER))
def test_a_driver_record_made_at_random(value: object) -> None:
    found = read_or_refuse(lambda: driver_record.parse(json.dumps(value)))
    assert found is None or driver_record.Installed.from_dict(found["before"])


@COMMON
@given(changed({"name": "torch", "version": "2.9.1", "origin": "index", "content": DIGEST}))
def test_a_package_of_a_lock_made_at_random(value: object) -> None:
    found = read_or_refuse(lambda: construct(lock.Package, value, "it", ignore_unknown=True))
    assert found is None or not set(found.name + found.version) & set(" \n\t;@/")


@COMMON
@given(changed({"format": lock.FORMAT, "schema": lock.SCHEMA, "plan": {}, "packages": []}))
def test_a_lock_made_at_random(value: object) -> None:
    with pytest.raises(StackError):
        from_lock.read(value, "lock")


@COMMON
@given(
    st.lists(
        st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=8
    ),
    st.floats(0.01, 1),
)
def test_an_archive_with_other_bytes(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[float, int]], kept: float
) -> None:
    folder = tmp_path_factory.getbasetemp() / "fuzzed"
    folder.mkdir(exist_ok=True)
    packed = Packed(folder / "sent")
    complete(packed)
    content = bytearray(packed.close().read_bytes())
    for place, value in changes:
        content[int(place * len(content))] = value
    (folder / "sent").write_bytes(content[: int(len(content) * kept)] if kept < 0.5 else content)
    read_or_refuse(lambda: archive.require_intact(folder / "sent", KEY))
    assert [path.name for path in folder.iterdir()] == ["sent"]
