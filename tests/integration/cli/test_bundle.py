"""The command `bundle`: what it refuses, what verify reports, and up with a damaged bundle."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.plan_builder import plan_data

from slowfast_stack.bundle import writer


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    source = tmp_path / "wheel"
    source.write_bytes(b"wheel" * 1000)
    plan = plan_data(changes={"python": "3.11"})
    debian = {"id": "debian", "version": "12"}
    host = {"architecture": "x86_64", "glibc": "2.36", "distribution": debian}
    stack = {"names": ["one"], "host": host, "request": {}, "plan": plan}
    lacks = {
        "host": "one",
        "name": "the system package git",
        "reason": "no archive was reached",
    }
    facts = {"adopt_torch": False, "stacks": [stack], "missing": [lacks]}
    entry = writer.entry(source, "wheels/one-1-py3-none-any.whl", "wheel")
    writer.write(tmp_path / "small.bundle", facts, [entry], progress=lambda *_: None)
    return tmp_path / "small.bundle"


def test_verify_says_what_a_bundle_holds_and_what_not(stack, bundle):
    done = stack.run("bundle", "verify", str(bundle))
    assert done.returncode == 0, done.stderr
    assert "small.bundle: complete" in done.stdout
    assert "for one: Python 3.11, torch 2.11.0 cu130, x86_64, glibc 2.36 or newer" in done.stdout
    assert "does not contain the system package git (one): no archive was reached" in done.stdout
    printed = json.loads(stack.run("bundle", "verify", str(bundle), "--json").stdout)["bundle"]
    assert printed["members"] == {"wheel": 1}
    again = stack.run("bundle", "verify", str(bundle), "--digest", printed["digest"])
    assert again.returncode == 0
    other = stack.run("bundle", "verify", str(bundle), "--digest", "0" * 64)
    assert other.returncode == 1
    assert printed["digest"] in other.stderr


def test_up_from_a_damaged_bundle_starts_nothing(stack, bundle, inventory):
    data = bytearray(bundle.read_bytes())
    data[-3000] ^= 1
    bundle.write_bytes(data)
    hosts = inventory(one={})
    done = stack.run("up", "-i", hosts, "--yes", "--unsigned", "--offline", str(bundle))
    assert done.returncode == 2
    assert "wheels/one-1-py3-none-any.whl" in done.stderr
    assert "small.bundle" in done.stderr
    assert not (stack.state / "slowfast-stack").exists()
    assert stack.run("bundle", "verify", str(bundle)).returncode == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--part-size", "64"], "--part-size 64"),
        (["--part-size", "1KiB"], "1MiB"),
        (["-o", "nowhere/x.bundle"], "nowhere"),
        (["-o", "thesis.tex"], "thesis.tex"),
        (["--gpu", "10de:2330", "-i", "."], "cli.conflicting-options"),
    ],
)
def test_what_cannot_be_meant_is_refused(stack, tmp_path, arguments, words):
    (tmp_path / "thesis.tex").write_text("years of work")
    done = stack.run("bundle", "create", *arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert words in done.stderr
    assert (tmp_path / "thesis.tex").read_text() == "years of work"


def test_up_needs_a_bundle_that_is_there(stack, inventory):
    done = stack.run("up", "-i", inventory(one={}), "--yes", "--offline", "/nowhere/x.bundle")
    assert done.returncode == 2
    assert "/nowhere/x.bundle" in done.stderr
