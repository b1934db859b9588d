"""Secrets planted in every way in are in no output, file or command line of the real verbs."""

from __future__ import annotations

import base64
import json
import os
import pickle
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from support import ROOT
from support.canaries import BACKEND, USER, Canaries, Processes, Server, commit, wheel
from support.small_trees import MARK

CHECKPOINT = pickle.dumps({"blobs": {"w": [1.0]}}, protocol=2)
# The passwords that the server accepts, by where its users have them from.
WAYS = ("netrc", "store", "index", "header", "address")

pytestmark = pytest.mark.skipif(not Path(BACKEND).is_file(), reason="git has no http-backend here")


@dataclass
class World:
    """A home with secrets in it, the servers that want them, and what the verbs said."""

    folder: Path
    canaries: Canaries
    server: Server
    commits: dict[str, str]
    environment: dict[str, str]
    inventory: Path
    said: dict[str, bytes] = field(default_factory=dict)
    # Command lines with what the user wrote.
    typed: set[bytes] = field(default_factory=set)

    @property
    def prefix(self) -> Path:
        return self.folder / "prefix"

    def run(self, *arguments: str, program: str = "", **more: str) -> tuple[int, str]:
        """Run the command line, or a program of Ansible, and return its exit code and output."""
        argv = [sys.executable, "-m", "slowfast_stack", *arguments]
        if program:
            argv = [sys.executable, str(Path(sys.executable).with_name(program)), *arguments]
        self.typed.add(b"\0".join(map(os.fsencode, argv)) + b"\0")
        done = subprocess.run(
            argv, env={**self.environment, **more}, cwd=self.folder / "work", text=True,
            capture_output=True, check=False, stdin=subprocess.DEVNULL, timeout=120,
        )  # fmt: skip
        name = f"{len(self.said)} {program} {' '.join(arguments)}"
        self.said[name[:150]] = f"{done.stdout}\n{done.stderr}".encode()
        return done.returncode, done.stdout

    def module(self, name: str, options: dict[str, Any], **more: str) -> tuple[int, str]:
        """Run a module on the host of the inventory, as talkative as Ansible can be."""
        words = ["one", "-i", str(self.inventory), "-m", name, "-a", json.dumps(options), "-vvvv"]
        return self.run(*words, "-e", f"@{self.folder}/variables.yml", program="ansible", **more)

    def sources(self, host: str) -> list[str]:
        """Return the options that name the sources on the server, with no secret in them."""
        base = f"http://{host}:{self.server.port}/git"
        named = (f"{name}={base}/{name}/.git@{self.commits[name]}" for name in MARK)
        return [word for each in named for word in ("--source", each)]

    def leaks(self, seen: set[bytes]) -> list[tuple[str, str]]:
        """Return where a secret was found, and which one."""
        planted = {self.folder / "home" / name for name in (".netrc", ".git-credentials")}
        planted |= {self.inventory, self.folder / "variables.yml"}
        places = [*self.said.items(), *((repr(line), line) for line in seen)]
        for path in self.folder.rglob("*"):
            places.append((str(path), os.fsencode(path)))
            if path.is_file() and not path.is_symlink() and path not in planted:
                places.append((str(path), path.read_bytes()))
        return [(where, name) for where, data in places for name in self.canaries.found_in(data)]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    canaries = Canaries()
    served = tmp_path.parent / f"{tmp_path.name}-served"
    commits = {name: commit(served / "git" / name, {path: "\n"}) for name, path in MARK.items()}
    wheel(served / "simple", "iniconfig", "2.0.0")
    _files(served)
    for name in ("home", "tmp", "work", "state"):
        (tmp_path / name).mkdir()
    inventory = tmp_path / "hosts.yml"
    server = Server(
        served,
        {canaries[name] for name in WAYS},
        canaries["signature"],
    )
    with server.running():
        _plant(tmp_path, canaries, server.port)
        environment = _environment(tmp_path, canaries, server.port)
        inventory.write_text(json.dumps(_hosts(canaries)))
        yield World(tmp_path, canaries, server, commits, environment, inventory)


