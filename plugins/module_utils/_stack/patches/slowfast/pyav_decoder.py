"""``pyav_decode`` was not updated when ``decode`` learned to return several clips per video."""

from __future__ import annotations

import ast

from ..model import (
    GIT_ONLY,
    Finding,
    Patch,
    Site,
    affected,
    already_applied,
    not_applicable,
    unknown,
)
from ..syntax.source_file import Function, Source, calls, dotted, find, function, same, statement_of
from ..syntax.splices import Splice, after, before, replace

SPANS = "start_end_delta_time"
ONE_CLIP = """
if backend == "pyav" and num_decode > 1:
    raise NotImplementedError(
        "The pyav backend decodes one clip per video, not {}: set "
        "DATA.TRAIN_CROP_NUM_TEMPORAL to 1, or DATA.DECODING_BACKEND to "
        "torchvision".format(num_decode)
    )
"""
SOME_CLIP_IS_MISSING = """(
{inner}isinstance(frames_decoded, list)
{inner}and any(frames is None for frames in frames_decoded)
{outer})"""


def _examine(source: Source) -> Finding:
    decode, pyav = function(source.tree, "decode"), function(source.tree, "pyav_decode")
    if decode is None or pyav is None:
        return unknown("There is no function decode or no function pyav_decode.")
    if not any(name.id == SPANS for name in find(decode, ast.Name)):
        return not_applicable("Function decode returns one clip per video, as pyav_decode does.")
    call = next(iter(calls(decode, "pyav_decode")), None)
    target = _targets(decode, call)
    if call is None or target is None:
        return unknown("Function decode does not unpack the result of pyav_decode.")
    if SPANS in [dotted(element) for element in target.elts]:
        return already_applied()
    spans = _spans(source, pyav)
    if spans is None:
        return unknown("Function pyav_decode does not choose frames by start_idx and end_idx.")
    return affected(*_in_decode(source, decode, call, target), *spans)


def _targets(decode: Function, call: ast.Call | None) -> ast.Tuple | None:
    holder = statement_of(decode, call) if call else None
    if isinstance(holder, ast.Assign) and isinstance(holder.targets[0], ast.Tuple):
        return holder.targets[0]
    return None


def _in_decode(source: Source, decode: Function, call: ast.Call, target: ast.Tuple) -> list[Splice]:
    first = next(node for node in decode.body if call in ast.walk(node))
    splices = [before(source, first, ONE_CLIP), _with_spans(source, target)]
    lists = [name for name in call.args if dotted(name) in ("sampling_rate", "num_frames")]
    splices += [replace(source, name, f"{dotted(name)}[0]") for name in lists]
    for test in find(decode, ast.Compare):
        if same(test, "None in frames_decoded"):
            outer = source.indent(statement_of(decode, test)) or ""
            text = SOME_CLIP_IS_MISSING.format(outer=outer, inner=outer + source.unit)
            text = text.replace("\n", source.newline)
            splices.append(replace(source, test, text))
    return splices


def _spans(source: Source, pyav: Function) -> list[Splice] | None:
    """Return the edits by which pyav_decode returns the range of its frames; None if unknown."""
    unknown_length = next((n for n in pyav.body if isinstance(n, ast.If)), None)
    returned = [n.value for n in find(pyav, ast.Return) if isinstance(n.value, ast.Tuple)]
    if unknown_length is None or not unknown_length.orelse or len(returned) != 1:
        return None
    if not same(unknown_length.test, "duration is None"):
        return None
    cut = f"{SPANS} = np.array([[start_idx, end_idx, 0.0]])"
    return [
        replace(source, unknown_length.test, "not duration or not frames_length"),
        after(source, unknown_length.body[-1], f"{SPANS} = None"),
        after(source, unknown_length.orelse[-1], cut),
        _with_spans(source, returned[0]),
    ]


def _with_spans(source: Source, values: ast.Tuple) -> Splice:
    last = values.elts[-1]
    return replace(source, last, f"{source.code(last)}, {SPANS}")


PATCH = Patch(
    id="pyav-decoder",
    component="slowfast",
    title="Make decode and pyav_decode agree on arguments and results",
    symptom=(
        "Failed to decode by pyav with exception: "
        "unsupported operand type(s) for -: 'list' and 'int'"
    ),
    reason="Since 99a655b decode passes lists and expects four values; pyav_decode returns three.",
    issues=("SF#557", "SF#563", "SF#541"),
    sites=(Site("slowfast/datasets/decoder.py", _examine),),
    origins=GIT_ONLY,
)
