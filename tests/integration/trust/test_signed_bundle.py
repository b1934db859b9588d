"""With plain Ansible, too, a bundle is used only where someone who is trusted vouches for it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.bundle import extract
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core import signatures
from support import ROOT
from support.signing import NEEDS_TOOL, allow, make_key

from slowfast_stack.bundle import writer

pytestmark = NEEDS_TOOL


class Site:
    """A bundle whose uv would leave a mark, and a play of the role preflight on this machine."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.bundle = folder, folder / "fleet.bundle"
        self.store = folder / "allowed_signers"
        self.mark = folder / "uv-ran"
        self.key = make_key(folder)
        allow(self.store, self.key)

    def write(self, text: str) -> None:
        """Write the bundle; all of its digests fit."""
        source = self.folder / "uv"
        source.write_text(f"#!/bin/sh\n# {text}\ntouch {self.mark}\n")
        entry = writer.entry(source, "tools/x86_64/uv", "uv", executable=True)
        facts = {"stacks": [], "missing": [], "adopt_torch": False}
        writer.write(self.bundle, facts, [entry], progress=lambda *_: None)

    def sign(self) -> str:
        """Sign the bundle; return its digest."""
        subject = extract.subject(self.bundle, extract.head(self.bundle))
        return signatures.sign(subject, self.key, datetime.now(UTC)).sha256

    def play(self, **variables: object) -> str:
        """Return what the role preflight says of the bundle."""
        given = {
            "stack_offline": str(self.bundle),
            "stack_prefix": str(self.folder / "prefix"),
            "stack_request": {"network": "offline"},
            "ansible_python_interpreter": sys.executable,
            **variables,
        }
        playbook = self.folder / "play.yml"
        task = {"ansible.builtin.include_role": {"name": "slowfast.stack.preflight"}}
        playbook.write_text(
            json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": [task]}])
        )
        program = Path(sys.executable).with_name("ansible-playbook")
        done = subprocess.run(
            [program, "-c", "local", "-i", "localhost,", playbook, "-e", json.dumps(given)],
            env={
                **os.environ,
                "HOME": str(self.folder / "home"),
                "XDG_STATE_HOME": str(self.folder / "state"),
                "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "collections"),
            },
            capture_output=True,
            text=True,
            check=False,
            cwd=self.folder,
        )
        assert done.returncode == 2, done.stdout
        assert not self.mark.exists()
        return done.stdout


@pytest.fixture
def site(tmp_path: Path) -> Site:
    (tmp_path / "home").mkdir()
    made = Site(tmp_path)
    made.write("good")
    return made


def test_the_role_refuses_a_bundle_that_is_not_trusted(site: Site) -> None:
    assert "signature.missing" in site.play()
    good = site.sign()
    assert "signature.untrusted" in site.play()
    trusted = {"stack_allowed_signers": str(site.store)}
    # It is used then: this bundle is for no host.
    ways: list[dict[str, object]] = [trusted, {"stack_digest": good}, {"stack_unsigned": True}]
    for way in ways:
        assert (
            "TASK [slowfast.stack.preflight : Probe the host, and choose its stack]"
            in site.play(**way)
        )
    site.write("evil")
    assert "signature.other-file" in site.play(**trusted)
    assert "signature.other-digest" in site.play(stack_digest=good)
    assert not (site.folder / "prefix").exists()


def test_a_target_extracts_only_what_has_the_digest(site: Site) -> None:
    good = site.sign()
    site.write("evil")
    # As where the file is exchanged between the decision on the controller and the extraction.
    module = [sys.executable, "-m", "ansible_collections.slowfast.stack.plugins.modules.bundle"]
    folder = site.folder / "extracted"
    arguments = {"file": str(site.bundle), "digest": good, "folder": str(folder)}
    done = subprocess.run(
        module,
        input=json.dumps({"ANSIBLE_MODULE_ARGS": arguments}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert json.loads(done.stdout)["code"] == "bundle.other-bundle"
    assert not folder.exists()
