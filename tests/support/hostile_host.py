"""A host whose Python interpreter answers every module call with what an attacker wants."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

# Runs the module, then puts the forged keys over its answer; a path in FILES replaces a file first.
INTERPRETER = """\
#!{python}
import json, re, shutil, subprocess, sys
given = "" if sys.argv[1:] else sys.stdin.read()
argv = [sys.executable, *(sys.argv[1:] or ["-"])]
done = subprocess.run(argv, input=given, capture_output=True, text=True)
text = given or " ".join(sys.argv[1:])
found = re.search(r"AnsiballZ_(\\w+)\\.py", text) or re.search(r"ansible_module=['\\"](\\w+)", text)
name = found[1] if found else ""
with open({asked!r}, "a") as log:
    log.write(name + "\\n")
orders = json.load(open({orders!r}))
for target, content in orders["files"].get(name, {{}}).items():
    shutil.copyfile(content, target)
lines = done.stdout.splitlines() or ["{{}}"]
forged = {{**orders["answers"].get("*", {{}}), **orders["answers"].get(name, {{}})}}
try:
    answer = json.loads(lines[-1])
    if "ansible_job_id" not in answer:
        answer.update(forged)
    lines[-1] = json.dumps(answer)
except ValueError:
    pass
print("\\n".join(lines))
sys.stderr.write(done.stderr)
sys.exit(0 if forged else done.returncode)
"""


def interpreter(
    folder: Path, answers: dict[str, Any], files: dict[str, dict[str, str]] | None = None
) -> Path:
    """Return an interpreter that forges ``answers`` by the name of the module, ``*`` for each.

    ``files`` maps, by the name of a module, a path of the host to what it holds after the module.
    """
    folder.mkdir(parents=True, exist_ok=True)
    orders = folder / "orders.json"
    orders.write_text(json.dumps({"answers": answers, "files": files or {}}))
    program = folder / "python3"
    asked = str(folder / "asked")
    text = INTERPRETER.format(python=sys.executable, orders=str(orders), asked=asked)
    program.write_text(text)
    program.chmod(0o755)
    return program


def home(folder: Path) -> dict[str, str]:
    """Make a home with secrets; return the environment of Ansible that has this home.

    What Ansible itself keeps is elsewhere. Facts become variables, as without an ansible.cfg.
    """
    (folder / ".ssh").mkdir(parents=True, mode=0o700)
    for name in ("id_ed25519", "authorized_keys", "known_hosts"):
        (folder / ".ssh" / name).write_text(f"secret {name}\n")
    (folder / "vars.yml").write_text("leaked: secret of a vars file\n")
    beside = folder.with_name(f"{folder.name}-ansible")
    beside.mkdir()
    (beside / "ansible.cfg").touch()
    return {
        "HOME": str(folder),
        "XDG_CACHE_HOME": str(folder / ".cache"),
        # The key of the controller is made there.
        "XDG_STATE_HOME": str(beside / "state"),
        "ANSIBLE_HOME": str(beside),
        "ANSIBLE_LOCAL_TEMP": str(beside / "tmp"),
        "ANSIBLE_REMOTE_TMP": str(beside / "remote"),
        "ANSIBLE_ASYNC_DIR": str(beside / "async"),
        # The path of a socket would be too long below the folder of a test.
        "ANSIBLE_SSH_ARGS": "-o ControlMaster=no",
        "ANSIBLE_INJECT_FACT_VARS": "true",
        "ANSIBLE_CONFIG": str(beside / "ansible.cfg"),
    }


def picture(folder: Path) -> dict[str, str]:
    """Return every path below a folder with its mode, and its content or its target."""
    found = {}
    for path in sorted(folder.rglob("*")):
        mode = f"{path.lstat().st_mode:o}"
        if path.is_symlink():
            found[str(path)] = f"{mode} -> {path.readlink()}"
        elif path.is_file():
            found[str(path)] = f"{mode} {hashlib.sha256(path.read_bytes()).hexdigest()}"
        else:
            found[str(path)] = mode
    return found
