"""Every reader of a saved file gets damaged ones: it returns something, or an error with a code."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import re
import tempfile
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.artifacts import cache
from ansible_collections.slowfast.stack.plugins.module_utils._stack.bundle import (
    manifest as bundle_manifest,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.contents import (
    conda_packages,
    packed,
    python_packages,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core import (
    download,
    seen_versions,
    signatures,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.error_codes import CODES
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.first_downloads import (
    FirstDownloads,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.process import Commands
from ansible_collections.slowfast.stack.plugins.module_utils._stack.datasets.ava import (
    dataset,
    manifest,
    sources,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.environment import (
    current_stack,
    direct_url,
    evidence,
    lock,
    miniforge,
    prefix,
    proof,
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
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner import from_lock
from ansible_collections.slowfast.stack.plugins.modules import cuda_check
from hypothesis import given, settings
from hypothesis import strategies as st
from support.fuzz import examples
from support.osv_records import sbom

from slowfast_stack import recorded_hosts
from slowfast_stack.audit import osv_files, pip_audit, subjects
from slowfast_stack.orchestration import fleet, request
from slowfast_stack.training import labels

ROOT = Path(__file__).parents[3]
SHARED = "plugins/module_utils/_stack/"
DAMAGED = [
    "", "{", "[]", "[1]", "5", "null", '"x"', "{}", '{"schema": 999}', '{"schema": "x"}',
    '{"schema": Infinity}', '{"schema": 1}', '{"schema": 2}', '{"schema": 3}', "\xff", "[[1, 2]]",
    "[" * 100_000,
]  # fmt: skip
OTHER_TYPES = ["5", '"x"', "[]", "[1]", "{}", "null", "true", '{"a": 1}']


class Reader(NamedTuple):
    """A reader, the file that it reads below a folder, and the keys of that file."""

    module: str
    file: str
    read: Callable[[Path], object]
    keys: str = ""
    schema: int | None = 1


def _proof(folder: Path) -> object:
    program = "import shutil, sys; shutil.copy('{}', sys.argv[sys.argv.index('--out') + 1])".format(
        folder / "given.json"
    )
    python = folder / "env" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to("/usr/bin/python3")
    return proof.prove(Commands(), evidence.Subject(folder, {}, {"__main__.py": program}), uv="uv")


def _evidence(folder: Path) -> object:
    stack_files.save(folder, stack_files.taken(folder))
    return proof.recorded(Commands(), evidence.Subject(folder, {}, {}))


def _resumable(folder: Path) -> object:
    part = folder / "x.part"
    part.write_bytes(b"1")
    wanted = download.Download("https://example.org/x", folder / "x", sha256="0" * 64)
    return download._resumable(wanted, part)


def _cuda_check(folder: Path) -> object:
    params = {"home": folder, "arch_list": "9.0", "cxx": None, "record": folder / "noted.json"}
    return cuda_check.act(params, check=True)


def _statement(folder: Path) -> object:
    (folder / "x.statement.sig").write_text("")
    subject = signatures.Subject("lock", folder / "x", "0" * 64, 1)
    return signatures.verify(subject, [folder / "allowed_signers"], datetime.now(UTC))


def _lock(folder: Path) -> object:
    path = folder / "stack.lock.json"
    return from_lock.read(request.lock(path, path.read_bytes()), "lock")


def _video(folder: Path) -> object:
    return sources.source_of(_ava(folder), "one", folder / f"one{sources.CUT}")


def _ava(folder: Path) -> dataset.Layout:
    return dataset.layout(str(folder))


def _under(file: Callable[[dataset.Layout], Path]) -> str:
    return str(file(_ava(Path("/"))).relative_to("/"))


def _history(folder: Path) -> object:
    (folder / "stacks" / ("1" * 12)).mkdir(parents=True, exist_ok=True)
    return stacks.listed(folder)


def _wheel_sbom(folder: Path) -> object:
    return list(python_packages.installed(folder / "env", frozenset()))


def _memory(folder: Path) -> object:
    return memory.Memory(folder / "probe.json").answer(
        ("/bin/true",), lambda _output: (), lambda _argv: memory.Answer(0, "1.0")
    )


def _unchanged(folder: Path) -> object:
    (folder / lock.FILE).write_text("{}")
    return lock.unchanged(Commands(), folder)


def _packed(folder: Path) -> object:
    text = (folder / "contents.json").read_bytes()
    return packed.unpack(base64.b85encode(zlib.compress(text)).decode())


def _audited(folder: Path) -> object:
    return subjects.of(subjects.read(folder / "sbom.json"))


def _osv(folder: Path) -> object:
    listed = subjects.of(sbom("pkg:pypi/jinja2@3.1.2"))
    return osv_files.look_up(listed, folder / "osv.json")


def _pip_audit(folder: Path) -> object:
    listed = subjects.of(sbom("pkg:pypi/jinja2@3.1.2"))
    said = (folder / "said.json").read_text("latin-1")
    with contextlib.suppress(ValueError):  # as its caller does
        return pip_audit._read(list(listed.subjects), said)
    return None


READERS = {
    "packages of conda": Reader(
        "contents/conda_packages.py",
        "conda-meta/zlib.json",
        lambda folder: list(conda_packages.installed(folder, "env")),
        "name version license sha256 channel subdir build files",
        None,
    ),
    "SBOM of a wheel": Reader(
        "contents/python_packages.py",
        "env/lib/python3.11/site-packages/six-1.0.dist-info/sboms/six.cdx.json",
        _wheel_sbom,
        "components",
        None,
    ),
    "contents of a stack": Reader(
        "contents/packed.py",
        "contents.json",
        _packed,
        "recorded parts files libraries system notes",
    ),
    "SBOM": Reader(
        "src/slowfast_stack/audit/subjects.py",
        "sbom.json",
        _audited,
        "bomFormat components",
        None,
    ),
    "records of OSV": Reader(
        "src/slowfast_stack/audit/osv_files.py",
        "osv.json",
        _osv,
        "PyPI id aliases affected severity vulns",
        None,
    ),
    "answer of pip-audit": Reader(
        "src/slowfast_stack/audit/pip_audit.py", "said.json", _pip_audit, "dependencies", None
    ),
    "plan of a stack": Reader(
        "environment/evidence.py", f"proof/{evidence.PLAN}", evidence.recorded_plan, "id torch"
    ),
    "claims of a proof": Reader("environment/proof.py", "given.json", _proof, "ok claims"),
    "evidence": Reader(
        "environment/proof.py", f"proof/{evidence.EVIDENCE}", _evidence, "ok claims fingerprint"
    ),
    "files of a stack": Reader(
        "environment/stack_files.py", f"proof/{stack_files.FILE}", stack_files.load, "files"
    ),
    "plan of the current stack": Reader(
        "environment/proof.py", f"current/proof/{evidence.PLAN}", prefix.current_plan, "id", 2
    ),
    "plan of a listed stack": Reader(
        "environment/stacks.py",
        f"stacks/{'1' * 12}/proof/{evidence.PLAN}",
        _history,
        "python torch torchvision sources",
        2,
    ),
    "inputs of a lock": Reader(
        "environment/lock.py", f"proof/{lock.WRITTEN}", _unchanged, "sha256 inputs"
    ),
    "evidence of a listed stack": Reader(
        "environment/stacks.py",
        f"stacks/{'1' * 12}/proof/{evidence.EVIDENCE}",
        _history,
        "ok claims fingerprint made_at",
    ),
    "history": Reader("environment/current_stack.py", current_stack.HISTORY, _history, "switches"),
    "marker of a prefix": Reader(
        "environment/prefix.py", prefix.MARKER, prefix.refuse_foreign, "owner"
    ),
    "Miniforge": Reader(
        "environment/miniforge.py", miniforge.RECORD, miniforge.installed, "version sha256"
    ),
    "origin of a package": Reader(
        "environment/direct_url.py", direct_url.FILE, direct_url.read, "url dir_info", None
    ),
    "artifact": Reader(
        "artifacts/cache.py",
        cache.MANIFEST,
        lambda folder: cache.load(folder, "0" * 64),
        "inputs files seconds",
    ),
    "state of a download": Reader(
        "core/download.py", "x.part.json", _resumable, "url validator size", None
    ),
    "first downloads": Reader(
        "core/first_downloads.py",
        "first.json",
        lambda folder: FirstDownloads(folder / "first.json").load(),
        "files",
    ),
    "known host": Reader(
        "src/slowfast_stack/orchestration/fleet.py",
        f"{hashlib.sha256(b'one').hexdigest()[:16]}.json",
        lambda folder: list(fleet._rows(folder)),
        "name inventory prefix seen command status code message plan proven host",
    ),
    "seen versions": Reader(
        "core/seen_versions.py",
        "signatures.json",
        lambda folder: seen_versions.load(folder / "signatures.json"),
        "rows",
    ),
    "statement": Reader(
        "core/signatures.py",
        "x.statement",
        _statement,
        "kind name sha256 size created expires version",
    ),
    "data set": Reader(
        "datasets/ava/dataset.py",
        _under(lambda tree: tree.state / "dataset.json"),
        lambda folder: dataset.load(_ava(folder)),
        "name frames",
    ),
    "frames": Reader(
        "datasets/ava/manifest.py",
        _under(lambda tree: tree.manifest_of("one")),
        lambda folder: manifest.read(_ava(folder), "one"),
        "video frames",
    ),
    "cut of a video": Reader(
        "datasets/ava/sources.py",
        _under(lambda tree: sources.cut_note(tree, "one")),
        _video,
        "origin_s",
    ),
    "answers of programs": Reader("host/memory.py", "probe.json", _memory, "answers"),
    "driver history": Reader(
        "host/driver_record.py",
        "driver.json",
        lambda folder: driver_record.parse((folder / "driver.json").read_text("latin-1")),
        "done before older",
    ),
    "patches": Reader(
        "patches/record.py",
        record.FILE,
        lambda folder: record.load(FolderTree(folder), "slowfast"),
        "component commit files",
    ),
    "bundle": Reader(
        "bundle/manifest.py",
        "manifest.json",
        lambda folder: bundle_manifest.parse((folder / "manifest.json").read_bytes()),
        "format members",
        3,
    ),
    "lock": Reader(
        "src/slowfast_stack/orchestration/request.py",
        "stack.lock.json",
        _lock,
        "format plan packages",
        2,
    ),
    "recorded host": Reader(
        "src/slowfast_stack/recorded_hosts.py",
        "host.json",
        lambda folder: recorded_hosts.read([str(folder / "host.json")]),
        "hosts errors architecture distribution gpus",
    ),
    "CUDA check": Reader(
        "plugins/modules/cuda_check.py", "noted.json", _cuda_check, "subject seen", None
    ),
    "labels": Reader(
        "src/slowfast_stack/training/labels.py",
        "labels.json",
        lambda folder: labels._read(folder / "labels.json"),
        "a b",
        None,
    ),
}
# What else reads JSON: the output of a program, a line of a log, lists of data, or for readers above.
NO_FILE = {
    "environment/proven.py",
    # Only names who holds a lock; tests/unit/core/test_holders.py has what others may write there.
    "core/holders.py",
    "core/saved.py", "core/validation.py", "src/slowfast_stack/orchestration/trust.py",
    "environment/bytecode.py", "environment/reuse_packages.py", "datasets/ava/media.py",
    "host/nvml.py", "host/parsers.py", "symptoms/lines.py",
    "src/slowfast_stack/training/memory.py", "src/slowfast_stack/training/log_parser.py",
    "src/slowfast_stack/training/rehearsal.py", "src/slowfast_stack/config/data_lists.py",
    "src/slowfast_stack/config/rules_tensorboard.py",
    "src/slowfast_stack/bundle/conda.py", "src/slowfast_stack/sbom/document.py",
    "src/slowfast_stack/orchestration/inventory.py", "src/slowfast_stack/training/node_answers.py",
    # Of the lock it only makes a digest, to compare nodes.
    "src/slowfast_stack/training/program/node.py",
}  # fmt: skip
_READS = re.compile(r"\bsaved\.(?:read|load|read_mapping)\(|\b(?:parse_json|json\.loads?)\(")


def _texts(reader: Reader) -> Iterator[str]:
    yield from DAMAGED
    keys = reader.keys.split()
    for changed in keys:
        for value in OTHER_TYPES:
            rows = [f'"{key}": {value if key == changed else "{}"}' for key in keys]
            rows += [] if reader.schema is None else [f'"schema": {reader.schema}']
            yield f"{{{', '.join(rows)}}}"
    for value in OTHER_TYPES:
        same = ", ".join(f'"{key}": {value}' for key in keys)
        yield f'{{"schema": {reader.schema or 1}, "format": "slowfast-stack-lock", {same}}}'


def _outcome(reader: Reader, text: str, folder: Path) -> str:
    """Return what reading a file ends with: the code of an error, or nothing."""
    path = folder / reader.file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode("latin-1"))
    try:
        reader.read(folder)
    except StackError as error:
        return error.code
    except Exception as error:  # noqa: BLE001  (all of them are listed)
        return f"{text}: {error!r}"
    return ""


@pytest.mark.parametrize("name", READERS)
def test_a_damaged_file_is_no_traceback(name: str, tmp_path: Path) -> None:
    reader = READERS[name]
    # Each proof starts a program.
    texts = DAMAGED if name == "claims of a proof" else _texts(reader)
    found = {_outcome(reader, text, tmp_path / str(n)) for n, text in enumerate(texts)}
    assert sorted(found - set(CODES) - {""}) == []


KEYS = sorted({key for reader in READERS.values() for key in reader.keys.split()} | {"schema"})
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=3), inner, max_size=5)
    ),
    max_leaves=12,
)
IN_PROCESS = sorted(set(READERS) - {"claims of a proof", "CUDA check"})  # they start programs


@settings(max_examples=examples(400), deadline=None)
@given(
    st.sampled_from(IN_PROCESS),
    JSON.map(json.dumps) | st.text(st.characters(max_codepoint=255), max_size=30),
)
def test_no_content_is_a_traceback(name: str, text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        assert _outcome(READERS[name], text, Path(folder) / "x") in {*CODES, ""}


def test_every_module_that_reads_a_saved_file_is_in_the_table() -> None:
    found = {
        str(path.relative_to(ROOT)).replace(SHARED, "")
        for folder in ("plugins", "src")
        for path in (ROOT / folder).rglob("*.py")
        if _READS.search(path.read_text(encoding="utf-8"))
    }
    known = {reader.module for reader in READERS.values()} | NO_FILE
    assert sorted(found ^ known) == []
