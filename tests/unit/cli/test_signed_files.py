"""`sign`, `verify` and what `up` refuses: nothing is started for a file that no one vouches for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.errors import fails
from support.plan_builder import plan_data
from support.signing import NEEDS_TOOL, allow, make_key

import slowfast_stack
from ansible_collections.slowfast.stack.plugins.module_utils import _trust
from ansible_collections.slowfast.stack.plugins.module_utils._stack.artifacts import copies
from ansible_collections.slowfast.stack.plugins.module_utils._trust import Accepted
from slowfast_stack.bundle import writer
from slowfast_stack.cli.app import run
from slowfast_stack.exit_codes import Exit
from slowfast_stack.orchestration import trust

pytestmark = NEEDS_TOOL
UV = b"#!/bin/sh\nexit 0\n"
EVIL = b"#!/bin/sh\ntouch /tmp/evil\n"


class Site:
    """A bundle and a lock, a key, and the folders of the user who runs the command."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.capsys = folder, capsys
        self.bundle = self.write_bundle(UV)
        self.lock = folder / "stack.lock.json"
        self.lock.write_text('{"format": "slowfast-stack-lock"}')
        self.plan = folder / "plan.json"
        self.plan.write_text(json.dumps({"hosts": {"one": plan_data()}}))
        self.key = make_key(folder)
        self.store = folder / "config/slowfast-stack/allowed_signers"

    def write_bundle(self, program: bytes, part_size: int | None = None) -> Path:
        """Write a bundle whose uv is this program; all of its digests fit."""
        source = self.folder / "uv"
        source.write_bytes(program)
        path = self.folder / "fleet.bundle"
        entry = writer.entry(source, "tools/x86_64/uv", "uv", executable=True)
        facts = {"stacks": [], "missing": [], "adopt_torch": False}
        writer.write(path, facts, [entry], progress=lambda *_: None, part_size=part_size)
        return path

    def run(self, *arguments: str, expect: int) -> dict[str, Any]:
        """Return what a command prints with --json."""
        assert run([*arguments, "--json"]) == expect
        found: dict[str, Any] = json.loads(self.capsys.readouterr().out)
        return found

    def up(self, *arguments: str) -> str:
        """Return the code of the error with which `up` starts nothing."""
        code: str = self.run("up", *arguments, expect=Exit.NO_PLAN)["error"]["code"]
        assert not (self.folder / "state/slowfast-stack/logs").exists()
        return code