def _files(served: Path) -> None:
    """Write a checkpoint, and the lists of AVA."""
    (served / "zoo").mkdir()
    (served / "zoo/own.pkl").write_bytes(CHECKPOINT)
    for name in ("frame_lists/train.csv", "frame_lists/val.csv", "annotations/ava_v2.2.zip"):
        (served / "ava" / name).parent.mkdir(parents=True, exist_ok=True)
        (served / "ava" / name).write_text("a b\n")
    with zipfile.ZipFile(served / "ava/annotations/ava_v2.2.zip", "w") as archive:
        archive.writestr("ava_val_v2.2.csv", "a\n")
    for split in ("train", "val", "test"):
        (served / f"ava/annotations/ava_{split}_predicted_boxes.csv").write_text("a\n")
    (served / "ava/ava_file_names_trainval_v2.1.txt").write_text("a.mkv\n")


def _plant(folder: Path, canaries: Canaries, port: int) -> None:
    """Write the credentials that git, uv and downloads look for."""
    home = folder / "home"
    netrc = f"machine localhost login {USER} password {canaries['netrc']}\n"
    (home / ".netrc").write_text(netrc)
    (home / ".netrc").chmod(0o600)
    stored = f"http://{USER}:{canaries.quoted('store')}@127.0.0.1:{port}\n"
    (home / ".git-credentials").write_text(stored)
    (home / ".gitconfig").write_text("[credential]\n\thelper = store\n[safe]\n\tdirectory = *\n")
    (folder / "variables.yml").write_text(f"ansible_become_password: {canaries['extra']!r}\n")


def _environment(folder: Path, canaries: Canaries, port: int) -> dict[str, str]:
    index = f"http://{USER}:{canaries.quoted('index')}@127.0.0.1:{port}/simple"
    proxy = f"http://{USER}:{canaries.quoted('proxy')}@127.0.0.1:9"
    tokens = ("HF_TOKEN", "GITHUB_TOKEN", "AWS_SECRET_ACCESS_KEY", "SOME_PASSWORD")
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith(("UV_", "PIP_"))},
        **{name: canaries[name] for name in tokens},
        "HOME": str(folder / "home"),
        "TMPDIR": str(folder / "tmp"),
        "XDG_STATE_HOME": str(folder / "state"),
        "PYTHONPATH": f"{ROOT}/collections:{ROOT}/src",
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        "UV_DEFAULT_INDEX": index,
        "PIP_INDEX_URL": index.replace(canaries.quoted("index"), canaries.quoted("pip")),
        "HTTPS_PROXY": proxy,
        "https_proxy": proxy,
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
    }  # fmt: skip


def _hosts(canaries: Canaries) -> dict[str, Any]:
    one = {
        "ansible_connection": "local",
        "ansible_python_interpreter": sys.executable,
        "ansible_become_password": canaries["become"],
        "ansible_ssh_pass": canaries["ssh"],
    }
    return {"all": {"hosts": {"one": one}}}


def _plans(world: World) -> None:
    prefix, one = ["--prefix", str(world.prefix)], ["-i", str(world.inventory)]
    assert world.run("probe", "--json", *one, "-v")[0] == 0
    code, out = world.run("plan", "--json", *prefix, *world.sources("localhost"))
    assert code == 0
    assert json.loads(out)["hosts"]["localhost"]["network"] == "full"
    assert world.run("plan", "--explain", *prefix, *one, *world.sources("127.0.0.1"))[0] == 0
    world.run("lock", *prefix, *one)
    world.run("patch", str(world.server.root / "git/slowfast"), "--dry-run")


def _stack(world: World) -> None:
    """Go the way to a stack, as far as it leads without the packages."""
    canaries, port = world.canaries, world.server.port
    prefix, one = ["--prefix", str(world.prefix)], ["-i", str(world.inventory)]
    work = str(world.folder / "work")
    secret = f"http://{USER}:{canaries.quoted('source')}@127.0.0.1:{port}/git/slowfast"
    code, out = world.run("up", "--json", "--source", f"slowfast={secret}")
    assert (code, json.loads(out)["error"]["code"]) == (2, "data.secret-in-address")
    code, _out = world.run("up", "--json", *prefix, *world.sources("localhost"), *one, "-v")
    # Without consent it ends where packages of the system are missing.
    assert code in (1, 2)
    world.run("bundle", "create", "-o", f"{work}/one.bundle", *world.sources("127.0.0.1"))
    world.run("prove", *prefix, *one, "--html", f"{work}/page.html")


