"""torch 2.4 deprecated ``torch.cuda.amp`` and warns at every start."""

from __future__ import annotations

import ast

from ..conditions import at_least
from ..model import GIT_ONLY, Finding, Patch, Site, affected, already_applied, not_applicable
from ..syntax.source_file import Source, calls, dotted, find
from ..syntax.splices import Splice, replace

# Both new forms also run on older releases, so a tree may be used by several environments.
AUTOCAST, NEW_AUTOCAST = "torch.cuda.amp.autocast", "torch.autocast"
SCALER = "torch.cuda.amp.GradScaler"
NEW_SCALER = f'getattr(torch.amp, "GradScaler", {SCALER})'


def _examine(source: Source) -> Finding:
    casts, scalers = calls(source.tree, AUTOCAST), calls(source.tree, SCALER)
    if casts or scalers:
        scaled = [replace(source, call.func, NEW_SCALER) for call in scalers]
        return affected(*[splice for call in casts for splice in _cast(source, call)], *scaled)
    names = {dotted(node) for node in find(source.tree, ast.Attribute)}
    return already_applied() if names & {NEW_AUTOCAST, "torch.amp.autocast"} else not_applicable()


def _cast(source: Source, call: ast.Call) -> list[Splice]:
    given = [*call.args, *call.keywords]
    if not given:
        return [replace(source, call, f'{NEW_AUTOCAST}("cuda")')]
    # The first positional argument was whether it is on; now that is the device.
    text = (
        source.code(given[0])
        if isinstance(given[0], ast.keyword)
        else f"enabled={source.code(given[0])}"
    )
    return [replace(source, call.func, NEW_AUTOCAST), replace(source, given[0], f'"cuda", {text}')]


PATCH = Patch(
    id="cuda-amp",
    component="slowfast",
    title="Use torch.amp instead of torch.cuda.amp for mixed precision",
    symptom="FutureWarning: `torch.cuda.amp.GradScaler(args...)` is deprecated",
    reason="torch 2.4 deprecated torch.cuda.amp.",
    needed=at_least("torch", "2.4"),
    sites=(Site("tools/train_net.py", _examine),),
    origins=GIT_ONLY,
)
