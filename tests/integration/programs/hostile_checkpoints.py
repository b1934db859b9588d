"""Give every loader of a finished stack checkpoints that hide code, which must never run.

    ENV/bin/python tests/integration/programs/hostile_checkpoints.py PREFIX/current/src --work FOLDER

Run by the Python of the stack. The sources are copied, and patched as this release does it. Prints a
line for each loader. The code of every file would make a file ``ran``.
"""

# ruff: noqa: BLE001, S301  (imports follow the patches; any error of a loader counts)

from __future__ import annotations

import argparse
import contextlib
import io
import logging
import multiprocessing
import os
import pickle
import shutil
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT / "collections"), str(ROOT / "tests")]

import torch
from ansible_collections.slowfast.stack.plugins.module_utils._stack.patches import engine
from ansible_collections.slowfast.stack.plugins.module_utils._stack.patches.syntax.source_file import (
    Source,
    calls,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.patches.syntax.source_tree import (
    FolderTree,
)
from support import hostile_checkpoints

if TYPE_CHECKING:
    from collections.abc import Callable

PACKAGES = ("slowfast", "detectron2", "pytorchvideo")
LOADED_CHECKPOINTS = ROOT / "tests/unit/models/checkpoints"
UNPICKLE = (
    *("pickle.load", "pickle.loads", "pickle.Unpickler", "cloudpickle.load", "cloudpickle.loads"),
    *(
        "torch.load",
        "torch.hub.load_state_dict_from_url",
        "joblib.load",
    ),
    *("np.load", "numpy.load", "yaml.load", "yaml.unsafe_load", "torch.hub.load", "hub.load"),
)
# What remains, and why it reads no file of others.
ACCEPTED = {
    "detectron2/config/lazy.py yaml.unsafe_load": "a configuration in Python is a program",
    "detectron2/data/common.py pickle.loads": "reads what the same process has written to memory",
    "detectron2/export/caffe2_modeling.py torch.load": "exports a model of the same process",
    "pytorchvideo/neural_engine/hook.py torch.hub.load": "fetches a program from GitHub by design",
}

_HARMFUL = 15  # the others need a tar or a decoy that another release of torch reads


def sources(source: Path, work: Path) -> None:
    """Copy the three packages, patch them, and import from the copies."""
    versions = {"torch": torch.__version__}
    for name in PACKAGES:
        kept = shutil.ignore_patterns(".git", "build", "docs", "projects", "tests", "website")
        shutil.copytree(source / name, work / name, ignore=kept, symlinks=True)
        tree = FolderTree(str(work / name))
        engine.undo(tree, component=name)
        engine.apply_patches(tree, None, component=name, versions=versions)
        sys.path.insert(0, str(work / name))


def unpickling(work: Path) -> set[str]:
    """Return the calls in the packages that unpickle."""
    found = set()
    for name in PACKAGES:
        files = [*(work / name / name).rglob("*.py"), *(work / name / "tools").glob("*net*.py")]
        for path in [*files, *(work / name / "tools").glob("visualization.py")]:
            relative = path.relative_to(work / name).as_posix()
            source = Source(relative, path.read_bytes())
            if "from torch.hub import" in source.text:
                found.add(f"{relative} torch.hub")
            for call in calls(source.tree, *UNPICKLE):
                text = source.code(call.func)
                found |= {f"{relative} {text}"} if path.name != "trusted_load.py" else set()
                if "allow_pickle=True" in source.code(call):
                    found |= {f"{relative} allow_pickle"}
    return found


def loaders(work: Path) -> dict[str, Callable[[Path], Any]]:
    """Return the loaders of the packages, by name."""
    from detectron2.checkpoint import DetectionCheckpointer
    from detectron2.data.build import load_proposals_into_dataset
    from detectron2.utils import trusted_load as of_detectron2
    from pytorchvideo.models.hub.trusted_load import load_state_dict_from_url
    from slowfast.utils import checkpoint, trusted_load

    def slowfast(path: Path, *, caffe2: bool) -> Any:
        net = torch.nn.Linear(2, 2)
        return checkpoint.load_checkpoint(
            str(path), net, data_parallel=False, convert_from_caffe2=caffe2
        )

    def detectron2(path: Path, suffix: str) -> Any:
        named = path.with_suffix(suffix)
        path.rename(named)
        try:
            return DetectionCheckpointer(torch.nn.Linear(2, 2)).load(str(named))
        finally:
            named.rename(path)

    def hub(path: Path) -> Any:
        torch.hub.set_dir(str(work / f"hub-{path.name}"))
        return load_state_dict_from_url(path.as_uri(), progress=False)

    def opened(path: Path, function: Any) -> Any:
        with path.open("rb") as file:
            return function(file, encoding="latin1")

    return {
        "slowfast, pytorch": lambda path: slowfast(path, caffe2=False),
        "slowfast, caffe2": lambda path: slowfast(path, caffe2=True),
        "slowfast, results": lambda path: opened(path, trusted_load.load_pickle),
        "slowfast, other ranks": lambda path: trusted_load.loads(path.read_bytes()),
        "detectron2, .pkl": lambda path: detectron2(path, ".pkl"),
        "detectron2, .pyth": lambda path: detectron2(path, ".pyth"),
        "detectron2, .pth": lambda path: detectron2(path, ".pth"),
        "detectron2, proposals": lambda path: load_proposals_into_dataset([], str(path)),
        "detectron2, torch 2.5": lambda path: as_before_2_6(of_detectron2, path),
        "pytorchvideo, hub": hub,
    }


def as_before_2_6(module: Any, path: Path) -> Any:
    """Load a checkpoint by the way for a torch whose weights_only is not safe."""
    version, torch.__version__ = torch.__version__, "2.5.1"
    try:
        return module.load_trusted(str(path))
    finally:
        torch.__version__ = version


def refuses_everything(name: str, load: Callable[[Path], Any], folder: Path) -> None:
    """Load every hostile file; nothing runs."""
    errors = set()
    for number, data in enumerate(hostile_checkpoints.HIDDEN.values()):
        path = folder / f"{number}.pyth"
        path.write_bytes(data)
        try:
            load(path)
        except (Exception, SystemExit) as error:
            errors.add(type(error).__name__)
        path.unlink()
        if Path("ran").exists():
            case = list(hostile_checkpoints.HIDDEN)[number]
            raise SystemExit(f"FAILED {name}: {case} ran its code")
    print(
        f"{name}: {len(hostile_checkpoints.HIDDEN)} files, nothing ran ({', '.join(sorted(errors))})"
    )


def runs_without_the_patch(folder: Path) -> None:
    """Show that the files do what is tested: pickle alone runs their code."""
    ran = []
    for case, data in hostile_checkpoints.HIDDEN.items():
        with contextlib.suppress(Exception):
            pickle.loads(data)
        with contextlib.suppress(Exception):
            torch.load(io.BytesIO(data), weights_only=False)
        ran += [case] if Path("ran").exists() else []
        Path("ran").unlink(missing_ok=True)
    print(f"without the patches, {len(ran)} files run their code: {'; '.join(ran)}")
    if len(ran) < _HARMFUL:
        raise SystemExit("FAILED: the files are harmless")


class Code:
    """Code that another rank sends."""

    def __reduce__(self) -> Any:
        return os.system, ("touch ran",)


def rank(number: int, port: int, answers: Any) -> None:
    """Gather from two ranks, of which the second one sends code."""
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    from slowfast.utils import distributed

    torch.distributed.init_process_group("gloo", rank=number, world_size=2)
    good = distributed.all_gather_unaligned({"rank": number, "rows": torch.arange(3)})
    try:
        distributed.all_gather_unaligned(Code() if number else [1])
        answers.put((number, len(good), "accepted"))
    except Exception as error:
        answers.put((number, len(good), type(error).__name__))


def between_ranks(port: int) -> None:
    """Show that ranks exchange tensors, and that code of another rank does not run."""
    context = multiprocessing.get_context("fork")
    answers = context.Queue()
    ranks = [context.Process(target=rank, args=(n, port, answers)) for n in range(2)]
    for process in ranks:
        process.start()
    got = sorted(answers.get(timeout=60) for _ in ranks)
    for process in ranks:
        process.join()
    if Path("ran").exists() or {row[1:] for row in got} != {(2, "UnpicklingError")}:
        raise SystemExit(f"FAILED between ranks: {got}")
    print(f"between ranks: {got}")


def loads_what_is_harmless() -> None:
    """Load the recorded checkpoints as pickle and torch do."""
    from slowfast.utils import trusted_load

    for path in sorted(LOADED_CHECKPOINTS.iterdir()):
        if path.name.startswith("torch"):
            ways = [trusted_load.load_trusted(str(path)), as_before_2_6(trusted_load, path)]
            expected = torch.load(path, weights_only=False)
        else:
            with path.open("rb") as file:
                ways = [trusted_load.load_pickle(file, encoding="latin1")]
            expected = pickle.loads(path.read_bytes(), encoding="latin1")
        for got in ways:
            if repr(got) != repr(expected):
                raise SystemExit(f"FAILED {path.name}: {got} is not {expected}")
    sent = {"a": torch.rand(3, 2).half(), "b": [1, "x", None, {2}], "c": torch.arange(2).numpy()}
    back = trusted_load.loads(pickle.dumps(sent))
    if repr(back) != repr(sent):
        raise SystemExit(f"FAILED: {back} is not {sent}")
    print(f"{len(list(LOADED_CHECKPOINTS.iterdir()))} recorded checkpoints are loaded as before")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    asked = parser.parse_args()
    source, work = asked.source.resolve(), asked.work.resolve()
    (work / "files").mkdir(parents=True)
    os.chdir(work / "files")
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    sources(source, work)
    left = unpickling(work)
    if left - set(ACCEPTED):
        raise SystemExit(f"FAILED: not patched: {sorted(left - set(ACCEPTED))}")
    print(f"{len(left)} calls that unpickle remain: {'; '.join(sorted(left))}")
    runs_without_the_patch(work / "files")
    loads_what_is_harmless()
    for name, load in loaders(work).items():
        refuses_everything(name, load, work / "files")
    between_ranks(20_000 + os.getpid() % 20_000)
    print("ok")


if __name__ == "__main__":
    main()
