"""Write each kind of state while the n-th call that changes a file fails, for every n.

Run with `faults.so` preloaded: `state_faults.py NAME FOLDER`. The state is the old one or the new one
each time, an error has a code, and the next write ends in the new state without leftovers.
"""

from __future__ import annotations

import ctypes
import functools
import os
import shutil
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from ansible_collections.slowfast.stack.plugins.module_utils._stack.artifacts import (
    cache,
    source_tree,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.bundle import extract
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core import (
    download,
    files,
    saved,
    seen_versions,
    signatures,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.error_codes import CODES
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.first_downloads import (
    FirstDownloads,
    Recorded,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.process import Commands
from ansible_collections.slowfast.stack.plugins.module_utils._stack.datasets.ava import (
    dataset,
    manifest,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.environment import (
    evidence,
    lock,
    miniforge,
    prefix,
    stack_files,
    stacks,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.host import (
    driver_record,
    memory,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.patches import record
from ansible_collections.slowfast.stack.plugins.module_utils._stack.patches.syntax.source_tree import (
    FolderTree,
)
from ansible_collections.slowfast.stack.plugins.modules import cuda_check
from slowfast_stack.bundle import writer
from slowfast_stack.orchestration import fleet, processes
from support.http import FileServer, serving

FAULTS = ctypes.CDLL(None)
ONE, TWO, THREE = "1" * 12, "2" * 12, "3" * 12
KINDS = {"e": "the disk is full", "s": "half is written", "k": "the process is killed"}


class State(NamedTuple):
    """A state in a folder: what makes the old one, what writes the new one, and what a reader gets."""

    before: Callable[[Path], object]
    write: Callable[[Path], object]
    read: Callable[[Path], object]


def _record(path: str, cls: type, old: object, new: object) -> State:
    return State(
        lambda folder: saved.save(folder / path, old),
        lambda folder: saved.save(folder / path, new),
        lambda folder: saved.load(cls, folder / path, 1),
    )


def _stacks(folder: Path) -> None:
    for name in (ONE, TWO, THREE):
        (folder / "stacks" / name).mkdir(parents=True)
    stacks.switch(folder, ONE)
    stacks.switch(folder, TWO)


def _order(folder: Path) -> list[str]:
    return [stack.id for stack in stacks.listed(folder)][:2]


def _claimed(folder: Path) -> bool:
    prefix.refuse_foreign(folder / "prefix")
    return (folder / "prefix" / "stacks" / ONE).is_dir()


def _commit(folder: Path, name: str) -> str:
    repository = folder.with_name("repository")
    git = ["git", "-C", str(repository), "-c", "user.name=t", "-c", "user.email=t@t"]
    if not repository.is_dir():
        repository.mkdir()
        subprocess.run([*git, "init", "--quiet"], check=True)
        for text in ("old", "new"):
            (repository / "file").write_text(text)
            subprocess.run([*git, "add", "file"], check=True)
            subprocess.run([*git, "commit", "--quiet", "-m", text], check=True)
    spec = {"old": "HEAD~1", "new": "HEAD"}[name]
    answer = subprocess.run([*git, "rev-parse", spec], check=True, capture_output=True, text=True)
    return answer.stdout.strip()


def _place(name: str) -> Callable[[Path], None]:
    def act(folder: Path) -> None:
        url = str(folder.with_name("repository"))
        source = source_tree.Source("git", url=url, commit=_commit(folder, name))
        source_tree.place(Commands(), source, folder / "tree", uv="uv")

    return act


class _Recipe:
    """An artifact of one file."""

    inputs = {"a": "1"}  # noqa: RUF012

    def build(self, _commands: Commands, work: Path) -> Path:
        ready = work / "ready"
        shutil.rmtree(ready, ignore_errors=True)
        ready.mkdir(parents=True)
        files.atomic_write(ready / "file", "artifact")
        return ready

    def verify(self, _commands: Commands, folder: Path) -> None:
        del folder

    def path(self, folder: Path) -> Path:
        return folder / "file"


def _artifact(folder: Path) -> object:
    return [artifact.files for artifact in cache.find_all(folder)]


def _bundle(folder: Path, text: str) -> Path:
    path = folder.with_name(f"{text}.bundle")
    if not path.exists():
        source = folder.with_name(text)
        source.write_text(text)
        facts = {"stacks": [], "architecture": "x86_64"}
        writer.write(
            path, facts, [writer.entry(source, "wheels/file", "file")], progress=lambda *_: None
        )
    return path


def _extract(text: str) -> Callable[[Path], object]:
    def act(folder: Path) -> object:
        bundle = _bundle(folder, text)
        return extract.extract(bundle, folder / "bundle", extract.head(bundle).digest)

    return act


def _see(version: int) -> Callable[[Path], None]:
    """Return a use of the signed version of a lock."""
    times = ("2026-11-30T00:00:00Z", "2027-11-30T00:00:00Z")
    made = signatures.Statement("lock", "a.json", "0" * 64, 1, *times, version)
    verified = signatures.Verified(made, "ann@example.org", "SHA256:")
    return lambda folder: seen_versions.require_newest(
        folder / "signatures.json", verified, note=True
    )


def _seen(folder: Path) -> int:
    return seen_versions.load(folder / "signatures.json").rows[0].version


def _host(status: str) -> Callable[[Path], None]:
    def act(folder: Path) -> None:
        row = fleet.KnownHost("one", "/srv/hosts.yml", status=status)
        saved.save(folder / "host.json", row)

    return act


def _host_status(folder: Path) -> object:
    row = saved.load(fleet.KnownHost, folder / "host.json", fleet.SCHEMA)
    return row and row.status


def _download(folder: Path) -> None:
    with serving(FileServer(b"new content " * 1000)) as server:
        wanted = download.Download(
            f"{server.address}/file", folder / "file", keep=False, size=12000
        )
        download.get(wanted, attempts=1)


def _patched(folder: Path) -> record.Record:
    return record.load(FolderTree(str(folder)), "slowfast")


def _patch(folder: Path, name: str) -> None:
    entry = record.FileRecord(record.sha256(b"before"), record.sha256(b"after"), [name])
    kept = record.Record("slowfast", None, {"file.py": entry})
    record.save(FolderTree(str(folder)), kept, [b"before"])


def _text(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def _driver(folder: Path) -> object:
    return driver_record.parse(_text(folder / "driver.json"))


def _driver_data(*, done: bool) -> dict[str, object]:
    before = driver_record.Installed((), "").to_dict()
    return {"schema": 1, "before": before, "older": None, "done": done}


def _plan(name: str) -> Callable[[Path], None]:
    return lambda folder: saved.write(folder / "proof" / evidence.PLAN, {"schema": 2, "id": name})


def _files(name: str) -> Callable[[Path], None]:
    row = stack_files.Row("0" * 64, (1, 2, 3, 4, 5, ""))
    files = stack_files.Files({f"env/{name}-{number}.py": row for number in range(200)})
    return lambda folder: stack_files.save(folder, files)


def _tree(folder: Path) -> dataset.Layout:
    return dataset.layout(str(folder))


def _seal(folder: Path) -> None:
    os.environ["XDG_STATE_HOME"] = str(folder)
    processes._secret.cache_clear()
    processes.own_mark("0" * 12)


def _secret_bytes(folder: Path) -> int:
    path = folder / "slowfast-stack" / "run.key"
    return path.stat().st_size if path.exists() else 0


STATES = {
    "secret of runs": State(lambda _folder: None, _seal, _secret_bytes),
    "plan": State(_plan("old"), _plan("new"), evidence.recorded_plan),
    "evidence": _record(
        evidence.EVIDENCE,
        evidence.Evidence,
        evidence.Evidence(ok=False, claims=(), fingerprint="old"),
        evidence.Evidence(ok=True, claims=({"id": "x" * 9000},), fingerprint="new"),
    ),
    "inputs of a lock": _record(
        lock.WRITTEN, lock.Written, lock.Written("a", "b"), lock.Written("c", "d")
    ),
    "miniforge": _record(
        miniforge.RECORD, miniforge.Record, miniforge.Record("1", "a"), miniforge.Record("2", "b")
    ),
    "CUDA check": _record(
        "cuda.json", cuda_check.Verified, cuda_check.Verified({}, "a"), cuda_check.Verified({}, "b")
    ),
    "known host": State(_host("running"), _host("proven"), _host_status),
    "signatures": State(_see(1), _see(2), _seen),
    "files of a stack": State(_files("old"), _files("new"), stack_files.load),
    "history": State(_stacks, lambda folder: stacks.switch(folder, THREE), _order),
    "first claim": State(
        lambda _folder: None,
        lambda folder: prefix.claim(folder / "prefix", folder / "prefix" / "stacks" / ONE),
        _claimed,
    ),
    "answers of programs": _record(
        "probe.json",
        memory.Answers,
        memory.Answers(),
        memory.Answers({"a": memory.Said("1.0", {})}),
    ),
    "driver history": State(
        lambda folder: saved.write(folder / "driver.json", _driver_data(done=False), indent=None),
        lambda folder: saved.write(folder / "driver.json", _driver_data(done=True), indent=None),
        _driver,
    ),
    "first downloads": State(
        lambda folder: FirstDownloads(folder / "first.json").add("a", Recorded(1, "a" * 64)),
        lambda folder: FirstDownloads(folder / "first.json").add("b", Recorded(2, "b" * 64)),
        lambda folder: FirstDownloads(folder / "first.json").load(),
    ),
    "data set": State(
        lambda folder: dataset.save(_tree(folder), dataset.DataSet(cut_s=1)),
        lambda folder: dataset.save(_tree(folder), dataset.DataSet(cut_s=2)),
        lambda folder: dataset.load(_tree(folder)),
    ),
    "frames": State(
        lambda folder: manifest.write(_tree(folder), manifest.Manifest("v", 1, 1, "a")),
        lambda folder: manifest.write(_tree(folder), manifest.Manifest("v", 2, 2, "b")),
        lambda folder: manifest.read(_tree(folder), "v"),
    ),
    "patches": State(
        lambda folder: _patch(folder, "one"), lambda folder: _patch(folder, "two"), _patched
    ),
    "first patch": State(lambda _folder: None, lambda folder: _patch(folder, "one"), _patched),
    "source tree": State(
        _place("old"),
        _place("new"),
        lambda folder: source_tree.identity_of(Commands(), folder / "tree"),
    ),
    "artifact": State(
        lambda _folder: None,
        lambda folder: cache.build(Commands(), folder, _Recipe()),
        _artifact,
    ),
    "bundle": State(
        _extract("old"), _extract("new"), lambda folder: _text(folder / "bundle/wheels/file")
    ),
    "download": State(
        lambda folder: files.atomic_write(folder / "file", "old content"),
        _download,
        lambda folder: _text(folder / "file"),
    ),
    "file of a user": State(
        lambda folder: files.atomic_write(folder / "a.yaml", "old"),
        lambda folder: files.atomic_write(folder / "a.yaml", ["ne", "w"]),
        lambda folder: _text(folder / "a.yaml"),
    ),
}


def _names(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if ".git/" not in str(path)}


def _attempt(state: State, folder: Path, number: int, kind: str) -> str:
    """Write in a process of its own whose n-th call fails; return how that ended."""
    child = os.fork()
    if child == 0:
        status = 2
        try:
            FAULTS.fault_arm(os.fsencode(folder), number, ord(kind))
            state.write(folder)
            status = 0 if FAULTS.fault_count() < number else 5
        except StackError as error:
            status = 3 if error.code in CODES else 2
        except OSError:  # which the adapter of every module explains
            status = 3
        except BaseException:  # noqa: BLE001  (nothing may leave the child)
            traceback.print_exc()
        finally:
            os._exit(status)
    _pid, ended = os.waitpid(child, 0)
    if os.WIFSIGNALED(ended):
        return "killed" if os.WTERMSIG(ended) == signal.SIGKILL else "crashed"
    outcomes = {0: "complete", 3: "refused", 5: "survived"}
    return outcomes.get(os.WEXITSTATUS(ended), "traceback")


def _fresh(state: State, folder: Path) -> object:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    state.before(folder)
    return state.read(folder)


def check(name: str, folder: Path) -> int:
    """Fail at every call and in every way; return how many failures there were. Raises AssertionError."""
    state, count = STATES[name], 0
    old = _fresh(state, folder)
    state.write(folder)
    new, clean = state.read(folder), _names(folder)
    assert old != new, name
    for kind, what in KINDS.items():
        for number in range(1, 200):
            _fresh(state, folder)
            ended = _attempt(state, folder, number, kind)
            place = f"{name}: {what} at call {number}: {ended}"
            found = state.read(folder)
            assert found in (old, new), f"{place}: {found}"
            assert ended not in ("traceback", "crashed"), place
            if ended == "complete":
                assert found == new, place
                assert number > 1, place
                break
            count += 1
            state.write(folder)
            assert state.read(folder) == new, place
            assert _names(folder) == clean, f"{place}: {_names(folder) ^ clean}"
    return count


if __name__ == "__main__":
    total = functools.reduce(
        lambda done, name: done + check(name, Path(sys.argv[1], "state")), sys.argv[2:] or STATES, 0
    )
    print(total)