@pytest.fixture
def site(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Site:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    return Site(tmp_path, capsys)


@pytest.mark.parametrize("name", ["bundle", "lock"])
def test_what_was_signed_is_verified_with_its_signer(site: Site, name: str) -> None:
    file = str(getattr(site, name))
    made = site.run("sign", file, "--key", str(site.key), "--number", "7", expect=0)
    assert made["statement"]["kind"] == name
    assert all(Path(path).is_file() for path in made["files"])
    assert site.run("verify", file, expect=1)["error"]["code"] == "signature.untrusted"
    allow(site.store, site.key)
    found = site.run("verify", file, expect=0)
    assert (found["signer"], found["statement"]) == ("ann@example.org", made["statement"])
    own = ("--allowed-signers", str(allow(site.folder / "own", make_key(site.folder, "bob"))))
    assert site.run("verify", file, *own, expect=1)["error"]["code"] == "signature.untrusted"


def test_a_bundle_in_parts_has_one_statement(site: Site) -> None:
    site.bundle.unlink()
    site.write_bundle(bytes(3 << 20), part_size=1 << 20)
    first = str(site.folder / "fleet.bundle.001")
    site.run("sign", first, "--key", str(site.key), expect=0)
    allow(site.store, site.key)
    assert site.run("verify", first, expect=0)["statement"]["name"] == "fleet.bundle"
    assert site.run("verify", str(site.bundle), expect=0)


def test_other_files_are_signed_as_what_they_are_said_to_be(site: Site) -> None:
    allow(site.store, site.key)
    plan = site.folder / "plan.json"
    plan.write_text("{}")
    key = ("--key", str(site.key))
    refused = site.run("sign", str(plan), *key, expect=2)
    assert refused["error"]["code"] == "signature.unknown-kind"
    wrong = site.run("sign", str(plan), *key, "--kind", "bundle", expect=2)
    assert wrong["error"]["code"] == "signature.unknown-kind"
    site.run("sign", str(plan), *key, "--kind", "plan", expect=0)
    site.run("verify", str(plan), "--kind", "plan", expect=0)
    other = site.run("verify", str(plan), "--kind", "proof", expect=1)
    assert other["error"]["code"] == "signature.other-file"
    assert site.run("verify", str(plan), "--kind", "x", expect=2)["error"]["code"] == (
        "cli.invalid-value"
    )


def test_the_builder_of_an_artifact_is_shown(site: Site) -> None:
    copy = site.folder / f"{'0' * 64}.tar.gz"
    copy.write_bytes(b"an archive")
    _trust.sign_artifact(copies.subject(copy), {"runDetails": {"builder": {"id": "one"}}})
    found = site.run("verify", str(copy), "--kind", "artifact", expect=0)
    assert found["signer"] == "controller"
    assert found["statement"]["provenance"]["runDetails"]["builder"] == {"id": "one"}
    # Its key signs nothing else.
    key = site.folder / "state/slowfast-stack/controller_key"
    assert key.stat().st_mode & 0o777 == 0o600
    site.run("sign", str(site.lock), "--key", str(key), expect=0)
    store = ("--allowed-signers", str(key.with_name("controller_signers")))
    assert site.up("--locked", str(site.lock), *store) == "signature.untrusted"


@pytest.mark.parametrize(
    ("option", "name"), [("--offline", "bundle"), ("--locked", "lock"), ("--plan", "plan")]
)
def test_up_uses_no_file_that_no_one_vouches_for(site: Site, option: str, name: str) -> None:
    file = getattr(site, name)
    given = (option, str(file))
    assert site.up(*given) == "signature.missing"
    kind = () if name == "bundle" else ("--kind", name)
    site.run("sign", str(file), "--key", str(site.key), *kind, expect=0)
    assert site.up(*given) == "signature.untrusted"
    assert site.up(*given, "--digest", f"sha256:{'0' * 64}") == "signature.other-digest"
    # A digest that was given must be met, whatever else is accepted.
    assert site.up(*given, "--digest", "0" * 64, "--unsigned") == "signature.other-digest"
    wrong = site.run("up", *given, "--digest", "sha256:12", expect=2)
    assert wrong["error"]["code"] == "data.invalid-value"


def test_a_bundle_that_was_made_again_with_another_program_is_refused(site: Site) -> None:
    allow(site.store, site.key)
    site.run("sign", str(site.bundle), "--key", str(site.key), expect=0)
    site.write_bundle(EVIL)
    # It is complete in itself: every digest fits.
    site.run("bundle", "verify", str(site.bundle), expect=0)
    assert site.up("--offline", str(site.bundle)) == "signature.other-file"
    with fails("signature.other-file"):
        slowfast_stack.up(bundle=str(site.bundle))


def test_each_way_of_trust_returns_what_was_verified(site: Site) -> None:
    signed = site.run("sign", str(site.bundle), "--key", str(site.key), expect=0)
    digest = signed["statement"]["sha256"]
    with fails("signature.untrusted"):
        trust.bundle(site.bundle, Accepted())
    allow(site.store, site.key)
    ways = (Accepted(), Accepted((f"sha256:{digest}",)), Accepted(unsigned=True))
    assert [trust.bundle(site.bundle, way) for way in ways] == [digest] * 3


def test_a_plan_is_used_in_each_way_of_trust(site: Site) -> None:
    allow(site.store, site.key)
    site.run("sign", str(site.plan), "--key", str(site.key), "--kind", "plan", expect=0)
    expected = plan_data()
    for way in (Accepted(), Accepted(unsigned=True)):
        assert trust.plan(site.plan, way)["id"] == expected["id"]
    # What was signed as something else is no plan.
    site.run("sign", str(site.plan), "--key", str(site.key), "--kind", "proof", expect=0)
    assert site.up("--plan", str(site.plan)) == "signature.other-file"


def test_a_file_without_the_plan_of_one_host_is_no_plan(site: Site) -> None:
    both = {"hosts": {"one": plan_data(), "two": plan_data()}}
    for content, code in (
        (json.dumps(both), "cli.several-hosts"),
        ("[", "file.unreadable"),
        ("[]", "planner.not-a-plan"),
        ("{}", "planner.not-a-plan"),
        ('{"hosts": {"one": []}}', "planner.not-a-plan"),
    ):
        site.plan.write_text(content)
        found = site.run("up", "--plan", str(site.plan), "--unsigned", expect=Exit.USAGE)
        assert found["error"]["code"] == code
    with site.plan.open("ab") as file:
        file.truncate(1 << 36)  # a file with a hole, which takes no disk
    for option in ("--plan", "--locked"):
        found = site.run("up", option, str(site.plan), "--unsigned", expect=Exit.USAGE)
        assert found["error"]["code"] == "file.unreadable"
    two = ("--plan", str(site.plan), "--locked", str(site.lock), "--unsigned")
    assert site.run("up", *two, expect=2)["error"]["code"] == "cli.conflicting-options"


def test_up_uses_no_older_lock_once_a_newer_one_was_used(site: Site) -> None:
    allow(site.store, site.key)
    key = ("--key", str(site.key))
    site.run("sign", str(site.lock), *key, "--number", "5", expect=0)
    assert trust.lock(site.lock, Accepted())["format"] == "slowfast-stack-lock"
    site.run("sign", str(site.lock), *key, "--number", "4", expect=0)
    assert site.up("--locked", str(site.lock)) == "signature.rolled-back"
    refused = site.run("verify", str(site.lock), expect=1)
    assert refused["error"]["code"] == "signature.rolled-back"
    assert trust.lock(site.lock, Accepted(unsigned=True))