def _downloads(world: World) -> None:
    secret = f"http://{USER}:{world.canaries.quoted('source')}@127.0.0.1/ava"
    root = str(world.folder / "work/refused")
    assert world.run("ava", "download", "--root", root, "--mirror", secret, "--lists-only")[0] == 2
    canaries, server = world.canaries, world.server
    zoo, work = f"127.0.0.1:{server.port}/zoo", str(world.folder / "work")
    one, kept = ["-i", str(world.inventory)], ["--checkpoint-dir", f"{work}/kept"]
    signed = f"http://{zoo}/own.pkl?X-Amz-Signature={canaries.quoted('signature')}&X-Amz-Date=2"
    named = f"http://{USER}:{canaries.quoted('address')}@{zoo}/own.pkl"
    assert world.run("models", "get", signed, *kept, "--json")[0] == 0
    assert world.run("models", "get", named, "--checkpoint-dir", f"{work}/other")[0] == 0
    module = {"name": signed, "dir": f"{work}/third"}
    assert world.module("slowfast.stack.checkpoint", module)[0] == 0
    code, out = world.module("slowfast.stack.checkpoint", {**module, "name": f"{named}?sig=x"})
    assert (code, "download.refused" in out) == (0, False)
    wrong = canaries.quoted("wrong")
    assert world.run("models", "get", f"http://{zoo}/no.pkl?sig={wrong}", *kept, "--json")[0] == 1
    mirror = ["--mirror", f"http://localhost:{server.port}/ava", "--lists-only"]
    assert world.run("ava", "download", "--root", f"{work}/ava", *mirror, "--json")[0] == 0
    world.run("ava", "download", "--root", f"{work}/ava2", *mirror, *one, "-v")


def _sources(world: World) -> None:
    """Place the sources with the modules of a playbook, with credentials of each kind."""
    canaries, port = world.canaries, world.server.port
    header = base64.b64encode(f"{USER}:{canaries['header']}".encode()).decode()
    nothing = {"HOME": str(world.folder / "work")}
    configured = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "http.extraHeader",
        "GIT_CONFIG_VALUE_0": f"Authorization: Basic {header}",
    }
    for host, name, variables, expected in (
        ("localhost", "slowfast", {}, 0),
        ("127.0.0.1", "detectron2", {}, 0),
        ("127.0.0.1", "pytorchvideo", nothing | configured, 0),
        ("127.0.0.1", "pytorchvideo", nothing, 2),
    ):
        url = f"http://{host}:{port}/git/{name}/.git"
        source = {"origin": "git", "url": url, "commit": world.commits[name]}
        tree = world.prefix / "src" / f"{host}-{name}-{len(variables)}"
        module = {"path": str(tree), "source": source, "uv": "/bin/false"}
        assert world.module("slowfast.stack.source_tree", module, **variables)[0] == expected
    source["url"] = url.replace("http://", f"http://{USER}:{canaries.quoted('source')}@")
    assert "data.secret-in-address" in world.module("slowfast.stack.source_tree", module)[1]


@pytest.mark.parametrize(
    ("verbs", "ways"),
    [
        (_plans, {"netrc", "store", "index"}),
        (_stack, {"netrc", "store", "index"}),
        (_downloads, {"netrc", "address"}),
        (_sources, {"netrc", "store", "header"}),
    ],
)
def test_no_secret_is_in_an_output_a_file_or_a_command_line(
    verbs: Callable[[World], None], ways: set[str], world: World
) -> None:
    """Run verbs that succeed and verbs that fail; then look everywhere."""
    with Processes().watched() as seen:
        verbs(world)
    assert {name for name in ways if world.canaries[name] not in world.server.used} == set()
    assert len(seen) > len(world.said)
    assert world.leaks(seen - world.typed) == []
    logs = [*world.folder.glob("state/slowfast-stack/logs/*"), *world.folder.rglob("logs/*.log")]
    assert {oct(path.stat().st_mode & 0o777) for path in logs} <= {"0o600"}


def test_the_search_finds_a_secret_in_each_way_of_writing() -> None:
    canaries = Canaries()
    value = canaries["one"]
    for way in (
        value,
        quote(value, safe=""),
        quote(value, safe="").lower(),
        base64.b64encode(f"{USER}:{value}".encode()).decode(),
        base64.urlsafe_b64encode(f"x{value}".encode()).decode(),
    ):
        assert canaries.found_in(f"before{way}after".encode()) == {"one"}
    assert canaries.found_in(b"nothing") == set()
