"""A real, proven stack: what succeeds writes and shows no secret either."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from support.canaries import USER, Canaries, Processes, Server, wheel
from support.stack_under_test import COMMAND, Stack

TOKENS = ("SCW_SECRET_KEY", "HF_TOKEN", "ANSIBLE_BECOME_PASSWORD")


def environment(folder: Path, canaries: Canaries, port: int) -> dict[str, str]:
    """Return variables with a secret in each way in that does not change what is installed."""
    return {
        **os.environ,
        **{name: canaries[name] for name in TOKENS},
        "XDG_STATE_HOME": str(folder / "state"),
        "UV_INDEX": f"inner=http://127.0.0.1:{port}/simple",
        "UV_INDEX_INNER_USERNAME": USER,
        "UV_INDEX_INNER_PASSWORD": canaries["index"],
        "PIP_EXTRA_INDEX_URL": f"http://{USER}:{canaries.quoted('pip')}@127.0.0.1:{port}/simple",
        "HTTP_PROXY": f"http://{USER}:{canaries.quoted('proxy')}@127.0.0.1:9",
        "NO_PROXY": "127.0.0.1,localhost",
    }


def install(folder: Path) -> list[str]:
    """Return the command that installs a package of the named index, as a role does."""
    env = folder / "env"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(env)], check=True)
    options = {
        "env": str(env),
        "requirements": ["iniconfig==2.0.0"],
        "hashes": str(folder / "hashes.txt"),
        "uv": str(Path(sys.executable).with_name("uv")),
        "log": str(folder / "install.log"),
    }
    inventory = str(folder / "hosts.json")
    program = str(COMMAND.with_name("ansible"))
    words = ["-i", inventory, "-m", "slowfast.stack.python_packages", "-a", json.dumps(options)]
    return [program, "one", *words, "-vvvv"]


def found_below(folders: list[Path], canaries: Canaries) -> list[str]:
    """Return the files that have the part of a secret which is the same in every way of writing."""
    parts = folders[0] / "canaries.txt"
    parts.write_text("\n".join(value.partition("/")[0] for value in canaries.values()) + "\n")
    argv = ["grep", "-rlF", "-f", str(parts), *map(str, folders)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    return sorted(set(done.stdout.splitlines()) - {str(parts)})


def test_no_secret_is_left_by_what_succeeds(stack: Stack, tmp_path: Path) -> None:
    canaries, said = Canaries(), b""
    served, work = tmp_path / "served", tmp_path / "work"
    work.mkdir()
    wheel(served / "simple", "iniconfig", "2.0.0")
    host = {
        "ansible_connection": "local",
        "ansible_python_interpreter": sys.executable,
        "ansible_become_password": canaries["become"],
    }
    planted = work / "hosts.json"
    planted.write_text(json.dumps({"all": {"hosts": {"one": host}}}))
    one = ["-i", str(planted)]
    server = Server(served, {canaries["index"]}, "")
    with server.running(), Processes().watched() as seen:
        variables = environment(work, canaries, server.port)
        for argv in (
            stack.argv("up", "--yes", "--json", *one, "-v"),
            Stack(stack.prefix).argv("prove", "--html", str(work / "page.html"), *one),
            install(work),
        ):
            done = subprocess.run(argv, env=variables, capture_output=True, check=False)
            said += done.stdout + done.stderr
            assert done.returncode == 0, said[-3000:].decode()
    assert canaries["index"] in server.used
    assert json.loads(said[: said.index(b"\n}\n") + 2])["hosts"]["one"]["status"] == "proven"
    assert "proven" in (work / "page.html").read_text()
    assert list((work / "state").rglob("logs/*"))
    assert canaries.found_in(said) == set()
    assert [line for line in seen if canaries.found_in(line)] == []
    assert found_below([work, stack.prefix], canaries) == [str(planted)]
