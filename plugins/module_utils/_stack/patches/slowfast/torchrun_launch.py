"""Training starts its processes itself, so no launcher can, and not one process on each node."""

from __future__ import annotations

import ast

from ..model import (
    GIT_ONLY,
    Beside,
    Finding,
    Patch,
    Site,
    affected,
    already_applied,
    not_applicable,
    unknown,
)
from ..syntax.source_file import (
    Function,
    Source,
    calls,
    dotted,
    find,
    function,
    same,
)
from ..syntax.splices import Splice, before, replace
from ..torchrun_text import TEXT

MODULE = "torchrun"
IMPORT = f"from slowfast.utils import {MODULE}\n"
SEVERAL = "torch.distributed.is_initialized()"
RUN = f"""
if {MODULE}.place() is not None:
    return {MODULE}.run(cfg, func)
"""
LAUNCHER = "slowfast/utils/misc.py"
# Files that ask whether there are several processes, in any commit of upstream that has a launcher.
ASKING = (
    "slowfast/datasets/loader.py",
    "slowfast/datasets/ptv_datasets.py",
    "slowfast/datasets/utils.py",
    "slowfast/models/build.py",
    "slowfast/models/contrastive.py",
    "slowfast/models/optimizer.py",
    "slowfast/utils/multigrid.py",
    "tools/test_net.py",
    "tools/train_net.py",
    "tools/visualization.py",
)


def _launches(source: Source) -> bool:
    return function(source.tree, "launch_job") is not None


def _examine_added(source: Source) -> Finding:
    if source.text.replace("\r\n", "\n") == TEXT:
        return already_applied()
    return unknown("The file has another content than this patch gives it.")


def _examine_asking(source: Source) -> Finding:
    edits = _edits(source)
    if edits:
        return affected(*edits)
    done = [call for call in find(source.tree, ast.Call) if same(call, SEVERAL)]
    return already_applied() if done else not_applicable("It does not count processes.")


def _examine_launcher(source: Source) -> Finding:
    launch = function(source.tree, "launch_job")
    if launch is None:
        return not_applicable("There is no function launch_job.")
    if calls(launch, f"{MODULE}.run"):
        return already_applied()
    branches = [node for node in launch.body if isinstance(node, ast.If)]
    names = {argument.arg for argument in launch.args.args}
    if len(branches) != 1 or not _asks(branches[0].test) or not {"cfg", "func"} <= names:
        return unknown("Function launch_job does not start its processes as expected.")
    return _with_import(source, before(source, branches[0], RUN), *_edits(source))


def _examine_parser(source: Source) -> Finding:
    load = function(source.tree, "load_config")
    if load is None:
        return unknown("There is no function load_config.")
    if calls(load, f"{MODULE}.set_shards"):
        return already_applied()
    last = load.body[-1]
    if not isinstance(last, ast.Return) or not same(last.value, "cfg"):
        return unknown("Function load_config does not return cfg.")
    return _with_import(source, before(source, last, f"{MODULE}.set_shards(cfg)\n"))


def _examine_checkpoint(source: Source) -> Finding:
    save = function(source.tree, "save_checkpoint")
    if save is None:
        return not_applicable("There is no function save_checkpoint.")
    if calls(save, f"{MODULE}.saves"):
        return already_applied()
    masters = calls(save, "du.is_master_proc")
    if len(masters) != 1:
        return unknown("Function save_checkpoint does not ask whether it is the master.")
    inside = _edits(source, outside=masters[0])
    count = source.code(masters[0].args[0]) if masters[0].args else ""
    count = "max(1, cfg.NUM_GPUS) * cfg.NUM_SHARDS" if _is_product(masters[0]) else count
    asked = f"{MODULE}.saves(du.is_master_proc({count}))"
    return _with_import(source, replace(source, masters[0], asked), *inside)


def _is_product(call: ast.Call) -> bool:
    return len(call.args) == 1 and same(call.args[0], "cfg.NUM_GPUS * cfg.NUM_SHARDS")


def _edits(source: Source, outside: ast.AST | None = None) -> list[Splice]:
    """Return the edits that count processes, on GPUs or not, in a file but the launcher itself."""
    launch, left_out = (
        function(source.tree, "launch_job"),
        set(map(id, ast.walk(outside or ast.Pass()))),
    )
    own = _own(launch)
    edits = [
        replace(source, node, SEVERAL)
        for node in find(source.tree, ast.Compare)
        if _asks(node)
        if id(node) not in own
    ]
    lacks_torch = bool(edits) and not _imports_torch(source)
    edits += [
        replace(source, node.left, f"max(1, {dotted(node.left)})")
        for node in find(source.tree, ast.BinOp)
        if _counts(node) and id(node) not in left_out
    ]
    edits += [
        replace(source, word.value, f"{source.code(word.value)} if cfg.NUM_GPUS else None")
        for call in find(source.tree, ast.Call)
        if dotted(call.func).endswith("DistributedDataParallel")
        for word in call.keywords
        if word.arg in ("device_ids", "output_device") and not isinstance(word.value, ast.IfExp)
    ]
    first = _first_import(source)
    return [*edits, *([before(source, first, "import torch\n")] if lacks_torch and first else [])]


def _own(launch: Function | None) -> set[int]:
    """Return the nodes of the launcher, which starts a process for each GPU of this machine."""
    return set(map(id, ast.walk(launch))) if launch else set()


def _asks(node: ast.AST) -> bool:
    """Return whether an expression is ``cfg.NUM_GPUS > 1``, of whatever cfg."""
    return (
        isinstance(node, ast.Compare)
        and dotted(node.left).endswith("cfg.NUM_GPUS")
        and same(node, f"{dotted(node.left)} > 1")
    )


def _counts(node: ast.BinOp) -> bool:
    owner = dotted(node.left).rpartition(".")[0]
    return owner.endswith("cfg") and same(node, f"{owner}.NUM_GPUS * {owner}.NUM_SHARDS")


def _with_import(source: Source, *edits: Splice) -> Finding:
    first = _first_import(source)
    if first is None:
        return unknown("The file has no import at its top.")
    return affected(before(source, first, IMPORT), *edits)


def _first_import(source: Source) -> ast.stmt | None:
    kinds = (ast.Import, ast.ImportFrom)
    found = (node for node in source.tree.body if isinstance(node, kinds))
    return next((node for node in found if getattr(node, "module", "") != "__future__"), None)


def _imports_torch(source: Source) -> bool:
    imports = [node for node in source.tree.body if isinstance(node, ast.Import)]
    return any(
        name.name.partition(".")[0] == "torch" and not name.asname
        for n in imports
        for name in n.names
    )


_BESIDE = (Beside(LAUNCHER, _launches),)

PATCH = Patch(
    id="torchrun-launch",
    component="slowfast",
    title="Train as one of the processes that torchrun started, on GPUs or CPUs",
    symptom="every process of torchrun trains alone, on GPU 0",
    reason=(
        "launch_job only starts processes itself, one for each GPU. It ignores RANK, WORLD_SIZE and "
        "LOCAL_RANK, and with one GPU or none on each of several nodes nothing is reduced among them."
    ),
    issues=(),
    sites=(
        Site(f"slowfast/utils/{MODULE}.py", _examine_added, text=TEXT, beside=_BESIDE),
        Site(LAUNCHER, _examine_launcher),
        Site("slowfast/utils/parser.py", _examine_parser, beside=_BESIDE),
        Site("slowfast/utils/checkpoint.py", _examine_checkpoint, beside=_BESIDE),
        *[Site(path, _examine_asking, beside=_BESIDE) for path in ASKING],
    ),
    origins=GIT_ONLY,
)
