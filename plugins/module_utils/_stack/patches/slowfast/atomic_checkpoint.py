"""A run that is killed while it saves leaves half a checkpoint, and the next one fails on it."""

from __future__ import annotations

import ast

from ..model import Finding, Patch, Site, affected, already_applied, not_applicable, unknown
from ..syntax.source_file import Source, calls, dotted, find, function, same, statement_of
from ..syntax.splices import Splice, after, before, replace

PARTIAL = "path_of_partial"
# Upstream takes the last file with "checkpoint" in its name.
NAME = f"""
{PARTIAL} = os.path.join(os.path.dirname(path_to_checkpoint), ".saving.pyth")
"""
# The first two lines belong to the block that writes.
COMPLETE = f"""
    f.flush()
    os.fsync(f.fileno())
os.replace({PARTIAL}, path_to_checkpoint)
"""
RENAME = f"os.replace({PARTIAL}, path_to_checkpoint)\n"
ARGUMENTS = 2  # of torch.save: what, and where to
OTHER = "Function save_checkpoint does not write one file as expected."


def _examine(source: Source) -> Finding:
    save = function(source.tree, "save_checkpoint")
    if save is None:
        return not_applicable("There is no function save_checkpoint.")
    if PARTIAL in [name.id for name in find(save, ast.Name)]:
        return already_applied()
    writes = calls(save, "torch.save")
    if not writes:
        return not_applicable("Function save_checkpoint does not call torch.save.")
    if [len(call.args) for call in writes] != [ARGUMENTS]:
        return unknown(OTHER)
    file, statement = writes[0].args[-1], statement_of(save, writes[0])
    if same(file, "path_to_checkpoint") and statement in save.body:
        placed, ending = file, after(source, statement, RENAME)
    else:
        opens = [node for node in save.body if isinstance(node, ast.With) and _opens(node)]
        if len(opens) != 1 or [statement] != opens[0].body or not same(file, "f"):
            return unknown(OTHER)
        statement, placed = opens[0], _opens(opens[0])[0].args[0]
        ending = after(source, statement, COMPLETE.lstrip("\n"))
    named = before(source, statement, NAME)
    return affected(named, replace(source, placed, PARTIAL), ending, *_import(source))


def _opens(node: ast.With) -> list[ast.Call]:
    """Return the call that opens the checkpoint to write it, of a ``with`` statement."""
    given = [item.context_expr for item in node.items]
    return [
        call
        for call in given
        if isinstance(call, ast.Call)
        and dotted(call.func).endswith("open")
        and same(ast.Tuple(call.args, ast.Load()), "(path_to_checkpoint, 'wb')")
    ]


def _import(source: Source) -> list[Splice]:
    imports = [node for node in source.tree.body if isinstance(node, (ast.Import, ast.ImportFrom))]
    names = [n.name for node in imports if isinstance(node, ast.Import) for n in node.names]
    first = [node for node in imports if getattr(node, "module", "") != "__future__"][:1]
    return [] if "os" in names else [before(source, node, "import os\n") for node in first]


PATCH = Patch(
    id="atomic-checkpoint",
    component="slowfast",
    title="Write a checkpoint beside its place and rename it when it is complete",
    symptom="RuntimeError: PytorchStreamReader failed reading zip archive: failed finding central directory",
    reason=(
        "save_checkpoint writes under the final name: a run that is killed leaves part of a file, and "
        "the next one resumes from the last name, complete or not."
    ),
    sites=(Site("slowfast/utils/checkpoint.py", _examine),),
)
