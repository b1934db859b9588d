"""A lock: equal for equal environments, and every difference in a line."""

from __future__ import annotations

import copy
import dataclasses
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.construct import (
    construct,
    plain,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.process import Commands
from ansible_collections.slowfast.stack.plugins.module_utils._stack.environment import (
    lock,
    lock_record,
    stack_files,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner import explain, planner
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner.plan import (
    StackPlan,
    from_dict,
)
from support.errors import fails
from support.small_stack import host, put

SITE = "lib/python3.11/site-packages"
WHEEL = hashlib.sha256(b"wheel").hexdigest()


@pytest.fixture
def made(tmp_path: Path) -> lock_record.Subject:
    env, src = tmp_path / "env", tmp_path / "src"
    (env / "bin").mkdir(parents=True)
    (env / "bin" / "python").symlink_to(sys.executable)
    record = "six.py,sha256=abc,10\n../../../bin/six,sha256=def,5\nsix-1.17.0.dist-info/RECORD,,\n"
    key = tmp_path / "wheels" / "0123"
    inputs = {"component": "detectron2", "glibc": "2.36", "torch": "2.11.0+cu130"}
    file = "detectron2-0.6-cp311-cp311-linux_x86_64.whl"
    artifact = {"schema": 1, "inputs": inputs, "files": {file: WHEEL}, "seconds": 1.0}
    put(key, {"artifact.json": json.dumps(artifact), file: "wheel"})
    wheel = {"url": f"file://{key}/{file}"}
    tree = {"url": f"file://{src}/slowfast", "dir_info": {"editable": True}}
    put(
        env / SITE,
        {
            "six.py": "six",
            "six-1.17.0.dist-info/RECORD": record,
            "detectron2-0.6.dist-info/direct_url.json": json.dumps(wheel),
            "slowfast-1.0.dist-info/direct_url.json": json.dumps(tree),
        },
    )
    put(src, {"slowfast/setup.py": "1", "slowfast/.git/x": "2", "detectron2/a.py": "3"})
    return lock_record.Subject(tmp_path, planner.plan(host()).to_dict(), host())


def record(subject: lock_record.Subject) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(plain(lock_record.record(Commands(), subject))))
    return found


def typed(found: dict[str, Any]) -> lock.Lock:
    return construct(lock.Lock, found, "lock")


def differences(expected: dict[str, Any], found: dict[str, Any]) -> list[str]:
    return list(lock.differences(typed(expected), typed(found)))


def test_a_lock_lists_what_there_is(made: lock_record.Subject) -> None:
    found = record(made)
    rows = {row["name"]: row for row in found["packages"]}
    assert rows["six"]["origin"] == "index"
    assert rows["detectron2"]["sha256"] == WHEEL
    assert rows["slowfast"] == {
        "name": "slowfast",
        "version": "1.0",
        "origin": "tree",
        "tree": "slowfast",
    }
    assert found["sources"]["slowfast"]["requirement"] == "slowfast==1.0"
    assert found["plan"]["patches"] == made.plan["patches"]
    assert record(made) == found


def test_it_is_written_once_and_not_in_check_mode(
    made: lock_record.Subject, tmp_path: Path
) -> None:
    path, found = tmp_path / "stack.lock.json", record(made)
    assert lock.write(typed(found), path, check=True)
    assert not path.exists()
    assert lock.write(typed(found), path)
    assert not lock.write(typed(found), path)
    assert json.loads(path.read_text()) == found


def change(found: dict[str, Any], name: str, **values: object) -> dict[str, Any]:
    other = copy.deepcopy(found)
    next(row for row in other["packages"] if row["name"] == name).update(values)
    return other


def test_every_difference_is_a_line(made: lock_record.Subject) -> None:
    found = record(made)
    other = change(found, "six", version="1.16.0")
    other["packages"].append({"name": "extra", "version": "1", "origin": "index", "content": "c"})
    other["sources"]["slowfast"]["tree"] = "0" * 64
    with pytest.raises(StackError) as caught:
        lock.require_equal(typed(other), typed(found))
    said = caught.value.cause
    assert "package six: 1.16.0" in said
    assert "package extra: 1 c in the lock, absent here" in said
    assert "source slowfast: " in said
    assert len(said.splitlines()) == 3


def test_what_hosts_may_differ_in_is_no_difference(made: lock_record.Subject) -> None:
    found = record(made)
    inputs = {"component": "detectron2", "glibc": "2.39", "torch": "2.11.0+cu130"}
    other = change(found, "detectron2", sha256="cd" * 32, inputs=inputs)
    other["python"]["version"] = ".".join(found["python"]["version"].split(".")[:2]) + ".99"
    other["machine"]["distribution"] = {"id": "ubuntu"}
    assert differences(other, found) == []
    inputs = {**inputs, "torch": "2.4.0+cu121"}
    assert len(differences(change(found, "detectron2", inputs=inputs), found)) == 1


def test_a_changed_file_and_a_changed_tree_change_the_lock(made: lock_record.Subject) -> None:
    found = record(made)
    put(made.stack / "src", {"slowfast/setup.py": "other"})
    put(made.stack / "env" / SITE, {"six.py": "other"})
    names = [line.partition(":")[0] for line in differences(found, record(made))]
    assert names == ["package six", "source slowfast"]
    put(made.stack / "src", {"slowfast/.git/x": "other", "slowfast/a/__pycache__/x.pyc": "x"})
    put(made.stack / "env" / SITE, {"six.py": "six"})
    put(made.stack / "src", {"slowfast/setup.py": "1"})
    assert record(made) == found


def test_a_stack_that_changed_since_its_proof_gets_no_lock(made: lock_record.Subject) -> None:
    found = record(made)
    stack_files.save(made.stack, stack_files.taken(made.stack))
    assert record(made) == found
    put(made.stack / "env" / SITE, {"six.py": "xis"})
    with fails("stack.changed", "six.py"):
        record(made)


def test_a_host_is_planned_as_the_lock_says(made: lock_record.Subject) -> None:
    found = record(made)
    reached = {**host(), "network": {"pypi": True, "slowfast": True, "detectron2": True}}
    reached["network"] |= {"pytorchvideo": True, "pytorch": True}
    assert planner.plan(reached).to_dict()["id"] != made.plan["id"]
    plan = planner.plan(reached, {"locked": found}).to_dict()
    assert plan["status"] == "planned", explain.explain(from_dict(plan))
    assert plan["id"] == made.plan["id"]
    assert plan["locked"] == ["six==1.17.0"]


def test_a_host_that_cannot_be_planned_so_gets_the_differences(made: lock_record.Subject) -> None:
    found = record(made)
    found["plan"]["packages"] = ["numpy==1.0.0", *found["plan"]["packages"][1:]]
    plan = planner.plan(host(), {"locked": found}).to_dict()
    assert plan["status"] == "no-plan"
    assert "the packages of the lock: numpy==1.0.0; of this host: numpy==" in explain.explain(
        from_dict(plan)
    )
    with fails("data.invalid-value", "request.locked"):
        planner.plan(host(), {"locked": {"format": "other"}})


def test_a_lock_records_what_planning_reads_of_it() -> None:
    assert set(lock.PLANNED) == {each.name for each in dataclasses.fields(StackPlan)}


def test_an_empty_input_of_a_built_wheel_is_read_back() -> None:
    row = {"name": "detectron2", "version": "0.6", "origin": "built", "inputs": {"patches": ""}}
    assert plain(construct(lock.Package, row, "package")) == row


@pytest.mark.parametrize(
    ("path", "counts"),
    [
        ("slowfast/new.py", True),
        ("slowfast/notes.txt", True),
        ("slowfast/deep/er/new.py", True),
        ("slowfast/.hidden/x", False),
        ("slowfast/.x", False),
        ("slowfast/build/x.py", False),
        ("slowfast/a/__pycache__/x", False),
        ("slowfast/a.so", False),
        ("slowfast/a.pyc", False),
        ("slowfast/slowfast.egg-info/PKG-INFO", False),
    ],
)
def test_which_files_of_a_tree_count(made: lock_record.Subject, path: str, *, counts: bool) -> None:
    found = record(made)
    put(made.stack / "src", {path: "x"})
    changed = differences(found, record(made))
    assert [line.partition(":")[0] for line in changed] == (["source slowfast"] if counts else [])


@pytest.mark.parametrize(
    ("row", "counts"),
    [
        ("six/new.py,sha256=abc,10", True),
        ("six/new.py,,", False),
        ("six/new.pyc,sha256=abc,10", False),
        ("six-1.17.0.dist-info/METADATA,sha256=abc,10", False),
        ("../../../bin/six,sha256=abc,10", False),
        ("alone", False),
    ],
)
def test_which_files_of_a_package_count(
    made: lock_record.Subject, row: str, *, counts: bool
) -> None:
    found = record(made)
    path = made.stack / "env" / SITE / "six-1.17.0.dist-info/RECORD"
    path.write_text(f"{row}\n{path.read_text()}")
    assert bool(differences(found, record(made))) is counts
    path.unlink()
    assert next(p for p in record(made)["packages"] if p["name"] == "six").get("content") is None


def test_the_compilers_of_a_plan_are_recorded_in_their_words(
    made: lock_record.Subject, tmp_path: Path
) -> None:
    for name in ("cc", "home/bin/nvcc"):
        put(tmp_path, {name: "#!/bin/sh\necho first\necho last\n"})
        (tmp_path / name).chmod(0o755)
    build = {"cc": str(tmp_path / "cc"), "cxx": "/absent", "cuda_home": str(tmp_path / "home")}
    found = record(made._replace(plan={**made.plan, "build": build}))
    assert found["compilers"] == {"cc": "first", "cxx": None, "nvcc": "last"}
    build = {"cc": None, "cxx": "false", "cuda_home": None}
    found = record(made._replace(plan={**made.plan, "build": build}))
    assert found["compilers"] == {"cc": None, "cxx": None, "nvcc": None}
    assert found["python"] == {
        "implementation": "CPython",
        "version": ".".join(map(str, sys.version_info[:3])),
    }


def test_another_machine_and_another_series_of_python_are_differences(
    made: lock_record.Subject,
) -> None:
    found = record(made)
    other = copy.deepcopy(found)
    other["machine"]["architecture"] = "aarch64"
    other["python"]["version"] = "3.2.1"
    assert [line.partition(":")[0] for line in differences(other, found)] == [
        "Python",
        "architecture",
    ]
    lock.require_equal(typed(found), typed(found))


def test_a_wheel_that_no_artifact_has_is_a_file_and_a_linked_package_is_adopted(
    made: lock_record.Subject,
) -> None:
    site, key = made.stack / "env" / SITE, made.stack / "wheels" / "0123"
    put(site, {"torch-2.11.0.dist-info/METADATA": "", "six-1.17.0.dist-info/METADATA": ""})
    (made.stack / "theirs").write_text("torch.py,sha256=abc,10\n")
    (site / "torch-2.11.0.dist-info/RECORD.adopted").symlink_to(made.stack / "theirs")
    (key / "detectron2-0.6-cp311-cp311-linux_x86_64.whl").write_text("changed")
    rows = {row["name"]: row for row in record(made)["packages"]}
    digest = hashlib.sha256(b"torch.py absent").hexdigest()
    assert rows["torch"] == {
        "name": "torch",
        "version": "2.11.0",
        "origin": "adopted",
        "content": digest,
    }
    assert rows["detectron2"] == {
        "name": "detectron2",
        "version": "0.6",
        "origin": "file",
        "file": "detectron2-0.6-cp311-cp311-linux_x86_64.whl",
    }


def test_the_content_of_a_package_is_its_own_files_alone(made: lock_record.Subject) -> None:
    def content() -> object:
        return next(row for row in record(made)["packages"] if row["name"] == "six")["content"]

    before = content()
    listing = made.stack / "env" / SITE / "six-1.17.0.dist-info/RECORD"
    more = "six.pyc,sha256=x,1\n../x,sha256=x,1\nsix-1.dist-info/y,sha256=x,1\nz.py,,\nodd\n"
    listing.write_text(listing.read_text() + more)
    assert content() == before
    listing.write_text(listing.read_text() + "z.py,sha256=x,1\n")
    assert content() != before


def test_the_digest_of_a_tree_is_of_what_was_not_made_by_using_it(
    made: lock_record.Subject,
) -> None:
    def digest() -> object:
        return record(made)["sources"]["slowfast"]["tree"]

    tree, before = made.stack / "src" / "slowfast", digest()
    made_files = ("a.so", "a.pyc", "x.egg-info/y", "build/z", "__pycache__/c.txt", "p/.hidden/q")
    put(tree, dict.fromkeys(made_files, "x"))
    assert digest() == before
    put(tree, {"p/own.py": "x"})
    assert digest() != before


def test_compilers_are_named_by_what_they_report(made: lock_record.Subject, tmp_path: Path) -> None:
    said = {"cc": "cc 12\nmore", "home/bin/nvcc": "nvcc:\nBuild cuda_13.0", "cxx": "failed"}
    put(tmp_path / "t", {name: f"#!/bin/sh\necho '{text}'\n" for name, text in said.items()})
    put(tmp_path / "t", {"cxx": "#!/bin/sh\necho failed; exit 1\n"})
    for name in said:
        (tmp_path / "t" / name).chmod(0o755)
    place = tmp_path / "t"
    build = {"cc": str(place / "cc"), "cxx": str(place / "cxx"), "cuda_home": str(place / "home")}
    subject = made._replace(plan={**made.plan, "build": {**made.plan["build"], **build}})
    assert record(subject)["compilers"] == {
        "cc": "cc 12",
        "cxx": None,
        "nvcc": "Build cuda_13.0",
    }
    build = {"cc": None, "cxx": None, "cuda_home": None}
    subject = made._replace(plan={**made.plan, "build": {**made.plan["build"], **build}})
    assert record(subject)["compilers"] == {"cc": None, "cxx": None, "nvcc": None}


def test_the_order_of_inputs_is_no_difference(made: lock_record.Subject) -> None:
    found = record(made)
    inputs = {"component": "detectron2", "torch": "2.11.0"}
    one, other = (
        change(found, "detectron2", inputs=dict(rows))
        for rows in (inputs.items(), reversed(inputs.items()))
    )
    assert differences(one, other) == []
    assert len(differences(one, change(found, "detectron2", inputs={**inputs, "torch": "2"}))) == 1


def test_a_lock_is_written_where_it_differs_and_in_one_order(
    made: lock_record.Subject, tmp_path: Path
) -> None:
    found, path = typed(record(made)), tmp_path / "new" / "stack.lock.json"
    assert lock.write(found, path, check=True)
    assert not path.exists()
    assert lock.write(found, path)
    assert path.read_text() == json.dumps(record(made), indent=1, sort_keys=True) + "\n"
    assert not lock.write(found, path)
    path.write_text(path.read_text() + " ")
    assert lock.write(found, path)


def test_only_a_package_of_the_index_has_digests_of_its_files(made: lock_record.Subject) -> None:
    pins = {row["name"]: f"{row['name']}=={row['version']}" for row in record(made)["packages"]}
    lines = [f"{pin} --hash=sha256:{'ab' * 32} --hash=sha256:{'cd' * 32}" for pin in pins.values()]
    put(made.stack, {"hashes/one.txt": "\n".join(lines), "hashes/two.md": "x"})
    origins = {row["origin"] for row in record(made)["packages"]}
    assert {"index"} < origins
    for row in record(made)["packages"]:
        expected = ["ab" * 32, "cd" * 32] if row["origin"] == "index" else None
        assert row.get("hashes") == expected
