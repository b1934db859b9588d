"""Explain a configuration: what its name means, and whether its content agrees."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import Unreadable
from slowfast_stack.config import content, name_check, names, upstream
from slowfast_stack.exit_codes import UsageError

if TYPE_CHECKING:
    from slowfast_stack.config.content import Content
    from slowfast_stack.config.names import Name

_CLOSE = 0.6


def explain(text: str, source: Path | None = None) -> dict[str, Any]:
    """Explain a name, a file, or a name whose file is in a checkout. Raises UsageError."""
    path = _find(text, source)
    name = names.read(_from_upstream(path) if path else text)
    places = upstream.places(text if not path else name.text)
    if not name.parts and not path:
        raise _unknown(text)
    explained: dict[str, Any] = {
        "name": name.text,
        "upstream": list(places),
        "parts": [
            {"text": part.text, "kind": part.word.kind, "means": part.sentence}
            for part in name.parts
        ],
        "unknown": list(name.unknown),
        "file": None,
    }
    return explained if path is None else explained | {"file": _compared(path, name)}


def _find(text: str, source: Path | None) -> Path | None:
    if Path(text).is_file():
        return Path(text)
    if source is None:
        return None
    found = [source / place for place in upstream.places(text) if (source / place).is_file()]
    if len(found) > 1:
        listed = "\n".join(str(path.relative_to(source)) for path in found)
        raise UsageError(
            f"{source} has several files of that name.",
            listed,
            "Name one of them.",
            code="config.ambiguous-name",
        )
    return found[0] if found else None


def _from_upstream(path: Path) -> str:
    """Return the part of a path that is below configs or demo, so that its folders are explained too."""
    parts = path.absolute().parts
    roots = [i for i, part in enumerate(parts) if part in ("configs", "demo")]
    return "/".join(parts[roots[-1] :]) if roots else path.name


def _unknown(text: str) -> UsageError:
    import difflib  # noqa: PLC0415  (only where a name is wrong)

    stems = sorted({path.rpartition("/")[2].removesuffix(".yaml") for path in upstream.PATHS})
    stem = Path(text).name.removesuffix(".yaml")
    close = difflib.get_close_matches(stem, stems, cutoff=_CLOSE) or stems[:3]
    return UsageError(
        f"{text} is neither a file nor a name that can be read.",
        "No part of it occurs in a name of upstream.",
        f"Try one of: {', '.join(close)}.",
        code="config.unknown-name",
    )


def _compared(path: Path, name: Name) -> dict[str, Any]:
    try:
        read = content.load(path)
    except Unreadable as error:
        return {"path": str(path), "error": f"{error.message} {error.cause}", "problems": []}
    return {
        "path": str(path),
        "error": None,
        "says": summary(read),
        "problems": [
            {"key": problem.key, "message": problem.message, "fatal": problem.fatal}
            for problem in read.problems
        ],
        "comparison": [vars(row) for row in name_check.compare(name, read)],
    }


def summary(read: Content) -> dict[str, str]:
    """Return the content in the order of a name: model, clip, backbone, data, schedule."""
    clips = name_check.clips(read)
    return {
        "model": f"{read.get('MODEL.ARCH')} ({read.get('MODEL.MODEL_NAME')})",
        "clip": ", ".join(f"{n}x{stride} {message}" for message, (n, stride) in clips.items()),
        "backbone": _backbone(read),
        "data set": f"{read.get('TRAIN.DATASET')}, {read.get('MODEL.NUM_CLASSES')} classes",
        "schedule": f"{read.get('SOLVER.MAX_EPOCH')} epochs, {read.get('SOLVER.LR_POLICY')}, "
        f"learning rate {read.get('SOLVER.BASE_LR')} for a batch of {read.get('TRAIN.BATCH_SIZE')}",
        "checkpoint": f"{read.get('TRAIN.CHECKPOINT_TYPE')} "
        f"{read.get('TRAIN.CHECKPOINT_FILE_PATH') or '(none)'}",
    }


def _backbone(read: Content) -> str:
    if str(read.get("MODEL.ARCH")).endswith("mvit"):
        return f"{read.get('MVIT.DEPTH')} blocks, width {read.get('MVIT.EMBED_DIM')}"
    if read.get("MODEL.ARCH") == "x3d":
        return f"X3D, depth factor {read.get('X3D.DEPTH_FACTOR')}"
    return f"ResNet-{read.get('RESNET.DEPTH')}"


def lines(explained: dict[str, Any]) -> list[str]:
    """Return an explanation as text."""
    out = [explained["name"]]
    out += [
        f"  {part['kind']:<9} {part['text']:<16} {part['means']}" for part in explained["parts"]
    ]
    out += [f"  unknown   {text}" for text in explained["unknown"]]
    others = [place for place in explained["upstream"] if place != explained["name"]]
    out += ["", *_places(explained, others)]
    return [*out, *_file(explained["file"])] if explained["file"] else out


def _places(explained: dict[str, Any], others: list[str]) -> list[str]:
    if others:
        return ["Upstream has it as:", *(f"  {place}" for place in others)]
    if explained["upstream"]:
        return ["This is a file of upstream."]
    return ["Upstream has no file of this name."]


def _file(read: dict[str, Any]) -> list[str]:
    out = ["", f"The file {read['path']}"]
    if read["error"]:
        return [*out, f"  cannot be read: {read['error']}"]
    out += [f"  {message:<11}{value}" for message, value in read["says"].items()]
    out += [
        f"  {'refused' if row['fatal'] else 'note'}: {row['message']}" for row in read["problems"]
    ]
    different = [row for row in read["comparison"] if not row["agrees"]]
    out += [_difference(row) for row in different]
    agreeing = len(read["comparison"]) - len(different)
    return [*out, f"  {agreeing} of {len(read['comparison'])} claims of the name agree."]


def _difference(row: dict[str, Any]) -> str:
    part = row["part"] or "the name"
    return f"  differs: {part} says {row['name_says']}; the file says {row['file_says']}"
